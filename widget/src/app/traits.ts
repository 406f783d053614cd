/** What a page tells of its visitor, as far as the service takes it: no odd value may keep anybody from chatting. */

import type { Json } from "../../../client/src/wire.ts";

export interface Attributes {
  [key: string]: Json;
}

/** The service takes 8 KB as UTF-8 in all; a character may need three. */
const ROOM = 1_000;
const KNOWN = ["name", "email", "phone"];

/** A copy of what can be sent; the known ones are text. */
export function sendable(given: unknown, room = ROOM): Attributes {
  const kept: Attributes = {};
  if (typeof given !== "object") return kept;
  for (const [key, value] of Object.entries(given || {})) {
    try {
      const known = KNOWN.includes(key);
      const json = JSON.stringify(known && typeof value === "number" ? `${value}` : value);
      if (known && json[0] !== '"') continue;
      room -= key.length + json.length;
      if (room > 0 && !/\\u0000/.test(json)) kept[key] = JSON.parse(json);
    } catch {
      // A function, a circle, a getter that throws: nothing that could travel.
    }
  }
  return kept;
}
