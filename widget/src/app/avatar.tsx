/** A picture, else initials on a colour derived from the id. */

import { useState } from "preact/hooks";
import { safeHref } from "./links.ts";

export function Avatar({
  id,
  name,
  picture,
  size,
}: {
  id: string;
  name: string;
  picture: string | null;
  size: "s" | "m";
}) {
  const [broken, setBroken] = useState(false);
  const href = picture && !broken ? safeHref(picture) : null;
  return (
    <span class={`avatar avatar-${size} tone-${toneOf(id)}`} aria-hidden="true">
      {href ? <img src={href} alt="" onError={() => setBroken(true)} /> : initialsOf(name)}
    </span>
  );
}

export function initialsOf(name: string): string {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const picked = words.length > 1 ? [words[0], words[words.length - 1]] : words.slice(0, 1);
  return picked.map((word) => (Array.from(word ?? "")[0] ?? "").toUpperCase()).join("");
}

/** One of six tones, the same for the same id everywhere. */
export function toneOf(id: string): number {
  let sum = 0;
  for (const character of id) sum = (sum * 31 + character.charCodeAt(0)) >>> 0;
  return sum % 6;
}
