import { expect, test } from "vitest";
import { settle, TestService } from "../../client/test/edge.ts";
import { Session } from "../src/app/session.ts";
import { End } from "../src/parts/ending/end.ts";
import { FeedbackDesk } from "../src/parts/ending/feedback.ts";

async function ended(service: TestService) {
  const session = new Session({
    edge: service.edge,
    baseUrl: "https://chat.test",
    widgetId: "w1",
    context: () => ({}),
  });
  session.send("Hello");
  await settle();
  await new End(session, () => {}).confirm();
  await settle();
  return { session, desk: new FeedbackDesk(session, () => {}) };
}

test("stars are sent at once, and the comment with them later", async () => {
  const service = new TestService();
  const { session, desk } = await ended(service);
  const told = () => desk.told(session.snapshot().view);
  expect(told()).toMatchObject({ state: "none", rating: 0 });
  const rated: unknown[] = [];
  session.events.add((name, detail) => name === "rated" && rated.push(detail));
  const sending = desk.rate(4);
  expect(told()).toMatchObject({ state: "sending", rating: 4 });
  await sending;
  desk.write(" Lovely ");
  await desk.rate(4, true);
  expect(told()).toMatchObject({ state: "sent", rating: 4, commented: true });
  expect(service.asked("/chat/feedback").map(({ body }) => body)).toEqual([
    { conversation_id: "c1", rating: 4 },
    { conversation_id: "c1", rating: 4, comment: "Lovely" },
  ]);
  expect(rated).toHaveLength(2);
  // A reload finds it with the conversation.
  expect(new FeedbackDesk(session, () => {}).told(session.snapshot().view)).toMatchObject({
    state: "sent",
    rating: 4,
    commented: true,
  });
});

test("a rating that could not be saved says so, and is not carried into the next conversation", async () => {
  const service = new TestService();
  const { session, desk } = await ended(service);
  desk.told(session.snapshot().view);
  service.trouble = () => "down";
  await desk.rate(2);
  expect(desk.told(session.snapshot().view)).toMatchObject({ state: "failed", rating: 2 });
  service.trouble = null;
  session.startAnew();
  service.log = [];
  service.view = { ...service.view, id: "c2", status: "active", feedback: null };
  session.send("Me again");
  await settle();
  expect(desk.told(session.snapshot().view)).toMatchObject({ state: "none", rating: 0 });
});
