/** The inside of a bubble. */

import type { Bubble } from "../../app/groups.ts";
import type { View } from "../../app/view.ts";
import { linkPieces } from "./links.ts";

export function Content({ bubble }: { bubble: Pick<Bubble, "content" | "message">; view: View }) {
  return (
    <>
      {linkPieces(bubble.content).map(({ text, href }) =>
        href ? (
          <a href={href} target="_blank" rel="noopener noreferrer">
            {text}
          </a>
        ) : (
          text
        ),
      )}
    </>
  );
}
