/** What tabs have in common where the browser has neither Web Locks nor BroadcastChannel: leases and words in the store. */

import type { Edge, Tabs } from "./edge.ts";

/** A tab that keeps its lease renews it well within this; one that stands still loses it. */
const LEASE = 5_000;
const LOOK_AGAIN = 1_000;
/** After which a lease just written is one's own, if nobody has written over it. */
const SETTLES = 60;

/** The area of the browser, of which other tabs hear by its `storage` events. */
export function leases(
  { clock, newId }: Pick<Edge, "clock" | "newId">,
  area: Storage,
  prefix: string,
): Pick<Tabs, "hold" | "say" | "hear"> {
  const spoken = `${prefix}said`;
  return {
    hold(name, held, lost, steal) {
      const key = `${prefix}lease:${name}`;
      const own = newId();
      let has = false;
      let isFull = false;
      let cancel = () => {};
      const mine = () => (area.getItem(key) || "").split(" ")[0] === own;
      const write = () => {
        try {
          area.setItem(key, `${own} ${clock.now() + LEASE}`);
        } catch {
          // Full: this tab goes on as if it were alone, rather than never send.
          isFull = true;
        }
      };
      const look = () => {
        const [owner, until] = (area.getItem(key) || "").split(" ");
        if (has && owner !== own && !isFull) {
          has = false;
          lost();
          return;
        }
        if (has) write();
        else if (steal || !owner || Number(until) < clock.now()) {
          write();
          cancel = clock.after(SETTLES, settle);
          return;
        }
        cancel = clock.after(LOOK_AGAIN, look);
      };
      const settle = () => {
        cancel = clock.after(LOOK_AGAIN, look);
        if (!mine() && !isFull) return;
        has = true;
        held();
      };
      look();
      return () => {
        cancel();
        if (mine()) area.removeItem(key);
        has = false;
      };
    },
    say(word) {
      try {
        // Other tabs hear of a change only.
        area.setItem(spoken, JSON.stringify([newId(), word]));
        area.removeItem(spoken);
      } catch {
        // Full: the log tells the others what they do not hear here.
      }
    },
    hear(listener) {
      const pass = ({ key, newValue }: StorageEvent) => {
        if (key === spoken && newValue) listener(JSON.parse(newValue)[1]);
      };
      addEventListener("storage", pass);
      return () => removeEventListener("storage", pass);
    },
  };
}
