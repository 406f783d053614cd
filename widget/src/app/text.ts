/** The widget's words. A customer's `custom_text_overrides` replace them one by one, by the same keys. */

import type { Json, Message } from "../../../client/src/wire.ts";

const english = {
  launcher_open: "Open chat",
  launcher_close: "Close chat",
  panel_label: "Chat",
  title: "Chat with us",
  online: "We’re online",
  away: "We’re away right now",
  agent_role: "Support",
  close: "Close chat",
  menu: "More",
  end: "End conversation",
  end_question: "End this conversation?",
  end_confirm: "End conversation",
  end_cancel: "Keep chatting",
  end_failed: "It could not be ended. Check your connection and try again.",
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
  rate: "How did we do?",
  rate_stars: "{n} of 5 stars",
  rate_comment: "Anything you’d like to add?",
  rate_send: "Send comment",
  rate_thanks: "Thank you for your feedback.",
  rate_failed: "Your rating could not be saved.",
  start_new: "Start a new conversation",
  event_assigned: "{name} joined the conversation",
  event_unassigned: "You’re back in line",
  event_transferred: "{name} took over the conversation",
  event_resolved: "Conversation resolved",
  event_reopened: "{name} reopened the conversation",
  event_ended_visitor: "You ended the conversation",
  event_ended: "The conversation has ended",
  unread: "{n} unread",
};

export type Word = keyof typeof english;
export type Words = (word: Word, values?: Record<string, string | number>) => string;

export function wordsOf(overrides: { [key: string]: Json } = {}): Words {
  return (word, values = {}) => {
    const override = overrides[word];
    const text = typeof override === "string" && override ? override : english[word];
    return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
  };
}

/** A system entry in the visitor's words; null for one that is not the visitor's business. */
export function eventText({ metadata, content }: Message, words: Words): string | null {
  const { event, agent, ended_by } = metadata;
  if (!event) return content;
  const word = `event_${event.split(".")[1]}${ended_by === "visitor" ? "_visitor" : ""}`;
  return word in english ? words(word as Word, { name: agent ? agent.name : words("someone") }) : null;
}
