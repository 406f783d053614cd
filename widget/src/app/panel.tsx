/** The panel: header, log, and at its foot whatever the visitor can do next. */

import { useEffect, useRef, useState } from "preact/hooks";
import { Composer } from "./composer.tsx";
import { Ending } from "./ending.tsx";
import { Header } from "./header.tsx";
import { ClockIcon } from "./icons.tsx";
import { LogView } from "./log.tsx";
import type { View } from "./view.ts";

export function Panel({ view }: { view: View }) {
  const { session, words, open, phone, actions } = view;
  const panel = useRef<HTMLDivElement>(null);
  const [asking, setAsking] = useState(false);

  useEffect(() => {
    if (!open) setAsking(false);
    else if (phone) panel.current?.querySelector<HTMLElement>(".close")?.focus({ preventScroll: true });
  }, [open, phone]);

  return (
    <div
      ref={panel}
      class="panel"
      role="dialog"
      aria-label={words("panel_label")}
      aria-modal={phone && open ? true : undefined}
      data-open={open ? "" : undefined}
      onKeyDown={(event) => {
        if (event.key === "Escape") {
          event.stopPropagation();
          if (asking) setAsking(false);
          else actions.close();
        } else if (event.key === "Tab" && phone && panel.current) {
          keepFocusInside(event, panel.current);
        }
      }}
    >
      <Header view={view} onEnd={() => setAsking(true)} />
      <LogView view={view} />
      <Notice view={view} />
      {session.ended ? (
        <Ending view={view} />
      ) : asking ? (
        <EndQuestion view={view} onDone={() => setAsking(false)} />
      ) : (
        <Composer view={view} focusKey={session.conversation?.id} />
      )}
    </div>
  );
}

function Notice({ view }: { view: View }) {
  const { session, words, online, config } = view;
  const queued = session.conversation?.view?.status === "queued";
  if (!online) return <p class="notice warn">{words("no_network")}</p>;
  if (!queued) return null;
  return (
    <p class="notice">
      <ClockIcon />
      <span>{words(config.agents.is_online ? "queue" : "queue_away")}</span>
    </p>
  );
}

function EndQuestion({ view, onDone }: { view: View; onDone: () => void }) {
  const { words, actions } = view;
  const [state, setState] = useState<"asking" | "ending" | "failed">("asking");
  const keep = useRef<HTMLButtonElement>(null);
  useEffect(() => keep.current?.focus(), []);
  return (
    <div class="question" role="alertdialog" aria-label={words("end_question")}>
      <p>{state === "failed" ? words("end_failed") : words("end_question")}</p>
      <div class="answers">
        <button ref={keep} type="button" class="button" onClick={onDone}>
          {words("end_cancel")}
        </button>
        <button
          type="button"
          class="button danger"
          disabled={state === "ending"}
          onClick={() => {
            setState("ending");
            actions.end().then(onDone, () => setState("failed"));
          }}
        >
          {words("end_confirm")}
        </button>
      </div>
    </div>
  );
}

function keepFocusInside(event: KeyboardEvent, panel: HTMLElement): void {
  const stops = [...panel.querySelectorAll<HTMLElement>("a[href],button,textarea,input,[tabindex='0']")].filter(
    (stop) => !(stop as HTMLButtonElement).disabled && stop.offsetParent !== null,
  );
  const active = (panel.getRootNode() as ShadowRoot).activeElement;
  const [first, last] = [stops[0], stops[stops.length - 1]];
  if (event.shiftKey && active === first) {
    event.preventDefault();
    last?.focus();
  } else if (!event.shiftKey && active === last) {
    event.preventDefault();
    first?.focus();
  }
}
