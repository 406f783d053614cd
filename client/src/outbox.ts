/**
 * What waits to be sent, in the order it was written, and kept where a reload finds it, and every other tab:
 * `outbox:<owner>:<message>`.
 */

import type { Edge, Store } from "./edge.ts";
import type { Problem } from "./http.ts";
import type { Json, Message } from "./wire.ts";

/** `sent`: stored by the server, and not shown in the log yet because an earlier entry is still missing. */
export type PendingState = "waiting" | "sending" | "sent" | "failed";

export interface PendingMessage {
  client_message_id: string;
  content: string;
  message_type: Message["message_type"];
  metadata: { [key: string]: Json };
  /** When it was written here, RFC 3339. */
  created_at: string;
  /** The time of writing in milliseconds, or just after what is written before it: clocks stand still and step back. */
  order: number;
  state: PendingState;
  /** Why it failed. */
  problem: Problem | null;
  /** Another tab has taken it out, because it is stored or was refused: the log tells which. */
  gone?: boolean;
}

/** What of it outlives a reload, and what other tabs are told. */
export type KeptMessage = Omit<PendingMessage, "state" | "problem" | "gone">;

export function keptOf({ state: _, problem: __, gone: ___, ...kept }: PendingMessage): KeptMessage {
  return kept;
}

const PREFIX = "outbox:";

export class Outbox {
  items: PendingMessage[] = [];

  constructor(
    private readonly _edge: Edge,
    private readonly _owner: string,
  ) {
    this.load();
  }

  /** What a reload, or another tab before it was closed, has left. */
  load(): void {
    const { store } = this._edge;
    for (const key of store.keys(this._key(""))) {
      try {
        this.join(JSON.parse(store.get(key) || ""));
      } catch {
        store.remove(key);
      }
    }
  }

  /** What another tab has written takes its place by the time of writing. */
  join(kept: KeptMessage): void {
    const { client_message_id: id } = kept;
    if (this.items.some(({ client_message_id }) => client_message_id === id)) return;
    this.items.push({ ...kept, state: "waiting", problem: null });
    this.items.sort((a, b) => a.order - b.order || (a.client_message_id < b.client_message_id ? -1 : 1));
  }

  add(content: string, given: Partial<PendingMessage> = {}): PendingMessage {
    const { clock, newId } = this._edge;
    const last = this.items[this.items.length - 1];
    const item: PendingMessage = {
      client_message_id: newId(),
      content,
      message_type: "text" as const,
      metadata: {},
      created_at: new Date(clock.now()).toISOString(),
      ...given,
      order: Math.max(clock.now(), last ? last.order + 1 : 0),
      state: "waiting",
      problem: null,
    };
    this.items.push(item);
    this.keep(item);
    return item;
  }

  /** Has a reload find it. */
  keep(item: PendingMessage): void {
    item.gone = false;
    this._edge.store.set(this._key(item.client_message_id), JSON.stringify(keptOf(item)));
  }

  /** Whether no tab has taken it out, as far as this one's view of the store goes: that may be a moment late. */
  isKept(item: PendingMessage): boolean {
    return this._edge.store.get(this._key(item.client_message_id)) !== null;
  }

  remove(item: PendingMessage): void {
    this.items = this.items.filter((other) => other !== item);
    this.keepNoLonger(item);
  }

  /** It stays in sight here; neither a reload nor another tab need find it. */
  keepNoLonger(item: PendingMessage): void {
    this._edge.store.remove(this._key(item.client_message_id));
  }

  private _key(id: string): string {
    return `${PREFIX}${this._owner}:${id}`;
  }
}

/** Leaves nothing behind of an owner's outbox, or of all, whichever tab wrote it. */
export function eraseOutbox(store: Store, owner = ""): void {
  for (const key of store.keys(PREFIX + owner)) store.remove(key);
}
