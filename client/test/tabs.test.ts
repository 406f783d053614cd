import { expect, test } from "vitest";
import { Conversation } from "../src/conversation.ts";
import { ChatApi, Http } from "../src/http.ts";
import { Socket } from "../src/socket.ts";
import type { ConversationView } from "../src/wire.ts";
import { settle, TestBrowser, TestService, type TestTab } from "./edge.ts";

function opened(tab: TestTab, principal = "v1") {
  const api = new ChatApi<ConversationView>(new Http(tab.edge, { baseUrl: "https://chat.test/functions/v1" }));
  const socket = new Socket(tab.edge, { ticket: () => api.ticket("c1"), principal: () => principal });
  const conversation = new Conversation<ConversationView>({ id: "c1", edge: tab.edge, api, socket, as: "visitor" });
  conversation.open();
  socket.start();
  const shown = () => conversation.snapshot().messages.map(({ content }) => content);
  const pending = () => conversation.snapshot().pending.map(({ content, state }) => [content, state]);
  return { tab, socket, conversation, shown, pending };
}

async function two() {
  const service = new TestService();
  const browser = new TestBrowser();
  const one = opened(browser.open(service));
  await settle();
  const other = opened(browser.open(service));
  await settle();
  return { service, browser, one, other };
}

const open = (service: TestService) => service.lines.filter(({ closed }) => !closed);

// --- One line --------------------------------------------------------------------------------------------------------

test("two tabs share one line and both hear what comes on it", async () => {
  const { service, one, other } = await two();
  expect(service.lines).toHaveLength(1);
  service.append("Hello");
  await settle();
  expect([one.shown(), other.shown()]).toEqual([["Hello"], ["Hello"]]);
  expect([one, other].map(({ socket }) => socket.hears("conversation:c1"))).toEqual([true, true]);
});

test("what a tab that does not lead says goes out on the line", async () => {
  const { service, other } = await two();
  other.conversation.typing(true);
  await settle();
  expect(service.line.sent.at(-1)).toEqual({ action: "typing", conversation_id: "c1", is_typing: true });
});

test("the tab that leads is closed: another takes over, and nothing is missed", async () => {
  const { service, one, other } = await two();
  await service.clock.advance(6_000);
  one.tab.close();
  service.append("While nobody listened", {}, false);
  await service.clock.advance(1_000);
  expect(service.lines).toHaveLength(2);
  expect(other.shown()).toEqual(["While nobody listened"]);
  service.append("And now");
  await settle();
  expect(other.shown()).toEqual(["While nobody listened", "And now"]);
});

test("a tab that leads and says goodbye leaves the line to the others", async () => {
  const { service, one, other } = await two();
  one.conversation.close();
  one.socket.stop();
  await service.clock.advance(1_000);
  expect(open(service)).toHaveLength(1);
  service.append("Hello");
  await settle();
  expect(other.shown()).toEqual(["Hello"]);
});

test("a tab that leads and stands still loses the line, and joins again when it thaws", async () => {
  const service = new TestService();
  const browser = new TestBrowser();
  const one = opened(browser.open(service));
  await settle();
  one.tab.freeze();
  const other = opened(browser.open(service));
  await service.clock.advance(3_000);
  service.append("Hello");
  await settle();
  expect(other.shown()).toEqual(["Hello"]);
  one.tab.thaw();
  await service.clock.advance(3_000);
  expect(open(service)).toHaveLength(1);
  expect(one.shown()).toEqual(["Hello"]);
  service.append("Again");
  await settle();
  expect([one.shown(), other.shown()]).toEqual([
    ["Hello", "Again"],
    ["Hello", "Again"],
  ]);
});

test("a topic is given up when the last tab that holds it does so", async () => {
  const { service, one, other } = await two();
  const said = () => service.line.sent.filter(({ action }) => action === "unsubscribe");
  one.conversation.close();
  await settle();
  expect(said()).toEqual([]);
  other.conversation.close();
  await settle();
  expect(said()).toEqual([{ action: "unsubscribe", topic: "conversation:c1" }]);
});

test("a tab that goes takes its topics along", async () => {
  const { service, one, other } = await two();
  other.socket.subscribe("conversation:c2");
  await settle();
  other.socket.stop();
  await settle();
  expect(service.line.sent.filter(({ action }) => action === "unsubscribe")).toEqual([
    { action: "unsubscribe", topic: "conversation:c2" },
  ]);
  expect(one.socket.hears("conversation:c1")).toBe(true);
});

test("a line that does not answer is given up, whichever tab asks", async () => {
  const { service, one } = await two();
  one.socket.setHidden(true);
  await service.clock.advance(20_000);
  service.answersSockets = false;
  await service.clock.advance(16_000);
  service.answersSockets = true;
  await service.clock.advance(60_000);
  expect(open(service)).toHaveLength(1);
  expect(service.lines.length).toBeGreaterThan(1);
  service.append("Hello");
  await settle();
  expect(one.shown()).toEqual(["Hello"]);
});

test("tabs of two principals keep their lines apart", async () => {
  const service = new TestService();
  const browser = new TestBrowser();
  opened(browser.open(service), "v1");
  opened(browser.open(service), "v2");
  await settle();
  expect(open(service)).toHaveLength(2);
});

