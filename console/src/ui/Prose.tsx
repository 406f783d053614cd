/** A message's text, with its web addresses as links. Nothing in it is ever read as markup. */
import type { ComponentChildren } from "preact";

const ADDRESS = /https?:\/\/[^\s<>"']+/g;
/** Punctuation after an address belongs to the sentence. */
const TRAILING = /[.,;:!?)\]}]+$/;

export function Prose({ text }: { text: string }) {
  const parts: ComponentChildren[] = [];
  let from = 0;
  for (const found of text.matchAll(ADDRESS)) {
    const address = found[0].replace(TRAILING, "");
    parts.push(text.slice(from, found.index));
    parts.push(
      <a href={address} target="_blank" rel="noopener noreferrer">
        {address}
      </a>,
    );
    from = found.index + address.length;
  }
  parts.push(text.slice(from));
  return <>{parts}</>;
}
