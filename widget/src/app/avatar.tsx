/** A picture, over initials on a colour derived from the id. */

import { safeHref } from "./address.ts";

export interface Face {
  id: string;
  name: string | null;
  avatar: string | null;
}

export function Avatar({ face, size }: { face: Face; size: "s" | "m" }) {
  const picture = face.avatar && safeHref(face.avatar);
  return (
    <span class={`avatar avatar-${size} tone-${toneOf(face.id)}`} aria-hidden="true">
      {initialsOf(face.name || "")}
      {picture && (
        <img
          src={picture}
          alt=""
          onError={(event) => {
            event.currentTarget.hidden = true;
          }}
        />
      )}
    </span>
  );
}

export function initialsOf(name: string): string {
  const words = name.trim().split(/\s+/);
  const picked = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  return picked.map((word) => (Array.from(word || "")[0] || "").toUpperCase()).join("");
}

/** One of five tones, the same for the same id everywhere. */
export function toneOf(id: string): number {
  let sum = 0;
  for (const character of id) sum = (sum * 31 + character.charCodeAt(0)) >>> 0;
  return sum % 5;
}
