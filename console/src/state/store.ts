/** One observable value; components select the part they draw. */
import { useEffect, useRef, useState } from "preact/hooks";

export class Store<T> {
  private readonly listeners = new Set<() => void>();

  constructor(private current: T) {}

  get value(): T {
    return this.current;
  }

  set(next: T): void {
    if (Object.is(next, this.current)) return;
    this.current = next;
    for (const listener of [...this.listeners]) listener();
  }

  patch(part: Partial<T>): void {
    this.set({ ...this.current, ...part });
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

/** Draws again only when what `select` returns is another value. */
export function useStore<T, S>(store: Store<T>, select: (value: T) => S): S {
  const latest = useRef(select);
  latest.current = select;
  const [, redraw] = useState(0);
  const selected = select(store.value);
  const drawn = useRef(selected);
  drawn.current = selected;
  useEffect(() => {
    const check = () => {
      if (!Object.is(latest.current(store.value), drawn.current)) redraw((n) => n + 1);
    };
    // The value may have changed between drawing and subscribing.
    check();
    return store.subscribe(check);
  }, [store]);
  return selected;
}
