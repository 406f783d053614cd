/** What waits to be sent, in the order it was written, and kept where a reload finds it: `outbox:<owner>:<message>`. */

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
}

const PREFIX = "outbox:";

export class Outbox {
  items: PendingMessage[] = [];

  constructor(
    private readonly _edge: Edge,
    private readonly _owner: string,
  ) {
    const { store } = _edge;
    for (const key of store.keys(this._key(""))) {
      try {
        this.items.push({ ...JSON.parse(store.get(key) || ""), state: "waiting", problem: null });
      } catch {
        store.remove(key);
      }
    }
    this.items.sort((a, b) => a.order - b.order);
  }

  add(content: string, given: Partial<PendingMessage> = {}): PendingMessage {
    const { clock, newId, store } = this._edge;
    const last = this.items[this.items.length - 1];
    const kept = {
      client_message_id: newId(),
      content,
      message_type: "text" as const,
      metadata: {},
      created_at: new Date(clock.now()).toISOString(),
      ...given,
      order: Math.max(clock.now(), last ? last.order + 1 : 0),
    };
    const item: PendingMessage = { ...kept, state: "waiting", problem: null };
    this.items.push(item);
    store.set(this._key(kept.client_message_id), JSON.stringify(kept));
    return item;
  }

  remove(item: PendingMessage): void {
    this.items = this.items.filter((other) => other !== item);
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
