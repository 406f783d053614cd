import { expect, test } from "vitest";
import { Outbox } from "../src/outbox.ts";
import { TestService } from "./edge.ts";

test("what was written first stays first, although the clock steps back between two loads of the page", () => {
  const { edge } = new TestService();
  let now = 5_000;
  const stepping = { ...edge, clock: { ...edge.clock, now: () => now } };
  const contents = () => new Outbox(stepping, "c1").items.map(({ content }) => content);
  const before = new Outbox(stepping, "c1");
  before.add("first");
  before.add("second");
  now = 1_000;
  const after = new Outbox(stepping, "c1");
  after.add("third");
  after.add("fourth");
  expect(contents()).toEqual(["first", "second", "third", "fourth"]);
});
