/** The panel: header, log, and at its foot whatever the visitor can do next. */

import { Composer } from "./composer.tsx";
import { Header } from "./header.tsx";
import { ClockIcon } from "./icons.tsx";
import { LogView } from "./log.tsx";
import type { View } from "./view.ts";

export function Panel({ view }: { view: View }) {
  const { session, local, words, open, phone, actions } = view;
  const ending = open && (local.sheet || session.ended) ? view.part("ending") : undefined;
  return (
    <div
      class={open ? "panel open" : "panel"}
      role="dialog"
      tabIndex={-1}
      aria-label={words("panel_label")}
      aria-modal={phone && open}
      onKeyDown={(event) => {
        if (event.key === "Escape") {
          event.stopPropagation();
          if (local.sheet) actions.set({ sheet: "" });
          else actions.close();
        } else if (event.key === "Tab" && phone) {
          keepFocusInside(event, event.currentTarget);
        }
      }}
    >
      <Header view={view} />
      <LogView view={view} />
      <Notice view={view} />
      {session.ended ? (
        ending && <ending.Ending view={view} />
      ) : local.sheet === "end" && ending ? (
        <ending.EndQuestion view={view} />
      ) : (
        <Composer view={view} />
      )}
    </div>
  );
}

function Notice({ view: { session, words, online, config } }: { view: View }) {
  if (!online) return <p class="notice warn">{words("no_network")}</p>;
  if (session.view?.status !== "queued") return null;
  return (
    <p class="notice">
      <ClockIcon />
      {words(config.agents.is_online ? "queue" : "queue_away")}
    </p>
  );
}

function keepFocusInside(event: KeyboardEvent, panel: HTMLElement): void {
  const stops = Array.from(
    panel.querySelectorAll<HTMLElement>("a[href],button:not(:disabled),textarea,input,[tabindex='0']"),
  );
  const active = (panel.getRootNode() as ShadowRoot).activeElement;
  const [from, to] = event.shiftKey ? [stops[0], stops[stops.length - 1]] : [stops[stops.length - 1], stops[0]];
  if (active !== from || !to) return;
  event.preventDefault();
  to.focus();
}
