import { expect, test } from "vitest";
import type { Message } from "../../client/src/wire.ts";
import { rowsOf } from "../src/app/groups.ts";
import { Vocabulary } from "../src/app/text.ts";

const words = new Vocabulary().words;
let seq = 0;
const message = (content: string, more: Partial<Message> = {}): Message => ({
  id: `m${++seq}`,
  conversation_id: "c",
  seq,
  sender_type: "agent",
  sender: { id: "a1", name: "Maya", avatar: null },
  message_type: "text",
  content,
  metadata: {},
  client_message_id: null,
  created_at: "2025-06-01T12:00:00Z",
  ...more,
});
const at = (time: string) => ({ created_at: `2025-06-01T${time}Z` });
const own = { sender_type: "visitor" as const, sender: null };
const drawn = (messages: Message[]) =>
  rowsOf(messages, [], words).map((row) =>
    row.kind === "group" ? row.bubbles.map((bubble) => bubble.content) : row.kind === "event" ? row.text : row.kind,
  );

test("what one person writes in one go stands together", () => {
  expect(
    drawn([
      message("one", at("12:00:00")),
      message("two", at("12:04:00")),
      message("mine", { ...own, ...at("12:04:10") }),
      message("three", at("12:05:00")),
      message("later", at("12:11:00")),
      message("other", { ...at("12:11:01"), sender: { id: "a2", name: "Tom", avatar: null } }),
    ]),
  ).toEqual(["day", ["one", "two"], ["mine"], ["three"], ["later"], ["other"]]);
});

test("a new day is announced", () => {
  expect(
    drawn([
      message("monday", { created_at: "2025-06-02T12:00:00Z" }),
      message("wednesday", { created_at: "2025-06-04T12:00:00Z" }),
    ]),
  ).toEqual(["day", ["monday"], "day", ["wednesday"]]);
});

test("what happened is told in the visitor's words", () => {
  const agent = { id: "a1", name: "Maya", avatar: null };
  const event = (metadata: Message["metadata"]) =>
    message("English", { sender_type: "system", sender: null, metadata });
  expect(
    drawn([
      event({ event: "conversation.assigned", agent }),
      event({ event: "conversation.ended", ended_by: "visitor" }),
      event({ event: "conversation.ended", ended_by: "agent" }),
      event({}),
    ]),
  ).toEqual([
    "day",
    "Maya joined the conversation",
    "You ended the conversation",
    "The conversation has ended",
    "English",
  ]);
  const unknown = event({ event: "conversation.tagged" as "conversation.ended" });
  expect(drawn([unknown])).toEqual([]);
});

test("a message keeps its key when it is stored, so that its bubble is not drawn anew", () => {
  const waiting = {
    client_message_id: "k1",
    content: "hello",
    message_type: "text" as const,
    metadata: {},
    created_at: "2025-06-01T12:00:00Z",
    order: 0,
    state: "sending" as const,
    problem: null,
  };
  const keys = (rows: ReturnType<typeof rowsOf>) =>
    rows.flatMap((row) => (row.kind === "group" ? row.bubbles.map((bubble) => bubble.key) : []));
  const before = keys(rowsOf([], [waiting], words));
  const after = keys(rowsOf([message("hello", { ...own, client_message_id: "k1" })], [], words));
  expect(after).toEqual(before);
});
