import { describe, expect, test } from "vitest";
import { ago, browserName, duration, initials, preciseDuration, shortUrl, visitorName } from "../src/format.ts";

const NOW = Date.parse("2026-03-01T12:00:00.000Z");

describe("times", () => {
  test.each([
    ["2026-03-01T11:59:30.000Z", "now"],
    ["2026-03-01T11:58:00.000Z", "2 min"],
    ["2026-03-01T09:00:00.000Z", "3 h"],
  ])("%s is %s ago", (time, words) => expect(ago(time, NOW)).toBe(words));

  test("a day and more is told by its date, with the year when it is another", () => {
    expect(ago("2026-02-20T12:00:00.000Z", NOW)).not.toMatch(/2026/);
    expect(ago("2025-02-20T12:00:00.000Z", NOW)).toMatch(/2025/);
  });

  test("a clock that runs ahead does not make a wait negative", () => expect(duration(-5)).toBe("0 s"));

  test.each([
    [45, "45 s"],
    [60, "1 min"],
    [200, "3 min 20 s"],
    [3600, "1 h"],
    [3725.4, "1 h 2 min"],
  ])("%d seconds are %s", (seconds, words) => expect(preciseDuration(seconds)).toBe(words));
});

describe("names", () => {
  const id = "0199a1b2-0000-7000-8000-000000000001";

  test("the visitor's own name comes before the e-mail, and that before a label", () => {
    expect(visitorName({ id, name: "Grace", email: "g@example.com" })).toBe("Grace");
    expect(visitorName({ id, name: "  ", email: "g@example.com" })).toBe("g@example.com");
    expect(visitorName({ id, name: null, email: null })).toMatch(/^Visitor [A-Z][a-z]+$/);
  });

  test("a label is always the same for the same visitor", () => {
    const nameless = { id, name: null, email: null };
    expect(visitorName(nameless)).toBe(visitorName({ ...nameless }));
  });

  test.each([
    ["Ada Lovelace", "AL"],
    ["ada", "A"],
    ["grace.hopper@example.com", "GH"],
    ["Jean Luc de la Tour", "JT"],
    ["🦊 fox", "🦊F"],
    ["", "?"],
  ])("the initials of %j are %s", (name, letters) => expect(initials(name)).toBe(letters));
});

test.each([
  [
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36",
    "Chrome 128 on Linux",
  ],
  [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36 Edg/128.0.0.0",
    "Edge 128 on Windows",
  ],
  [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
    "Safari 17 on iPhone",
  ],
  ["Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:130.0) Gecko/20100101 Firefox/130.0", "Firefox 130 on macOS"],
  ["curl/8.5.0", null],
])("the browser of %s", (agent, name) => expect(browserName(agent)).toBe(name));

test("an address is cut to host and path, and nonsense stays as it is", () => {
  expect(shortUrl("https://shop.example/lamps?x=1#y")).toBe("shop.example/lamps");
  expect(shortUrl("https://shop.example/")).toBe("shop.example");
  expect(shortUrl("nonsense")).toBe("nonsense");
});
