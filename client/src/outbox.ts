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

const PREFIX = "outbox:";

export class Outbox {
  items: PendingMessage[] = [];

  constructor(
    private readonly _edge: Edge,
    private readonly _owner: string,
  ) {
    this.load();
  }

  /** What other tabs have written joins in. */
  load(): void {
    const { store } = this._edge;
    const known = this.items.map((item) => this._key(item.client_message_id));
    for (const key of store.keys(this._key(""))) {
      if (known.includes(key)) continue;
      try {
        this.items.push({ ...JSON.parse(store.get(key) || ""), state: "waiting", problem: null });
      } catch {
        store.remove(key);
      }
    }
    this.items.sort((a, b) => a.order - b.order || (a.client_message_id < b.client_message_id ? -1 : 1));
  }

  /** As `load`, and marks what other tabs have taken out. */
  reconcile(): void {
    const kept = this._edge.store.keys(this._key(""));
    for (const item of this.items) if (!kept.includes(this._key(item.client_message_id))) item.gone = true;
    this.load();
  }

  add(content: string, given: Partial<PendingMessage> = {}): PendingMessage {
    const { clock, newId } = this._edge;
    this.load();
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

  /** Has a reload, and every other tab, find it. */
  keep(item: PendingMessage): void {
    item.gone = false;
    const { state: _, problem: __, gone: ___, ...kept } = item;
    this._edge.store.set(this._key(item.client_message_id), JSON.stringify(kept));
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
