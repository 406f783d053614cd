/** From one colour of the customer's to the accents of a light and a dark look, with text that stays readable. */

export interface Accent {
  /** Fills: the launcher, the header, own bubbles, main buttons. */
  accent: string;
  hover: string;
  /** Accent as text or line on a surface. */
  text: string;
  /** A tint for backgrounds. */
  soft: string;
  /** Text on `accent`. */
  on: string;
}

type Triple = readonly [number, number, number];

const WHITE: Triple = [255, 255, 255];
const BLACK: Triple = [0, 0, 0];
const INK: Triple = [20, 23, 28];
const DARK_SURFACE: Triple = [27, 30, 36];
const DEFAULT: Triple = [49, 87, 213];
/** WCAG 2.2, 1.4.3. */
const READABLE = 4.5;
const NEARLY_READABLE = 3;

export function accentOf(primary: string | undefined, scheme: "light" | "dark"): Accent {
  const given = parseHex(primary || "") ?? DEFAULT;
  const dark = scheme === "dark";
  const surface = dark ? DARK_SURFACE : WHITE;
  // A colour on which white nearly reads is deepened until it does; on a light one the text is dark.
  const deepened = contrast(given, WHITE) >= NEARLY_READABLE;
  const fill = deepened ? readable(given, WHITE, BLACK) : given;
  return {
    accent: hex(fill),
    hover: hex(mix(fill, deepened ? BLACK : WHITE, 0.14)),
    text: hex(readable(given, surface, dark ? WHITE : BLACK)),
    soft: hex(mix(surface, given, dark ? 0.22 : 0.09)),
    on: hex(deepened ? WHITE : INK),
  };
}

/** `#rrggbb`; null for anything else. */
export function parseHex(text: string): Triple | null {
  if (!/^#[\da-f]{6}$/i.test(text)) return null;
  const value = Number(`0x${text.slice(1)}`);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** WCAG 2's contrast ratio. */
export function contrast(a: Triple, b: Triple): number {
  const [one, other] = [luminance(a), luminance(b)];
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
}

/** Moves the colour towards `away` until it can be read on the surface, or as the surface on it. */
function readable(colour: Triple, surface: Triple, away: Triple): Triple {
  let moved = colour;
  for (let share = 0; contrast(moved, surface) < READABLE && share < 1; share += 0.02) moved = mix(colour, away, share);
  return moved;
}

function mix(a: Triple, b: Triple, share: number): Triple {
  const channel = (i: 0 | 1 | 2) => Math.round(a[i] + (b[i] - a[i]) * share);
  return [channel(0), channel(1), channel(2)];
}

function luminance(colour: Triple): number {
  const [r, g, b] = colour.map((channel) => {
    const c = channel / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function hex(colour: Triple): string {
  return `#${colour.map((channel) => `0${channel.toString(16)}`.slice(-2)).join("")}`;
}
