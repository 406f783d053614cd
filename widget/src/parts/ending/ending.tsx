/** The end: the way to it, the question before it, the rating after it, and the way to a new conversation. */

import { EndIcon, StarIcon } from "../../app/icons.tsx";
import type { View } from "../../app/view.ts";
import type { Place } from "../../contract.ts";
import { End } from "./end.ts";
import { FeedbackDesk } from "./feedback.ts";

let desk: FeedbackDesk;
let end: End;

export function start({ session, redraw }: Place): () => void {
  desk = new FeedbackDesk(session, redraw);
  end = new End(session, redraw);
  return () => {};
}

export function Menu({ view: { words, actions } }: { view: View }) {
  return (
    <div class="menu" role="menu">
      <button type="button" role="menuitem" class="menu-item" onClick={() => actions.set({ sheet: "end" })}>
        <EndIcon />
        {words("end")}
      </button>
    </div>
  );
}

export function EndQuestion({ view: { words, actions } }: { view: View }) {
  const { state } = end;
  const question = words(state === "failed" ? "end_failed" : "end_question");
  return (
    <div class="question" role="alertdialog" aria-label={question}>
      <p>{question}</p>
      <button type="button" class="button" onClick={() => actions.set({ sheet: "" })}>
        {words("end_cancel")}
      </button>
      <button
        type="button"
        class="button danger"
        disabled={state === "doing"}
        onClick={() => end.confirm().then((done) => done && actions.set({ sheet: "" }))}
      >
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

function Rating({ view: { session, words } }: { view: View }) {
  const { rating, state, comment, commented } = desk.told(session.view);
  if (state === "sent" && commented) {
    return <p class="thanks">{words("rate_thanks")}</p>;
  }
  return (
    <form
      class="rating"
      onSubmit={(event) => {
        event.preventDefault();
        desk.rate(rating, true);
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
              onChange={() => desk.rate(n)}
            />
            <StarIcon />
          </label>
        ))}
      </div>
      {state === "failed" && (
        <p class="error" role="alert">
          {words("rate_failed")}
          <button type="button" class="link" onClick={() => desk.rate(rating, commented)}>
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
            value={comment}
            placeholder={words("rate_comment")}
            aria-label={words("rate_comment")}
            onInput={(event) => desk.write(event.currentTarget.value)}
          />
          <button type="submit" class="button" disabled={!comment.trim()}>
            {words("rate_send")}
          </button>
        </>
      )}
    </form>
  );
}
