import { expect, test } from "vitest";
import { Conversation } from "../src/conversation.ts";
import { ChatApi, Http } from "../src/http.ts";
import { Socket } from "../src/socket.ts";
import { settle, TestService } from "./edge.ts";

function following(service: TestService) {
  const api = new ChatApi(new Http(service.edge, { baseUrl: "http://test/functions/v1" }));
  const socket = new Socket(service.edge, { ticket: () => api.ticket("c1") });
  const conversation = new Conversation({ id: "c1", edge: service.edge, api, socket, as: "visitor" });
  const arrived: string[] = [];
  conversation.onMessage((message) => arrived.push(message.content));
  conversation.open();
  socket.start();
  return { conversation, socket, arrived };
}

const texts = (conversation: Conversation) => conversation.snapshot().messages.map((message) => message.content);
const pending = (conversation: Conversation) =>
  conversation.snapshot().pending.map((item) => `${item.content}: ${item.state}`);

test("it shows what was said before, and then what is said", async () => {
  const service = new TestService();
  service.log = [];
  service.lines.length = 0;
  service.append("one", {}, false);
  const { conversation, arrived } = following(service);
  expect(conversation.snapshot().state).toBe("loading");
  await settle();
  expect(texts(conversation)).toEqual(["one"]);
  service.append("two");
  expect(texts(conversation)).toEqual(["one", "two"]);
  expect(arrived).toEqual(["two"]);
});

test("a push that was lost is fetched when the next one shows the hole", async () => {
  const service = new TestService();
  const { conversation } = following(service);
  await settle();
  service.append("lost", {}, false);
  service.append("seen");
  expect(texts(conversation)).toEqual([]);
  await settle();
  expect(texts(conversation)).toEqual(["lost", "seen"]);
});

test("pushes in the wrong order are put right", async () => {
  const service = new TestService();
  const { conversation } = following(service);
  await settle();
  const first = service.append("first", {}, false);
  const second = service.append("second", {}, false);
  service.push(second);
  service.push(first);
  await settle();
  expect(texts(conversation)).toEqual(["first", "second"]);
});

test("what was said while the line was down is there after the reconnect", async () => {
  const service = new TestService();
  const { conversation } = following(service);
  await service.clock.advance(10_000);
  service.line.drop();
  for (let n = 1; n <= 130; n++) service.append(`${n}`, {}, false);
  await service.clock.advance(0);
  expect(texts(conversation)).toHaveLength(130);
});

test("a pong that names a later entry is enough to fetch it", async () => {
  const service = new TestService();
  const { conversation } = following(service);
  await settle();
  service.append("quiet", {}, false);
  await service.clock.advance(25_000);
  expect(texts(conversation)).toEqual(["quiet"]);
});

test("where sockets are blocked it polls, ever more slowly, and hurries when there is news", async () => {
  const service = new TestService();
  service.socketsBlocked = true;
  const { conversation } = following(service);
  await service.clock.advance(3000);
  service.append("by poll", {}, false);
  await service.clock.advance(4500);
  expect(texts(conversation)).toEqual(["by poll"]);
  await service.clock.advance(300_000);
  const before = service.asked("/chat/messages").length;
  await service.clock.advance(300_000);
  expect(service.asked("/chat/messages").length - before).toBe(10);
});

test("messages are sent one at a time and in order", async () => {
  const service = new TestService();
  const { conversation } = following(service);
  await settle();
  let release = () => {};
  const { edge } = service;
  const fetch = edge.fetch;
  edge.fetch = async (...call: Parameters<typeof fetch>) => {
    if (String(call[0]).endsWith("/chat/message")) await new Promise<void>((resolve) => (release = resolve));
    return fetch(...call);
  };
  conversation.send("one");
  conversation.send("two");
  await settle();
  expect(pending(conversation)).toEqual(["one: sending", "two: waiting"]);
  release();
  await settle();
  expect(texts(conversation)).toEqual(["one"]);
  expect(pending(conversation)).toEqual(["two: sending"]);
  release();
  await settle();
  expect(texts(conversation)).toEqual(["one", "two"]);
  expect(service.store.keys("outbox:")).toEqual([]);
});

test("an answer that got lost does not store the message twice", async () => {
  const service = new TestService();
  const { conversation } = following(service);
  await settle();
  let lost = false;
  const fetch = service.edge.fetch;
  service.edge.fetch = async (...call: Parameters<typeof fetch>) => {
    const response = await fetch(...call);
    if (String(call[0]).endsWith("/chat/message") && !lost) {
      lost = true;
      throw new TypeError("network changed");
    }
    return response;
  };
  conversation.send("once");
  await service.clock.advance(5000);
  expect(service.asked("/chat/message")).toHaveLength(2);
  expect(texts(conversation)).toEqual(["once"]);
  expect(pending(conversation)).toEqual([]);
});

