/** Where the visitor writes. It grows with the text; Enter sends, Shift+Enter begins a new line. */

import { SendIcon } from "./icons.tsx";
import type { View } from "./view.ts";

const MAX_CODE_POINTS = 10_000;
const MAX_BYTES = 24 * 1024;

/** How many characters have to go, by whichever limit is stricter. */
export function excess(text: string): number {
  const points = Array.from(text).length;
  const bytes = new TextEncoder().encode(text).length;
  return Math.max(points - MAX_CODE_POINTS, Math.ceil(((bytes - MAX_BYTES) / (bytes || 1)) * points), 0);
}

export function maySend({ config, session, local }: View): boolean {
  const agreed = !config.features.gdpr_consent_required || session.consented;
  return agreed && local.draft.trim() !== "" && !excess(local.draft);
}

export function Composer({ view }: { view: View }) {
  const { config, session, local, words, actions } = view;
  const gate = config.features.gdpr_consent_required && !session.conversation && view.part("gate");
  const over = excess(local.draft);
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        actions.send();
      }}
    >
      {gate && <gate.Gate view={view} />}
      {over > 0 && (
        <p class="error" role="alert">
          {words("too_long", { n: over })}
        </p>
      )}
      <div class="field">
        {/* The replica behind the field makes it as high as its text, without a style of its own. */}
        <div class="grow" data-text={`${local.draft}\n`}>
          <textarea
            rows={1}
            value={local.draft}
            dir="auto"
            enterkeyhint="send"
            placeholder={words(config.agents.is_online || session.view?.agent ? "placeholder" : "placeholder_offline")}
            aria-label={words("placeholder")}
            onInput={(event) => actions.write(event.currentTarget.value)}
            onKeyDown={(event) => {
              // 229: an input method is composing, in browsers that do not say so.
              if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
              event.preventDefault();
              actions.send();
            }}
          />
        </div>
        <button type="submit" class="send" aria-label={words("send")} aria-disabled={!maySend(view)}>
          <SendIcon />
        </button>
      </div>
    </form>
  );
}
