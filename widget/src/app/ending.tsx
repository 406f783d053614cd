/** After the end: the rating, and the way to a new conversation. */

import { useState } from "preact/hooks";
import { StarIcon } from "./icons.tsx";
import type { View } from "./view.ts";

const STARS = [1, 2, 3, 4, 5];

export function Ending({ view }: { view: View }) {
  const { config, session, words, actions } = view;
  return (
    <div class="ending">
      {config.features.rating_enabled !== false && session.conversation?.view && <Rating view={view} />}
      <button type="button" class="button main" onClick={actions.startAnew}>
        {words("start_new")}
      </button>
    </div>
  );
}

/** The stars are saved by the click on them; the comment, if there is one, replaces the rating with a fuller one. */
function Rating({ view }: { view: View }) {
  const { session, words, actions } = view;
  const { rating, state } = session.feedback;
  const [hovered, setHovered] = useState(0);
  const [comment, setComment] = useState("");
  const [done, setDone] = useState(false);
  const stored = session.conversation?.view?.feedback;

  if (done && state === "sent") return <p class="thanks">{words("rate_thanks")}</p>;
  return (
    <form
      class="rating"
      onSubmit={(event) => {
        event.preventDefault();
        setDone(true);
        if (comment.trim()) actions.rate(rating, comment.trim());
      }}
    >
      <p class="rating-title" id="lc-rating">
        {words("rate")}
      </p>
      <div class="stars" role="radiogroup" aria-labelledby="lc-rating" onMouseLeave={() => setHovered(0)}>
        {STARS.map((n) => (
          <label key={n} class={n <= (hovered || rating) ? "star lit" : "star"} onMouseEnter={() => setHovered(n)}>
            <input
              type="radio"
              name="lc-stars"
              class="unseen"
              value={n}
              checked={rating === n}
              aria-label={words("rate_stars", { n })}
              onChange={() => actions.rate(n)}
            />
            <StarIcon />
          </label>
        ))}
      </div>
      {state === "failed" && (
        <p class="too-long" role="alert">
          {words("rate_failed")}{" "}
          <button type="button" class="link-button" onClick={() => actions.rate(rating, comment.trim() || undefined)}>
            {words("retry")}
          </button>
        </p>
      )}
      {rating > 0 && !stored?.comment && (
        <>
          <textarea
            class="comment"
            rows={2}
            maxLength={2000}
            value={comment}
            placeholder={words("rate_comment")}
            aria-label={words("rate_comment")}
            onInput={(event) => setComment(event.currentTarget.value)}
          />
          <button type="submit" class="button" disabled={comment.trim() === ""}>
            {words("rate_send")}
          </button>
        </>
      )}
    </form>
  );
}
