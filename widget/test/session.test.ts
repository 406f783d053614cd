import { expect, test } from "vitest";
import { settle, TestService } from "../../client/test/edge.ts";
import { Session } from "../src/app/session.ts";

function opened(service: TestService) {
  const session = new Session({
    edge: service.edge,
    baseUrl: "http://test/functions/v1",
    widgetId: "w1",
    context: () => ({ page_url: "https://shop.example/" }),
  });
  const events: string[] = [];
  session.events.add((...[name]) => {
    events.push(name);
  });
  return { session, events };
}

const said = (session: Session) => session.snapshot().conversation?.messages.map(({ content }) => content);

test("nothing is asked and nothing is kept before the visitor acts", async () => {
  const service = new TestService();
  const { session } = opened(service);
  session.resume();
  session.nudge();
  session.track("looked", {});
  session.identify({ id: "u1", hash: "x" });
  await service.clock.advance(60_000);
  expect(service.requests).toEqual([]);
  expect(service.lines).toEqual([]);
  expect(service.store.keys("")).toEqual([]);
});

test("the first message starts the conversation, and shows at once", async () => {
  const service = new TestService();
  const { session, events } = opened(service);
  session.send("Hello");
  session.send("Anybody?");
  expect(session.snapshot().opening.map(({ content }) => content)).toEqual(["Hello", "Anybody?"]);
  await settle();
  expect(said(session)).toEqual(["Hello", "Anybody?"]);
  expect(service.asked("/chat/start")).toHaveLength(1);
  expect(service.asked("/chat/start")[0]?.body).toMatchObject({
    widget_id: "w1",
    context: { page_url: "https://shop.example/" },
  });
  expect(service.asked("/chat/ticket"), "the first socket takes the ticket that start gave").toHaveLength(0);
  expect(events.filter((name) => name !== "arrived")).toEqual(["started"]);
});

test("a start that fails can be tried again, with the same message", async () => {
  const service = new TestService();
  const { session } = opened(service);
  service.trouble = () => 503;
  session.send("Hello");
  await settle();
  const [failed] = session.snapshot().opening;
  expect(failed?.state).toBe("failed");
  service.trouble = null;
  session.retry(failed?.client_message_id ?? "");
  await settle();
  expect(said(session)).toEqual(["Hello"]);
  expect(service.log[0]?.client_message_id).toBe(failed?.client_message_id);
});

test("a reload goes on with the same conversation and the same visitor", async () => {
  const service = new TestService();
  const before = opened(service);
  before.session.send("Hello");
  await settle();
  before.session.stop();
  service.append("Hi!", {}, false);
  const { session } = opened(service);
  session.resume();
  await settle();
  expect(said(session)).toEqual(["Hello", "Hi!"]);
  expect(session.unread()).toBe(1);
  session.markSeen();
  expect(session.unread()).toBe(0);
  expect(service.asked("/chat/start")).toHaveLength(1);
});

test("after the end the next message begins a new conversation, as the same visitor", async () => {
  const service = new TestService();
  const { session, events } = opened(service);
  session.send("Hello");
  await settle();
  await session.end();
  await settle();
  expect(session.snapshot().ended).toBe(true);
  expect(events).toContain("ended");
  await session.rate(5, "Lovely");
  expect(session.snapshot().feedback).toEqual({ state: "sent", rating: 5 });

  session.startAnew();
  expect(session.snapshot().conversation).toBeNull();
  service.log = [];
  service.view = { ...service.view, id: "c2", status: "active", feedback: null };
  session.send("Me again");
  await settle();
  expect(said(session)).toEqual(["Me again"]);
  const starts = service.asked("/chat/start").map(({ body }) => body.visitor_id);
  expect(new Set(starts).size).toBe(1);
  expect(session.snapshot().feedback.state).toBe("none");
});

test("a token that no longer counts does not keep the visitor from starting", async () => {
  const service = new TestService();
  service.store.set(
    "session",
    JSON.stringify({ visitor_id: "v_1", session_id: "s_1", token: "old", conversation_id: "gone", ended: true }),
  );
  service.trouble = ({ headers }) => (headers.authorization === "Bearer old" ? 401 : undefined);
  const { session } = opened(service);
  session.send("Hello");
  await settle();
  expect(said(session)).toEqual(["Hello"]);
  expect(service.asked("/chat/start").at(-1)?.body).toMatchObject({ visitor_id: "v_1", session_id: "s_1" });
});

test("a stored conversation that is gone leaves a fresh start", async () => {
  const service = new TestService();
  service.store.set(
    "session",
    JSON.stringify({ visitor_id: "v_1", session_id: "s_1", token: "t", conversation_id: "gone" }),
  );
  service.trouble = ({ path }) => (path === "/chat/messages" ? 404 : undefined);
  const { session } = opened(service);
  session.resume();
  await settle();
  expect(session.snapshot().conversation).toBeNull();
  expect(session.snapshot().ended).toBe(false);
});

test("consent is told with its time", async () => {
  const service = new TestService();
  const { session } = opened(service);
  session.consent(true);
  session.setAttributes({ plan: "pro" });
  session.send("Hello");
  await settle();
  expect(service.asked("/chat/start")[0]?.body.visitor_info).toEqual({
    plan: "pro",
    consent_given: true,
    consent_timestamp: "2025-06-01T12:00:00.000Z",
  });
});

test("another tab's conversation is taken over", async () => {
  const service = new TestService();
  const one = opened(service);
  const other = opened(service);
  one.session.send("Hello");
  await settle();
  other.session.adopt();
  await settle();
  expect(said(other.session)).toEqual(["Hello"]);
});

test("a reset forgets everything", async () => {
  const service = new TestService();
  const { session } = opened(service);
  session.send("Hello");
  await settle();
  session.reset();
  expect(session.snapshot().conversation).toBeNull();
  expect(service.store.get("session")).toBeNull();
});
