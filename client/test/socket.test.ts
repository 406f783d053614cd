import { expect, test } from "vitest";
import { Problem } from "../src/http.ts";
import { Socket, type SocketState } from "../src/socket.ts";
import { settle, TestService } from "./edge.ts";

function connected(service: TestService, ticket = async () => ({ ticket: "t", websocket_url: "ws://test/socket" })) {
  const socket = new Socket(service.edge, { ticket });
  const states: SocketState[] = [];
  socket.onState((state) => states.push(state));
  socket.start();
  return { socket, states };
}

test("a subscription is made again after each reconnect, from where the log stands", async () => {
  const service = new TestService();
  const { socket } = connected(service);
  let seq = 3;
  socket.subscribe("conversation:c1", () => seq);
  await settle();
  expect(service.line.sent).toEqual([{ action: "subscribe", topic: "conversation:c1", after_seq: 3 }]);
  expect(socket.hears("conversation:c1")).toBe(true);

  seq = 7;
  await service.clock.advance(10_000);
  service.line.drop();
  expect(socket.hears("conversation:c1")).toBe(false);
  await service.clock.advance(0);
  expect(service.lines).toHaveLength(2);
  expect(service.line.sent).toEqual([{ action: "subscribe", topic: "conversation:c1", after_seq: 7 }]);
});

test("the first try after a good connection comes at once, later ones after growing waits with jitter", async () => {
  const service = new TestService();
  connected(service);
  await service.clock.advance(60_000);
  service.socketsBlocked = true;
  service.line.drop();
  await service.clock.advance(0);
  expect(service.lines).toHaveLength(2);
  const waits: number[] = [];
  for (let tries = 2; tries < 12; tries++) {
    let waited = 0;
    while (service.lines.length === tries) {
      await service.clock.advance(50);
      waited += 50;
    }
    waits.push(waited);
  }
  // Half of a span that doubles from 0.5 s up to 30 s, since the test's dice always show one half.
  expect(waits).toEqual([250, 500, 1000, 2000, 4000, 8000, 15000, 15000, 15000, 15000]);
});

test("a connection that ends as soon as it opens does not make the client hurry", async () => {
  const service = new TestService();
  connected(service);
  for (let i = 0; i < 200; i++) {
    await service.clock.advance(100);
    if (!service.line.closed) service.line.drop();
  }
  expect(service.lines.length).toBeLessThan(10);
});

test("a line that does not answer a ping is given up", async () => {
  const service = new TestService();
  const { socket } = connected(service);
  await service.clock.advance(1000);
  service.answersSockets = false;
  await service.clock.advance(25_000);
  expect(service.line.sent.some((frame) => frame.action === "ping")).toBe(true);
  expect(service.lines).toHaveLength(1);
  await service.clock.advance(10_000);
  expect(service.lines[0]?.closed).toBe(true);
  expect(service.lines).toHaveLength(2);
  expect(socket.state).not.toBe("open");
});

test("a line that the service knows no more is given up, though it is open", async () => {
  const service = new TestService();
  connected(service);
  await service.clock.advance(10_000);
  service.line.push({ type: "error", code: "unauthenticated", detail: "…", action: "ping" });
  await service.clock.advance(0);
  expect(service.lines[0]?.closed).toBe(true);
  expect(service.lines).toHaveLength(2);
});

test("pings carry how far each log is known, and are rarer in a hidden tab", async () => {
  const service = new TestService();
  const { socket } = connected(service);
  socket.subscribe("conversation:c1", () => 5);
  socket.subscribe("customer:k1");
  await settle();
  const pings = () => service.line.sent.filter((frame) => frame.action === "ping");
  await service.clock.advance(50_000);
  expect(pings()).toEqual([
    { action: "ping", seqs: { c1: 5 } },
    { action: "ping", seqs: { c1: 5 } },
  ]);
  socket.setHidden(true);
  await service.clock.advance(239_000);
  expect(pings()).toHaveLength(2);
  await service.clock.advance(1000);
  expect(pings()).toHaveLength(3);
  socket.setHidden(false);
  expect(pings()).toHaveLength(4);
});

test("a nudge does not wait for the next try", async () => {
  const service = new TestService();
  service.socketsBlocked = true;
  const { socket } = connected(service);
  await service.clock.advance(120_000);
  const before = service.lines.length;
  service.socketsBlocked = false;
  socket.nudge();
  await settle();
  expect(service.lines).toHaveLength(before + 1);
  expect(socket.state).toBe("open");
});

test("a refused ticket ends the trying; one that may pass does not", async () => {
  const service = new TestService();
  let status = 503;
  const { socket } = connected(service, async () => {
    throw new Problem("no", status, "no");
  });
  await service.clock.advance(1000);
  expect(["waiting", "connecting"]).toContain(socket.state);
  status = 404;
  await service.clock.advance(60_000);
  expect(socket.state).toBe("refused");
});

test("the line is made anew before the gateway's two hours are over", async () => {
  const service = new TestService();
  connected(service);
  await service.clock.advance(111 * 60_000);
  expect(service.lines).toHaveLength(2);
  expect(service.lines[0]?.closed).toBe(true);
});

test("a topic is left only when nobody holds it any more", async () => {
  const service = new TestService();
  const { socket } = connected(service);
  const one = socket.subscribe("customer:k1");
  const other = socket.subscribe("customer:k1");
  await settle();
  one();
  one();
  expect(service.line.sent.map((frame) => frame.action)).toEqual(["subscribe"]);
  other();
  expect(service.line.sent.map((frame) => frame.action)).toEqual(["subscribe", "unsubscribe"]);
});
