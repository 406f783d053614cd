/** The widget's words. A customer's `custom_text_overrides` replace them one by one, by the same keys. */

import type { Json, Message } from "../../../client/src/wire.ts";
import type { PartWord } from "../contract.ts";

/** Those of the panel itself; each part brings its own. */
export const english = {
  launcher_open: "Open chat",
  launcher_close: "Close chat",
  panel_label: "Chat",
  title: "Chat with us",
  online: "We’re online",
  away: "We’re away right now",
  agent_role: "Support",
  close: "Close chat",
  menu: "More",
  placeholder: "Write a message…",
  placeholder_offline: "Leave a message…",
  send: "Send message",
  sending: "Sending…",
  sent: "Sent",
  seen: "Seen",
  not_sent: "Not sent.",
  retry: "Try again",
  discard: "Delete",
  queue: "You’re in line. Someone will be with you shortly.",
  queue_away: "Nobody is here right now. We’ll answer as soon as we’re back.",
  no_network: "You’re offline. Messages will be sent once you’re back.",
  loading: "Loading the conversation",
  load_failed: "The conversation could not be loaded.",
  older: "Load earlier messages",
  newest: "New messages",
  typing: "{name} is typing",
  someone: "Someone",
  today: "Today",
  yesterday: "Yesterday",
  now: "now",
  minutes: "{n} min",
  hours: "{n} h",
  you: "You",
  too_long: "This message is too long: {n} characters over.",
  event_assigned: "{name} joined the conversation",
  event_unassigned: "You’re back in line",
  event_transferred: "{name} took over the conversation",
  event_resolved: "Conversation resolved",
  event_reopened: "{name} reopened the conversation",
  event_ended_visitor: "You ended the conversation",
  event_ended: "The conversation has ended",
  unread: "{n} unread",
};

export type Word = keyof typeof english | PartWord;
export type Words = (word: Word, values?: Record<string, string | number>) => string;
type Table = { [word in Word]?: string };

/** All the words that have come so far, and the function that finds them. */
export class Vocabulary {
  private _table: Table = { ...english };

  constructor(private readonly _overrides: { [key: string]: Json } = {}) {}

  readonly words: Words = (word, values = {}) => {
    const override = this._overrides[word];
    const text = typeof override === "string" && override ? override : this._table[word] || "";
    return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
  };

  /** A part's words, in so far as no language has brought its own for them. */
  add(more: Table | undefined): void {
    this._table = { ...more, ...this._table };
  }
}

/** A system entry in the visitor's words; null for one that is not the visitor's business. */
export function eventText({ metadata, content }: Message, words: Words): string | null {
  const { event, agent, ended_by } = metadata;
  if (!event) return content;
  const word = `event_${event.split(".")[1]}${ended_by === "visitor" ? "_visitor" : ""}`;
  return word in english ? words(word as Word, { name: agent ? agent.name : words("someone") }) : null;
}
