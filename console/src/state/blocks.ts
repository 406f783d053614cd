/** A conversation's entries as they are drawn: days, groups of one author, and the system's notes. */
import type { PendingMessage } from "../../../client/src/outbox.ts";
import { isSameDay } from "../format";
import type { Message } from "../wire";

export type Side = "visitor" | "own" | "colleague";

export interface Spoken {
  /** The client's id of an own message, so that it stays the same element once it is stored. */
  key: string;
  /** Null while it waits to be stored. */
  seq: number | null;
  content: string;
  created_at: string;
  state: "stored" | "pending" | "failed";
  problem: PendingMessage["problem"];
}

export type Block =
  | { kind: "day"; key: string; time: string }
  | { kind: "system"; key: string; message: Message }
  | { kind: "group"; key: string; side: Side; author: Message["sender"]; spoken: Spoken[] };

/** Longer apart than this, two messages of one author do not share a time. */
const GROUP_MS = 5 * 60_000;

export function blocksOf(messages: readonly Message[], pending: readonly PendingMessage[], myId: string): Block[] {
  const blocks: Block[] = [];
  let lastTime: string | null = null;

  const day = (time: string) => {
    if (lastTime === null || !isSameDay(lastTime, time)) blocks.push({ kind: "day", key: `day ${time}`, time });
    lastTime = time;
  };

  const speak = (side: Side, author: Message["sender"], one: Spoken) => {
    day(one.created_at);
    const group = blocks.at(-1);
    const before = group?.kind === "group" ? group.spoken.at(-1) : undefined;
    const isSame =
      group?.kind === "group" && group.side === side && (side !== "colleague" || group.author?.id === author?.id);
    if (isSame && before && Date.parse(one.created_at) - Date.parse(before.created_at) < GROUP_MS) {
      group.spoken.push(one);
    } else {
      blocks.push({ kind: "group", key: one.key, side, author, spoken: [one] });
    }
  };

  for (const message of messages) {
    if (message.sender_type === "system") {
      day(message.created_at);
      blocks.push({ kind: "system", key: message.id, message });
      continue;
    }
    const side = message.sender_type === "visitor" ? "visitor" : message.sender?.id === myId ? "own" : "colleague";
    speak(side, message.sender, {
      key: (side === "own" && message.client_message_id) || message.id,
      seq: message.seq,
      content: message.content,
      created_at: message.created_at,
      state: "stored",
      problem: null,
    });
  }
  for (const { client_message_id: key, content, created_at, state, problem } of pending) {
    speak("own", null, {
      key,
      seq: null,
      content,
      created_at,
      state: state === "failed" ? "failed" : "pending",
      problem,
    });
  }
  return blocks;
}
