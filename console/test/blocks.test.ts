import { expect, test } from "vitest";
import type { PendingMessage } from "../../client/src/outbox.ts";
import { blocksOf } from "../src/state/blocks.ts";
import { ME, message } from "./conversations.ts";

const own = { sender_type: "agent", sender: { id: ME, name: "Ada", avatar: null } } as const;
const colleague = { sender_type: "agent", sender: { id: "agent-2", name: "Bo", avatar: null } } as const;

const pending = (change: Partial<PendingMessage> = {}): PendingMessage => ({
  client_message_id: "mine-1",
  content: "On its way",
  message_type: "text",
  metadata: {},
  created_at: "2026-03-01T09:03:00.000Z",
  order: 0,
  state: "sending",
  problem: null,
  ...change,
});

function shape(...args: Parameters<typeof blocksOf>): string[] {
  return blocksOf(...args).map((block) =>
    block.kind === "group" ? `${block.side} ${block.spoken.map(({ seq }) => seq ?? "–").join(" ")}` : block.kind,
  );
}

test("messages of one author in a short time stand together under one day", () => {
  const messages = [
    message({ seq: 1 }),
    message({ seq: 2 }),
    message({ seq: 3, ...own }),
    message({ seq: 4, ...colleague }),
  ];
  expect(shape(messages, [], ME)).toEqual(["day", "visitor 1 2", "own 3", "colleague 4"]);
});

test("a long pause begins a new group, and another day a divider", () => {
  const messages = [
    message({ seq: 1, created_at: "2026-03-01T12:00:00.000Z" }),
    message({ seq: 2, created_at: "2026-03-01T12:06:00.000Z" }),
    message({ seq: 3, created_at: "2026-03-03T12:06:00.000Z" }),
  ];
  expect(shape(messages, [], ME)).toEqual(["day", "visitor 1", "visitor 2", "day", "visitor 3"]);
});

test("a system entry parts two groups", () => {
  const messages = [message({ seq: 1 }), message({ seq: 2, sender_type: "system", sender: null }), message({ seq: 3 })];
  expect(shape(messages, [], ME)).toEqual(["day", "visitor 1", "system", "visitor 3"]);
});

test("what waits to be sent joins the agent's own last group", () => {
  const messages = [message({ seq: 1, ...own, created_at: "2026-03-01T09:02:00.000Z" })];
  expect(shape(messages, [pending(), pending({ client_message_id: "mine-2" })], ME)).toEqual(["day", "own 1 – –"]);
});

test("an own message keeps its key when it is stored, so that its bubble does not blink", () => {
  const [, before] = blocksOf([], [pending()], ME);
  const [, stored] = blocksOf([message({ seq: 1, ...own, client_message_id: "mine-1" })], [], ME);
  expect(stored?.key).toBe(before?.key);
});