test("tabs ask no more often for being many", async () => {
  const { service, browser } = await two();
  for (let more = 0; more < 4; more++) opened(browser.open(service));
  await service.clock.advance(100_000);
  expect(service.line.sent.filter(({ action }) => action === "ping").length).toBeLessThan(8);
});

// --- One outbox ------------------------------------------------------------------------------------------------------

test("what is written in either tab is shown in both and sent in the order of writing, one at a time", async () => {
  const { service, one, other } = await two();
  let under = 0;
  let most = 0;
  const { fetch } = service.edge;
  const counting = (async (url: string, init: RequestInit) => {
    if (!url.endsWith("/chat/message")) return fetch(url, init);
    most = Math.max(most, ++under);
    await settle();
    const answer = await fetch(url, init);
    under--;
    return answer;
  }) as typeof fetch;
  service.edge.fetch = counting;
  one.conversation.send("1");
  other.conversation.send("2");
  one.conversation.send("3");
  other.conversation.send("4");
  await Promise.resolve();
  await Promise.resolve();
  expect(one.pending().map(([content]) => content)).toEqual(["1", "2", "3", "4"]);
  expect(other.pending().map(([content]) => content)).toEqual(["1", "2", "3", "4"]);
  for (let i = 0; i < 10; i++) await service.clock.advance(3_000);
  expect(service.log.map(({ content }) => content)).toEqual(["1", "2", "3", "4"]);
  expect([one.pending(), other.pending()]).toEqual([[], []]);
  expect([one.shown(), other.shown()]).toEqual([one.shown(), one.shown()]);
  expect(most).toBe(1);
});

test("a tab is closed with messages waiting: another sends them", async () => {
  const { service, one, other } = await two();
  service.trouble = ({ path }) => (path === "/chat/message" ? "silent" : undefined);
  one.conversation.send("1");
  one.conversation.send("2");
  await settle();
  one.tab.close();
  service.trouble = null;
  await service.clock.advance(1_000);
  expect(service.log.map(({ content }) => content)).toEqual(["1", "2"]);
  expect(other.pending()).toEqual([]);
});

test("a tab that stands still with its turn loses it; what it had on its way is stored once", async () => {
  const { service, one, other } = await two();
  one.conversation.send("1");
  one.conversation.send("2");
  one.tab.freeze();
  await settle();
  other.conversation.send("3");
  await service.clock.advance(20_000);
  expect(service.log.map(({ content }) => content)).toEqual(["1", "2", "3"]);
  one.tab.thaw();
  await service.clock.advance(30_000);
  expect(service.log).toHaveLength(3);
  expect(one.pending()).toEqual([]);
  expect(one.shown()).toEqual(["1", "2", "3"]);
});

test("what one tab discards is gone from the other", async () => {
  const { service, one, other } = await two();
  service.trouble = ({ path }) => (path === "/chat/message" ? 422 : undefined);
  one.conversation.send("Never mind");
  await service.clock.advance(1_000);
  expect([one.pending(), other.pending()]).toEqual([[["Never mind", "failed"]], [["Never mind", "failed"]]]);
  one.conversation.discard(one.conversation.snapshot().pending[0]?.client_message_id ?? "");
  await settle();
  expect([one.pending(), other.pending()]).toEqual([[], []]);
});

test("what the other tab was refused stays in sight here, as not sent", async () => {
  const { service, one, other } = await two();
  service.view.status = "closed";
  one.conversation.send("Too late");
  await service.clock.advance(1_000);
  expect([one.pending(), other.pending()]).toEqual([[["Too late", "failed"]], [["Too late", "failed"]]]);
  expect(service.store.keys("outbox:")).toEqual([]);
});

test("a message that failed for want of a network is sent once, whichever tab tries again", async () => {
  const { service, one, other } = await two();
  service.trouble = ({ path }) => (path === "/chat/message" ? "down" : undefined);
  one.conversation.send("Hello");
  await service.clock.advance(60_000);
  expect(one.pending()).toEqual([["Hello", "failed"]]);
  service.trouble = null;
  other.conversation.nudge();
  one.conversation.nudge();
  await service.clock.advance(1_000);
  expect(service.log.map(({ content }) => content)).toEqual(["Hello"]);
  expect([one.pending(), other.pending()]).toEqual([[], []]);
});

test("nothing is sent before it is known whether there are other tabs", async () => {
  const service = new TestService();
  let known: (tabs: undefined) => void = () => {};
  service.edge.tabs = new Promise((resolve) => {
    known = resolve;
  });
  const api = new ChatApi<ConversationView>(new Http(service.edge, { baseUrl: "https://chat.test/functions/v1" }));
  const socket = new Socket(service.edge, { ticket: () => api.ticket("c1") });
  const conversation = new Conversation<ConversationView>({ id: "c1", edge: service.edge, api, socket, as: "visitor" });
  conversation.open();
  conversation.send("Hello");
  await settle();
  expect(service.log).toEqual([]);
  known(undefined);
  await settle();
  expect(service.log).toHaveLength(1);
});
