/** The end: the question before it, the rating after it, and the way to a new conversation. */

import { StarIcon } from "../../app/icons.tsx";
import type { View } from "../../app/view.ts";

export function EndQuestion({ view: { words, local, actions } }: { view: View }) {
  const question = words(local.ending === "failed" ? "end_failed" : "end_question");
  return (
    <div class="question" role="alertdialog" aria-label={question}>
      <p>{question}</p>
      <button type="button" class="button" onClick={() => actions.set({ ending: "no" })}>
        {words("end_cancel")}
      </button>
      <button type="button" class="button danger" disabled={local.ending === "doing"} onClick={actions.end}>
        {words("end_confirm")}
      </button>
    </div>
  );
}

export function Ending({ view }: { view: View }) {
  const { config, session, words, actions } = view;
  return (
    <div class="ending">
      {config.features.rating_enabled !== false && session.view && <Rating view={view} />}
      <button type="button" class="button main" onClick={actions.startAnew}>
        {words("start_new")}
      </button>
    </div>
  );
}

/** The stars are saved by the click on them; the comment, if there is one, replaces the rating with a fuller one. */
function Rating({ view: { session, local, words, actions } }: { view: View }) {
  const { rating, state } = session.feedback;
  if (state === "sent" && (local.commented || session.view?.feedback?.comment)) {
    return <p class="thanks">{words("rate_thanks")}</p>;
  }
  return (
    <form
      class="rating"
      onSubmit={(event) => {
        event.preventDefault();
        actions.set({ commented: true });
        actions.rate(rating);
      }}
    >
      <p id="lc-rating">{words("rate")}</p>
      <div class="stars" role="radiogroup" aria-labelledby="lc-rating">
        {[1, 2, 3, 4, 5].map((n) => (
          <label key={n} class={n <= rating ? "star lit" : "star"}>
            <input
              type="radio"
              name="lc-stars"
              class="unseen"
              checked={rating === n}
              aria-label={words("rate_stars", { n })}
              onChange={() => actions.rate(n)}
            />
            <StarIcon />
          </label>
        ))}
      </div>
      {state === "failed" && (
        <p class="error" role="alert">
          {words("rate_failed")}
          <button type="button" class="link" onClick={() => actions.rate(rating)}>
            {words("retry")}
          </button>
        </p>
      )}
      {rating > 0 && (
        <>
          <textarea
            class="comment"
            rows={2}
            maxLength={2000}
            value={local.comment}
            placeholder={words("rate_comment")}
            aria-label={words("rate_comment")}
            onInput={(event) => actions.set({ comment: event.currentTarget.value })}
          />
          <button type="submit" class="button" disabled={!local.comment.trim()}>
            {words("rate_send")}
          </button>
        </>
      )}
    </form>
  );
}
