/** The surroundings as a browser gives them. */

import type { Edge, Store } from "./edge.ts";

/** Keys begin with `prefix`. A browser that refuses storage gets one that lasts as long as the page. */
export function browserStore(area: () => Storage, prefix: string): Store {
  const memory = new Map<string, string>();
  let storage: Storage | null = null;
  try {
    storage = area();
  } catch {
    // Blocked by the browser's settings, or a sandboxed frame.
  }
  return {
    get: (key) => memory.get(key) ?? storage?.getItem(prefix + key) ?? null,
    set(key, value) {
      try {
        if (!storage) throw new Error("no storage");
        storage.setItem(prefix + key, value);
        memory.delete(key);
      } catch {
        memory.set(key, value);
      }
    },
    remove(key) {
      memory.delete(key);
      storage?.removeItem(prefix + key);
    },
    keys(wanted) {
      const found = new Set([...memory.keys()].filter((key) => key.startsWith(wanted)));
      for (let i = 0; i < (storage?.length ?? 0); i++) {
        const key = storage?.key(i);
        if (key?.startsWith(prefix + wanted)) found.add(key.slice(prefix.length));
      }
      return [...found];
    },
  };
}

function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function browserEdge(prefix: string): Edge {
  return {
    fetch: (input, init) => fetch(input, init),
    connect(url, events) {
      const socket = new WebSocket(url);
      socket.onopen = () => events.opened();
      socket.onmessage = (event) => events.received(String(event.data));
      socket.onclose = () => events.closed();
      return { send: (text) => socket.send(text), close: () => socket.close() };
    },
    clock: {
      now: () => Date.now(),
      after(ms, callback) {
        const timer = setTimeout(callback, ms);
        return () => clearTimeout(timer);
      },
    },
    random: () => Math.random(),
    newId,
    store: browserStore(() => localStorage, prefix),
  };
}
