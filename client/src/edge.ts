/** What the client needs from its surroundings, so that everything else here runs without a browser. */

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

export interface Edge {
  fetch: typeof fetch;
  connect(url: string, events: LineEvents): Line;
  clock: Clock;
  /** In [0, 1). */
  random(): number;
  /** Unguessable, at most 64 characters. */
  newId(): string;
  store: Store;
}
