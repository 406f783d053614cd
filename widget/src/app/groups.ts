/** Turns a log into what is drawn: days, groups of bubbles by one sender, and lines for what happened. */

import type { PendingMessage } from "../../../client/src/outbox.ts";
import type { Message } from "../../../client/src/wire.ts";
import { eventText, type Words } from "./text.ts";
import { dayOf } from "./times.ts";

export interface Bubble {
  key: string;
  content: string;
  at: string;
  message?: Message;
  pending?: PendingMessage;
}

export type Row =
  | { kind: "day"; key: string; at: string }
  | { kind: "event"; key: string; at: string; text: string }
  | { kind: "group"; key: string; own: boolean; sender: Message["sender"]; bubbles: Bubble[] };

/** Bubbles further apart than this stand in groups of their own, each with its time. */
const APART = 5 * 60_000;

export function rowsOf(messages: readonly Message[], pending: readonly PendingMessage[], words: Words): Row[] {
  const rows: Row[] = [];
  let day = "";

  const add = (own: boolean, sender: Message["sender"], bubble: Bubble) => {
    divide(bubble.at);
    const last = rows[rows.length - 1];
    const before = last?.kind === "group" ? last.bubbles[last.bubbles.length - 1] : undefined;
    const joins =
      last?.kind === "group" &&
      before &&
      last.own === own &&
      (own || last.sender?.id === sender?.id) &&
      Date.parse(bubble.at) - Date.parse(before.at) < APART;
    if (joins) last.bubbles.push(bubble);
    else rows.push({ kind: "group", key: `g${bubble.key}`, own, sender, bubbles: [bubble] });
  };

  const divide = (at: string) => {
    if (dayOf(at) === day) return;
    day = dayOf(at);
    rows.push({ kind: "day", key: `d${day}`, at });
  };

  for (const message of messages) {
    if (message.sender_type === "system") {
      const text = eventText(message, words);
      if (text === null) continue;
      divide(message.created_at);
      rows.push({ kind: "event", key: message.id, at: message.created_at, text });
      continue;
    }
    const own = message.sender_type === "visitor";
    // The key a message had while it was pending stays its key, so that its bubble stays the same element.
    const key = (own && message.client_message_id) || message.id;
    add(own, message.sender, { key, content: message.content, at: message.created_at, message });
  }
  for (const item of pending) {
    add(true, null, { key: item.client_message_id, content: item.content, at: item.created_at, pending: item });
  }
  return rows;
}
