import { expect, test } from "vitest";
import { settle, TestService } from "../../client/test/edge.ts";
import { Session } from "../src/app/session.ts";
import { End } from "../src/parts/ending/end.ts";

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
  await new End(session, () => {}).confirm();
  await settle();
  expect(session.snapshot().ended).toBe(true);
  expect(events).toContain("ended");

  session.startAnew();
  expect(session.snapshot().conversation).toBeNull();
  service.log = [];
  service.view = { ...service.view, id: "c2", status: "active", feedback: null };
  session.send("Me again");
  await settle();
  expect(said(session)).toEqual(["Me again"]);
  const starts = service.asked("/chat/start").map(({ body }) => body.visitor_id);
  expect(new Set(starts).size).toBe(1);
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

test("another tab that hears of the conversation at once shows the first message once, and settles it", async () => {
  const service = new TestService();
  const { store } = service.edge;
  const one = opened(service);
  const other = opened(service);
  const shown = () => {
    const { opening, conversation } = other.session.snapshot();
    return [...opening, ...(conversation?.pending ?? []), ...(conversation?.messages ?? [])].map((m) => m.content);
  };
  const { set } = store;
  store.set = (key, value) => {
    set.call(store, key, value);
    if (key !== "session" || !JSON.parse(value).conversation_id) return;
    // A reload now would find the message, and the other tab reads the same.
    expect(store.keys("outbox:c1:")).toHaveLength(1);
    other.session.adopt();
    expect(shown()).toEqual(["Hello"]);
  };
  one.session.send("Hello");
  await settle();
  await service.clock.advance(1_000);
  expect(shown()).toEqual(["Hello"]);
  expect(said(other.session)).toEqual(["Hello"]);
  expect(other.session.snapshot().conversation?.pending).toEqual([]);
  expect(service.log).toHaveLength(1);
  expect(service.asked("/chat/start")).toHaveLength(1);
  expect(store.keys("outbox:")).toEqual([]);
});

test("another tab's new beginning is taken over", async () => {
  const service = new TestService();
  const { session } = opened(service);
  session.send("Hello");
  await settle();
  await new End(session, () => {}).confirm();
  const other = opened(service);
  other.session.startAnew();
  expect(session.adopt()).toBe(true);
  expect(session.snapshot().conversation).toBeNull();
  expect(session.adopt()).toBe(false);
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

test("a first message outlives a reload, whether its start failed or had no answer yet", async () => {
  for (const trouble of ["down", "silent"] as const) {
    const service = new TestService();
    service.trouble = () => trouble;
    opened(service).session.send("Before the reload");
    await settle();
    const written = service.clock.now();
    await service.clock.advance(5000);

    service.trouble = null;
    const { session } = opened(service);
    expect(session.snapshot().opening).toMatchObject([
      { content: "Before the reload", created_at: new Date(written).toISOString() },
    ]);
    session.resume();
    await settle();
    expect(said(session)).toEqual(["Before the reload"]);
    expect(service.store.keys("outbox:")).toEqual([]);
    expect(new Set(service.asked("/chat/start").map(({ body }) => body.visitor_id)).size).toBe(1);
  }
});

test("messages of one moment keep their order over a reload and into the conversation", async () => {
  const service = new TestService();
  // A browser's store lists its keys in an order of its own.
  const { keys } = service.store;
  service.store.keys = (prefix) => keys(prefix).reverse();
  service.trouble = () => "down";
  const before = opened(service).session;
  for (const text of ["first", "second", "third"]) before.send(text);
  await settle();
  service.trouble = ({ path }) => (path === "/chat/message" ? "down" : undefined);
  const started = opened(service).session;
  started.resume();
  await settle();
  expect(started.snapshot().conversation?.pending.map(({ content }) => content)).toEqual(["first", "second", "third"]);
  started.stop();

  service.trouble = null;
  const { session } = opened(service);
  session.resume();
  await settle();
  expect(said(session)).toEqual(["first", "second", "third"]);
});

test("a first message that found no network goes out when the network is back", async () => {
  const service = new TestService();
  service.trouble = () => "down";
  const { session } = opened(service);
  session.send("Hello");
  await settle();
  service.trouble = null;
  session.nudge();
  await settle();
  expect(said(session)).toEqual(["Hello"]);
});

test("a first message that is deleted is not kept", async () => {
  const service = new TestService();
  service.trouble = () => 403;
  const { session } = opened(service);
  session.send("Never mind");
  await settle();
  session.discard(session.snapshot().opening[0]?.client_message_id ?? "");
  expect(session.snapshot().opening).toEqual([]);
  expect(service.store.keys("outbox:")).toEqual([]);
});

test("what was not sent is not kept beyond the end, a new beginning, or a reset", async () => {
  const leaving: ((session: Session, service: TestService) => unknown)[] = [
    (session) => new End(session, () => {}).confirm(),
    (session) => session.startAnew(),
    (session) => session.reset(),
  ];
  for (const leave of leaving) {
    const service = new TestService();
    const { session } = opened(service);
    session.send("Hello");
    await settle();
    service.trouble = ({ path }) => (path === "/chat/message" ? "down" : undefined);
    session.send("Unsent");
    await settle();
    expect(service.store.keys("outbox:c1:")).toHaveLength(1);
    await leave(session, service);
    await settle();
    expect(service.store.keys("outbox:")).toEqual([]);
  }
});

test("a start that a reset overtook brings the former visitor back in no way", async () => {
  const service = new TestService();
  const { session } = opened(service);
  session.send("As somebody");
  session.reset();
  await settle();
  expect(session.snapshot().conversation).toBeNull();
  expect(service.store.keys("")).toEqual([]);
});

test("what is written after a reset that overtook a start is sent, as the new visitor", async () => {
  const service = new TestService();
  const { session } = opened(service);
  session.send("As somebody");
  session.reset();
  session.send("As somebody else");
  await settle();
  expect(service.asked("/chat/start")).toHaveLength(2);
  expect(said(session)).toEqual(["As somebody else"]);
});

test("odd traits are made fit to be sent, or left out", async () => {
  const service = new TestService();
  const { session } = opened(service);
  const circle: Record<string, unknown> = {};
  circle.circle = circle;
  session.identify({ id: "u1", traits: { phone: 41791234567, email: { not: "text" }, name: "Ada", big: 10n, circle } });
  session.setAttributes({ plan: "pro", seats: 3, call: () => 1, nul: "a\0b", long: "x".repeat(9000) });
  session.setAttributes("text");
  session.setAttributes(null);
  session.track("looked", circle);
  session.send("Hello");
  await settle();
  expect(service.asked("/chat/start")[0]?.body.visitor_info).toEqual({
    phone: "41791234567",
    name: "Ada",
    plan: "pro",
    seats: 3,
  });
  expect(said(session)).toEqual(["Hello"]);
});

test("a start that is refused for what the page told goes without it, but keeps the consent", async () => {
  const service = new TestService();
  service.trouble = ({ path, body }) =>
    path === "/chat/start" && (body.visitor_info as { plan?: string }).plan ? 422 : undefined;
  const { session } = opened(service);
  session.consent(true);
  session.setAttributes({ plan: "pro" });
  session.track("looked", {});
  session.send("Hello");
  await settle();
  expect(said(session)).toEqual(["Hello"]);
  const [, second] = service.asked("/chat/start");
  expect(second?.body).toMatchObject({ visitor_info: { consent_given: true } });
  expect(second?.body.context).toEqual({ page_url: "https://shop.example/" });
});
