import { expect, test } from "vitest";
import { initialsOf, toneOf } from "../src/app/avatar.tsx";
import { excess } from "../src/app/composer.tsx";
import { Vocabulary } from "../src/app/text.ts";
import { dayName, shortTime } from "../src/app/times.ts";

const words = new Vocabulary().words;
const now = Date.parse("2025-06-04T12:00:00Z");
const before = (ms: number) => new Date(now - ms).toISOString();

test("a customer's words replace the widget's, one by one", () => {
  const own = new Vocabulary({ title: "Ask Northwind", typing: "{name} schreibt", queue: 5, online: "" } as never)
    .words;
  expect(own("title")).toBe("Ask Northwind");
  expect(own("typing", { name: "{n} $& Maya" })).toBe("{n} $& Maya schreibt");
  expect(own("online")).toBe(words("online"));
  expect(own("queue")).toBe(words("queue"));
});

test("times are relative under a day", () => {
  expect(shortTime(before(10_000), now, words, "en")).toBe("now");
  expect(shortTime(before(-5000), now, words, "en")).toBe("now");
  expect(shortTime(before(150_000), now, words, "en")).toBe("2 min");
  expect(shortTime(before(3 * 3_600_000), now, words, "en")).toBe("3 h");
  expect(shortTime(before(30 * 3_600_000), now, words, "en-GB")).toMatch(/^\d\d:\d\d$/);
});

test("days have names while they are near", () => {
  expect(dayName(before(0), now, words, "en")).toBe("Today");
  expect(dayName(before(86_400_000), now, words, "en")).toBe("Yesterday");
  expect(dayName("2025-05-20T12:00:00Z", now, words, "en-GB")).toBe("Tuesday 20 May");
  expect(dayName("2024-05-20T12:00:00Z", now, words, "en-GB")).toContain("2024");
});

test("a message is too long by whichever limit is stricter", () => {
  expect(excess("a".repeat(10_000))).toBe(0);
  expect(excess("a".repeat(10_003))).toBe(3);
  expect(excess("😀".repeat(6144))).toBe(0);
  expect(excess("😀".repeat(6150))).toBeGreaterThan(0);
  expect(excess("")).toBe(0);
});

test("initials are taken from the outer names, and a tone from the id", () => {
  expect(initialsOf("Maya van der Berg")).toBe("MB");
  expect(initialsOf("  søren ")).toBe("S");
  expect(initialsOf("")).toBe("");
  expect(toneOf("a")).toBe(toneOf("a"));
});
