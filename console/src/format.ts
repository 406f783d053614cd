/** Times, names and devices as an agent reads them. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const dayMonth = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const dayMonthYear = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });

/** "now", "2 min", "3 h", then the day. */
export function ago(time: string, now: number): string {
  const passed = now - Date.parse(time);
  if (passed < MINUTE) return "now";
  if (passed < DAY) return duration(passed / 1000);
  const date = new Date(time);
  return (date.getFullYear() === new Date(now).getFullYear() ? dayMonth : dayMonthYear).format(date);
}

/** One unit, the largest that fits: "45 s", "2 min", "3 h", "4 d". */
export function duration(seconds: number): string {
  const ms = Math.max(0, seconds) * 1000;
  if (ms < MINUTE) return `${Math.floor(ms / 1000)} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h`;
  return `${Math.floor(ms / DAY)} d`;
}

/** Two units where the second still says something: "3 min 20 s". */
export function preciseDuration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const [large, small, units] =
    whole < 3600
      ? [Math.floor(whole / 60), whole % 60, ["min", "s"]]
      : [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), ["h", "min"]];
  return small ? `${large} ${units[0]} ${small} ${units[1]}` : `${large} ${units[0]}`;
}

export function exactTime(time: string): string {
  return exact.format(new Date(time));
}

export function timeOfDay(time: string): string {
  return clock.format(new Date(time));
}

export function isSameDay(a: string, b: string): boolean {
  return new Date(a).toDateString() === new Date(b).toDateString();
}

export function dayName(time: string, now: number): string {
  const date = new Date(time);
  if (date.toDateString() === new Date(now).toDateString()) return "Today";
  if (date.toDateString() === new Date(now - DAY).toDateString()) return "Yesterday";
  return date.getFullYear() === new Date(now).getFullYear() ? weekday.format(date) : dayMonthYear.format(date);
}

const ANIMALS =
  "Badger Bear Beaver Bison Camel Cheetah Cormorant Crane Cricket Curlew Deer Dolphin Dove Eagle Egret Elk Falcon Ferret Finch Fox Gazelle Gecko Goose Grebe Hare Hawk Hedgehog Heron Ibis Jay Kestrel Kingfisher Kite Koala Lark Lemur Linnet Lynx Magpie Marten Mole Moose Newt Orca Osprey Otter Owl Panda Pelican Penguin Plover Puffin Rabbit Raven Robin Seal Sparrow Starling Stork Swan Swift Tern Thrush Wren".split(
    " ",
  );

/** A stable small number for an id: the same colour and label on every screen. */
export function hash(id: string): number {
  let sum = 0;
  for (let at = 0; at < id.length; at++) sum = (sum * 31 + id.charCodeAt(at)) >>> 0;
  return sum;
}

/** The visitor's own name, else a label an agent can say aloud: never an id. */
export function visitorName(visitor: { id: string; name: string | null; email: string | null }): string {
  return visitor.name?.trim() || visitor.email?.trim() || `Visitor ${ANIMALS[hash(visitor.id) % ANIMALS.length]}`;
}

export function initials(name: string): string {
  const words = name
    .replace(/@.*/, "")
    .split(/[\s._-]+/)
    .filter(Boolean);
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : [words[0]];
  return letters.map((word) => [...(word ?? "?")][0]?.toLocaleUpperCase()).join("");
}

const BROWSERS: [RegExp, string][] = [
  [/Edg(?:e|A|iOS)?\/(\d+)/, "Edge"],
  [/OPR\/(\d+)/, "Opera"],
  [/SamsungBrowser\/(\d+)/, "Samsung Internet"],
  [/(?:Firefox|FxiOS)\/(\d+)/, "Firefox"],
  [/(?:Chrome|CriOS)\/(\d+)/, "Chrome"],
  [/Version\/(\d+)[\d.]* (?:Mobile\/\w+ )?Safari/, "Safari"],
];

const SYSTEMS: [RegExp, string][] = [
  [/iPhone/, "iPhone"],
  [/iPad/, "iPad"],
  [/Android/, "Android"],
  [/Windows/, "Windows"],
  [/Mac OS X/, "macOS"],
  [/CrOS/, "ChromeOS"],
  [/Linux/, "Linux"],
];

/** "Chrome 128 on Android"; null for what no rule knows. */
export function browserName(userAgent: string): string | null {
  const system = SYSTEMS.find(([pattern]) => pattern.test(userAgent))?.[1];
  for (const [pattern, name] of BROWSERS) {
    const version = pattern.exec(userAgent)?.[1];
    if (version) return system ? `${name} ${version} on ${system}` : `${name} ${version}`;
  }
  return system ?? null;
}

/** "German (Switzerland)" for "de-CH". */
export function languageName(tag: string): string {
  try {
    return new Intl.DisplayNames(undefined, { type: "language" }).of(tag) ?? tag;
  } catch {
    // Not a well-formed tag: a page may send anything.
    return tag;
  }
}

/** "shop.example/lamps" — what fits a narrow panel; the whole address is the link's. */
export function shortUrl(address: string): string {
  try {
    const url = new URL(address);
    return url.host + (url.pathname === "/" ? "" : url.pathname);
  } catch {
    return address;
  }
}
