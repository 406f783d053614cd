/** Where the visitor writes. It grows with the text; Enter sends, Shift+Enter begins a new line. */

import { useEffect, useRef, useState } from "preact/hooks";
import { SendIcon } from "./icons.tsx";
import type { View } from "./view.ts";

const MAX_CODE_POINTS = 10_000;
const MAX_BYTES = 24 * 1024;

/** How many characters have to go, by whichever limit is stricter. */
export function excess(text: string): number {
  const points = Array.from(text).length;
  const bytes = new TextEncoder().encode(text).length;
  return Math.max(
    points - MAX_CODE_POINTS,
    bytes > MAX_BYTES ? Math.ceil(((bytes - MAX_BYTES) / bytes) * points) : 0,
    0,
  );
}

export function Composer({ view, focusKey }: { view: View; focusKey: unknown }) {
  const { config, session, words, actions, prefilled } = view;
  const [text, setText] = useState("");
  const field = useRef<HTMLTextAreaElement>(null);
  const { gdpr_consent_required, gdpr_text, typing_indicator_enabled } = config.features;
  const mayStart = !gdpr_consent_required || session.consented;
  const over = excess(text);
  const ready = mayStart && over === 0 && text.trim() !== "";

  useEffect(() => {
    if (prefilled) setText(prefilled.text);
  }, [prefilled]);
  useEffect(() => {
    if (view.open && !view.phone) field.current?.focus({ preventScroll: true });
  }, [focusKey, view.open]);

  const send = () => {
    if (!ready) return;
    actions.send(text.trim());
    setText("");
    field.current?.focus();
  };

  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {gdpr_consent_required && session.conversation === null && (
        <label class="consent">
          <input
            type="checkbox"
            checked={session.consented}
            onChange={(event) => actions.consent(event.currentTarget.checked)}
          />
          <span>{gdpr_text}</span>
        </label>
      )}
      {over > 0 && (
        <p class="too-long" role="alert">
          {words("too_long", { n: over })}
        </p>
      )}
      <div class="field">
        {/* The replica behind the field makes it as high as its text, without a style of its own. */}
        <div class="grow" data-text={`${text}\n`}>
          <textarea
            ref={field}
            rows={1}
            value={text}
            dir="auto"
            enterkeyhint="send"
            placeholder={words(config.agents.is_online ? "placeholder" : "placeholder_offline")}
            aria-label={words("placeholder")}
            onInput={(event) => {
              const value = event.currentTarget.value;
              setText(value);
              if (typing_indicator_enabled !== false) actions.typing(value.trim() !== "");
            }}
            onKeyDown={(event) => {
              // 229: an input method is composing, in browsers that do not say so.
              if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
              event.preventDefault();
              send();
            }}
          />
        </div>
        <button
          type="submit"
          class="send"
          aria-label={words("send")}
          aria-disabled={!ready}
          title={mayStart ? undefined : words("consent_needed")}
        >
          <SendIcon />
        </button>
      </div>
    </form>
  );
}
