/** What the client needs from its surroundings, so that everything else here runs without a browser. */

import type { Problem } from "./http.ts";

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls back once after `ms`; the answer cancels it. */
  after(ms: number, callback: () => void): () => void;
}

export interface Store {
  get(key: string): string | null;
  set(key: string, value: string): void;
  remove(key: string): void;
  /** The keys that begin with `prefix`. */
  keys(prefix: string): string[];
}

/** What the tabs of one browser have in common beside the store. */
export interface Tabs {
  /** A dial by which all tabs share the line of that name. `open` is called when one came up that this tab is not on; the last undoes it. */
  share(name: string, dial: Dial, open: () => void): [Dial, () => void];
  /**
   * Has `held` called once no other tab holds `name`, or at once from whoever holds it with `steal`; `lost` is called when
   * another tab has stolen it. The answer gives it up, or waits no longer.
   */
  hold(name: string, held: () => void, lost: () => void, steal?: boolean): () => void;
  /** Reaches all other tabs. */
  say(word: unknown): void;
  hear(listener: (word: unknown) => void): () => void;
}

/** An open line, whoever carries it. Every callback comes at most as often as its name says. */
export interface Line {
  send(text: string): void;
  close(): void;
}

export interface LineEvents {
  opened(): void;
  received(text: string): void;
  /** Once, whether the line was ever open or not. */
  closed(): void;
}

export interface DialEvents extends LineEvents {
  /** There is no ticket, and so there will be no line. */
  refused(problem: Problem): void;
}

export type Dial = (events: DialEvents) => Line;

export interface Edge {
  fetch: typeof fetch;
  connect(url: string, events: LineEvents): Line;
  clock: Clock;
  /** In [0, 1). */
  random(): number;
  /** Unguessable, at most 64 characters. */
  newId(): string;
  store: Store;
  /** Nothing is sent before it is known; missing where a tab is on its own. */
  tabs?: Promise<Tabs | undefined>;
}