test("without a network it tries for a while, says so, and sends when the network is back", async () => {
  const service = new TestService();
  const { conversation } = following(service);
  await settle();
  service.trouble = ({ path }) => (path === "/chat/message" ? "down" : undefined);
  conversation.send("one");
  conversation.send("two");
  await service.clock.advance(60_000);
  expect(pending(conversation)).toEqual(["one: failed", "two: failed"]);
  service.trouble = null;
  conversation.nudge();
  await settle();
  expect(texts(conversation)).toEqual(["one", "two"]);
});

test("what the server refuses for good does not hold up the rest", async () => {
  const service = new TestService();
  const { conversation } = following(service);
  await settle();
  service.trouble = ({ body }) => (body.content === "bad" ? 422 : undefined);
  const id = conversation.send("bad");
  conversation.send("good");
  await settle();
  expect(pending(conversation)).toEqual(["bad: failed"]);
  expect(texts(conversation)).toEqual(["good"]);
  expect(conversation.discard(id)).toBe("bad");
  expect(pending(conversation)).toEqual([]);
});

test("what was not sent before a reload is sent after it, once", async () => {
  const service = new TestService();
  const before = following(service);
  await settle();
  service.trouble = ({ path }) => (path === "/chat/message" ? "down" : undefined);
  before.conversation.send("survivor");
  await settle();
  before.conversation.close();
  before.socket.stop();
  service.trouble = null;
  const { conversation } = following(service);
  await settle();
  expect(texts(conversation)).toEqual(["survivor"]);
  expect(service.store.keys("outbox:")).toEqual([]);
});

test("a message sent after the end fails, and the end becomes known", async () => {
  const service = new TestService();
  const { conversation } = following(service);
  await settle();
  service.view.status = "closed";
  conversation.send("too late");
  await settle();
  expect(conversation.snapshot().view?.status).toBe("closed");
  expect(conversation.snapshot().pending[0]?.problem?.code).toBe("conversation_closed");
});

test("typing goes out at most every three seconds, and ends by itself", async () => {
  const service = new TestService();
  const { conversation } = following(service);
  await settle();
  const typed = () => service.line.sent.filter((frame) => frame.action === "typing").map((frame) => frame.is_typing);
  for (let i = 0; i < 40; i++) {
    conversation.typing(true);
    await service.clock.advance(100);
  }
  expect(typed()).toEqual([true, true]);
  await service.clock.advance(5000);
  expect(typed()).toEqual([true, true, false]);
});

test("who types is shown until they write, stop, or fall silent", async () => {
  const service = new TestService();
  const { conversation } = following(service);
  await settle();
  const typing = (is_typing: boolean) =>
    service.line.push({
      type: "typing",
      conversation_id: "c1",
      sender_type: "agent",
      sender: { id: "a1", name: "Maya", avatar: null },
      is_typing,
    });
  typing(true);
  expect(conversation.snapshot().typing[0]?.sender?.name).toBe("Maya");
  service.append("done");
  expect(conversation.snapshot().typing).toEqual([]);
  typing(true);
  await service.clock.advance(8000);
  expect(conversation.snapshot().typing).toEqual([]);
});

test("reading is told once for each place, and never backwards", async () => {
  const service = new TestService();
  const { conversation } = following(service);
  await settle();
  service.append("one");
  conversation.read();
  conversation.read();
  service.append("two");
  conversation.read();
  const reads = service.line.sent.filter((frame) => frame.action === "read").map((frame) => frame.seq);
  expect(reads).toEqual([1, 2]);
  service.line.push({ type: "read", topic: "conversation:c1", conversation_id: "c1", reader: "agent", seq: 2 });
  service.line.push({ type: "read", topic: "conversation:c1", conversation_id: "c1", reader: "agent", seq: 1 });
  expect(conversation.snapshot().view?.agent_read_seq).toBe(2);
});

test("older pages are put in front", async () => {
  const service = new TestService();
  for (let n = 1; n <= 120; n++) service.append(`${n}`, {}, false);
  const { conversation } = following(service);
  await settle();
  expect(texts(conversation)[0]).toBe("71");
  await conversation.loadOlder();
  await conversation.loadOlder();
  expect(texts(conversation)).toHaveLength(120);
  expect(conversation.snapshot().hasOlder).toBe(false);
});

test("a first page that cannot be had is said, and tried again", async () => {
  const service = new TestService();
  service.trouble = ({ path }) => (path === "/chat/messages" ? 503 : undefined);
  const { conversation } = following(service);
  await settle();
  expect(conversation.snapshot().state).toBe("failed");
  service.trouble = null;
  await service.clock.advance(5000);
  expect(conversation.snapshot().state).toBe("ready");
});
