/** Times as people say them: relative under a day, exact on hover. */

import type { Words } from "./text.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export function shortTime(at: string, now: number, words: Words, locale: string): string {
  const then = Date.parse(at);
  const ago = now - then;
  if (ago < MINUTE) return words("now");
  if (ago < HOUR) return words("minutes", { n: Math.floor(ago / MINUTE) });
  if (ago < DAY) return words("hours", { n: Math.floor(ago / HOUR) });
  return new Date(then).toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit" });
}

export function exactTime(at: string, locale: string): string {
  return new Date(at).toLocaleString(locale, { dateStyle: "full", timeStyle: "short" } as Intl.DateTimeFormatOptions);
}

/** The same for two moments of one local day. */
export function dayOf(at: string): string {
  const date = new Date(at);
  return `${date.getFullYear()}-${date.getMonth()}-${date.getDate()}`;
}

export function dayName(at: string, now: number, words: Words, locale: string): string {
  if (dayOf(at) === dayOf(new Date(now).toISOString())) return words("today");
  if (dayOf(at) === dayOf(new Date(now - DAY).toISOString())) return words("yesterday");
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return new Date(at).toLocaleDateString(locale, {
    weekday: "long",
    day: "numeric",
    month: "long",
    ...(sameYear ? {} : { year: "numeric" }),
  });
}
