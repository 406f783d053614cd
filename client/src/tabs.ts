/** The tabs of one browser as the browser connects them. */

import type { Edge, Tabs } from "./edge.ts";
import { leases } from "./leases.ts";
import { shareLine } from "./shared-line.ts";

type Bonds = Pick<Tabs, "hold" | "say" | "hear">;

/** Undefined where nothing connects them: each tab has a store of its own then. */
export function browserTabs(edge: Edge, prefix: string): Tabs | undefined {
  let area: Storage;
  try {
    // Looked at and not written to: nothing is stored before the visitor acts.
    area = localStorage;
  } catch {
    // Blocked by the browser's settings, or a sandboxed frame.
    return;
  }
  const bonds = locksAndChannel(prefix) || leases(edge, area, prefix);
  return { ...bonds, share: (name, dial, open) => shareLine(edge, bonds, name, dial, open) };
}

/** Safari has both from 15.4 on. */
function locksAndChannel(prefix: string): Bonds | undefined {
  const { locks } = navigator;
  if (!locks || !("BroadcastChannel" in window)) return;
  const channel = new BroadcastChannel(prefix);
  return {
    hold(name, held, lost, steal) {
      let over = false;
      let release = () => {};
      const abort = new AbortController();
      locks
        .request(prefix + name, steal ? { steal } : { signal: abort.signal }, () => {
          if (over) return;
          return new Promise<void>((resolve) => {
            release = resolve;
            held();
          });
        })
        .catch(() => over || lost());
      return () => {
        over = true;
        abort.abort();
        release();
      };
    },
    say: (word) => channel.postMessage(word),
    hear(listener) {
      const pass = ({ data }: MessageEvent) => listener(data);
      channel.addEventListener("message", pass);
      return () => channel.removeEventListener("message", pass);
    },
  };
}
