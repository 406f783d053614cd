import { expect, test } from "vitest";
import { accentOf, contrast, parseHex } from "../src/colour.ts";

const ratio = (a: string, b: string) => contrast(parseHex(a) ?? [0, 0, 0], parseHex(b) ?? [0, 0, 0]);

test("text on and of any accent can be read, light and dark", () => {
  for (const primary of ["#3B82F6", "#ffd60a", "#000000", "#ffffff", "#e11d48", "#22c55e", "#7c3aed", "#f97316"]) {
    for (const [scheme, surface] of [
      ["light", "#ffffff"],
      ["dark", "#1b1e24"],
    ] as const) {
      const { accent, on, text } = accentOf(primary, scheme);
      expect(ratio(accent, on), `${primary} ${scheme} fill`).toBeGreaterThanOrEqual(4.5);
      expect(ratio(text, surface), `${primary} ${scheme} text`).toBeGreaterThanOrEqual(4.5);
    }
  }
});

test("a colour that already carries white stays what the customer chose", () => {
  expect(accentOf("#1E40AF", "light").accent).toBe("#1e40af");
});

test("what is no colour gets the default", () => {
  expect(parseHex("red;}")).toBeNull();
  expect(accentOf("red;}", "light").accent).toMatch(/^#[\da-f]{6}$/);
});
