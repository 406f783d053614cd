import { expect, test } from "vitest";
import { safeHref } from "../src/app/address.ts";
import { linkPieces } from "../src/parts/rich/links.ts";

const links = (text: string) => linkPieces(text).flatMap((piece) => (piece.href ? [piece.text] : []));
const whole = (text: string) =>
  linkPieces(text)
    .map((piece) => piece.text)
    .join("");

test("web addresses become links, and the text around them stays", () => {
  const text = "See https://example.com/a?b=1#c, or (http://example.org/x_(y)). Bye!";
  expect(links(text)).toEqual(["https://example.com/a?b=1#c", "http://example.org/x_(y)"]);
  expect(whole(text)).toBe(text);
});

test("nothing but http and https becomes a link", () => {
  for (const text of [
    "javascript:alert(1)",
    "data:text/html,x",
    "ftp://example.com",
    "https://",
    "example.com",
    "<b>",
  ]) {
    expect(links(text), text).toEqual([]);
    expect(whole(text)).toBe(text);
  }
  expect(safeHref("javascript:alert(1)")).toBeNull();
  expect(safeHref("JaVaScRiPt:alert(1)")).toBeNull();
  expect(safeHref("//example.com")).toBeNull();
});

test("quotes and angle brackets end an address", () => {
  expect(links('<a href="https://example.com/">https://example.com/"onmouseover=x')).toEqual([
    "https://example.com/",
    "https://example.com/",
  ]);
});
