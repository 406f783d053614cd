import { expect, test } from "vitest";
import { parsePlace, pathOf } from "../src/router.ts";

test.each([
  ["/console/", { page: "inbox", list: "mine", conversation: null }],
  ["/console/queue", { page: "inbox", list: "queue", conversation: null }],
  ["/console/closed/abc", { page: "inbox", list: "closed", conversation: "abc" }],
  ["/console/nowhere", { page: "inbox", list: "mine", conversation: null }],
  ["/console/statistics", { page: "statistics" }],
] as const)("%s leads to a place", (path, place) => expect(parsePlace(path)).toEqual(place));

test.each(["/console/mine", "/console/queue/abc", "/console/statistics"])("%s survives a reload", (path) => {
  expect(pathOf(parsePlace(path))).toBe(path);
});
