import { expect, test } from "vitest";
import { Log } from "../src/log.ts";

const entries = (...seqs: number[]) => seqs.map((seq) => ({ seq }));
const shown = (log: Log<{ seq: number }>) => log.entries.map(({ seq }) => seq);

test("an entry is shown only when its place is the next one", () => {
  const log = new Log();
  log.place(entries(1, 2), 2);
  expect(log.add(entries(4))).toEqual([]);
  expect(shown(log)).toEqual([1, 2]);
  expect(log.behind).toBe(true);
  expect(log.add(entries(3))).toEqual(entries(3, 4));
  expect(shown(log)).toEqual([1, 2, 3, 4]);
  expect(log.behind).toBe(false);
});

test("an entry that comes twice is shown once", () => {
  const log = new Log();
  log.place(entries(1, 2), 2);
  log.add(entries(2, 3));
  log.add(entries(3, 1));
  expect(shown(log)).toEqual([1, 2, 3]);
});

test("what came before the first page waits for it", () => {
  const log = new Log();
  log.add(entries(8));
  expect(shown(log)).toEqual([]);
  log.place(entries(5, 6), 6);
  expect(shown(log)).toEqual([5, 6]);
  log.add(entries(7));
  expect(shown(log)).toEqual([5, 6, 7, 8]);
});

test("a log without entries begins at the first", () => {
  const log = new Log();
  log.place([], 0);
  expect(log.hasOlder).toBe(false);
  log.add(entries(1));
  expect(shown(log)).toEqual([1]);
});

test("what the server is heard to hold counts as missing", () => {
  const log = new Log();
  log.place(entries(1), 1);
  log.hear(3);
  expect(log.behind).toBe(true);
  log.hear(2);
  log.add(entries(2, 3));
  expect(log.behind).toBe(false);
});

test("older entries are taken only where they fit", () => {
  const log = new Log();
  log.place(entries(5, 6), 6);
  expect(log.hasOlder).toBe(true);
  expect(log.addOlder(entries(1, 2))).toEqual([]);
  log.addOlder(entries(3, 4));
  expect(shown(log)).toEqual([3, 4, 5, 6]);
  log.addOlder(entries(1, 2));
  expect(log.hasOlder).toBe(false);
});
