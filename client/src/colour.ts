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

const DEFAULT = "#3157d5";
const LIGHT_SURFACE = "#ffffff";
const DARK_SURFACE = "#1b1e24";
const INK = "#14171c";
const READABLE = 4.5;
const NEARLY_READABLE = 3;

export function accentOf(primary: string | undefined, scheme: "light" | "dark"): Accent {
  const rgb = parseHex(primary ?? "") ?? (parseHex(DEFAULT) as Triple);
  const [lightness, chroma, hue] = toOklch(rgb);
  const dark = scheme === "dark";
  const surface = dark ? DARK_SURFACE : LIGHT_SURFACE;
  // A colour on which white nearly reads is deepened until it does; on a light one the text is dark.
  const given = hex(rgb);
  const deepened = contrast(given, "#ffffff") >= NEARLY_READABLE;
  const fill = deepened ? readableOn("#ffffff", lightness, chroma, hue, -1) : given;
  const on = deepened ? "#ffffff" : INK;
  return {
    accent: fill,
    hover: shade(fill, deepened ? -0.05 : 0.04),
    text: readableOn(surface, lightness, chroma, hue, dark ? 1 : -1),
    soft: dark ? fromOklch(0.3, Math.min(chroma, 0.06), hue) : fromOklch(0.955, Math.min(chroma, 0.025), hue),
    on,
  };
}

/** `#rgb` or `#rrggbb`; null for anything else. */
export function parseHex(text: string): Triple | null {
  const short = /^#([\da-f])([\da-f])([\da-f])$/i.exec(text.trim());
  const digits = short ? `${short[1]}${short[1]}${short[2]}${short[2]}${short[3]}${short[3]}` : text.trim().slice(1);
  if (!short && !/^#[\da-f]{6}$/i.test(text.trim())) return null;
  const value = Number.parseInt(digits, 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

/** WCAG 2's contrast ratio of two `#rrggbb`. */
export function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

function shade(colour: string, step: number): string {
  const [lightness, chroma, hue] = toOklch(parseHex(colour) as Triple);
  return fromOklch(lightness + step, chroma, hue);
}

/** Moves the lightness away from the surface until text of this hue can be read on it. */
function readableOn(surface: string, lightness: number, chroma: number, hue: number, step: 1 | -1): string {
  for (let l = lightness; l > 0 && l < 1; l += step * 0.01) {
    const colour = fromOklch(l, chroma, hue);
    if (contrast(colour, surface) >= READABLE) return colour;
  }
  return step > 0 ? "#ffffff" : "#000000";
}

function luminance(colour: string): number {
  const [r, g, b] = (parseHex(colour) ?? [0, 0, 0]).map(toLinear) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function toLinear(channel: number): number {
  const c = channel / 255;
  return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
}

function fromLinear(c: number): number {
  const clipped = Math.min(1, Math.max(0, c));
  return Math.round(255 * (clipped <= 0.0031308 ? 12.92 * clipped : 1.055 * clipped ** (1 / 2.4) - 0.055));
}

function hex(rgb: Triple): string {
  return `#${rgb.map((channel) => channel.toString(16).padStart(2, "0")).join("")}`;
}

// The matrices are Björn Ottosson's, https://bottosson.github.io/posts/oklab/.
function toOklch(rgb: Triple): Triple {
  const [r, g, b] = rgb.map(toLinear) as [number, number, number];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  const a = 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s;
  const bb = 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s;
  return [0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s, Math.hypot(a, bb), Math.atan2(bb, a)];
}

function fromOklch(lightness: number, chroma: number, hue: number): string {
  const light = Math.min(1, Math.max(0, lightness));
  const a = chroma * Math.cos(hue);
  const b = chroma * Math.sin(hue);
  const l = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (light - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return hex([
    fromLinear(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    fromLinear(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    fromLinear(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ]);
}
