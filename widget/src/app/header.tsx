/** Who the visitor talks with, and the way out. */

import { useEffect, useRef, useState } from "preact/hooks";
import { Avatar } from "./avatar.tsx";
import { CloseIcon, EndIcon, MoreIcon } from "./icons.tsx";
import { safeHref } from "./links.ts";
import type { View } from "./view.ts";

const FACES = 3;
const SHORT = 48;

export function Header({ view, onEnd }: { view: View; onEnd: () => void }) {
  const { config, session, words, actions } = view;
  const agent = session.conversation?.view?.agent ?? null;
  const { available_agents: team, is_online } = config.agents;
  const logo = config.branding.logo_url ? safeHref(config.branding.logo_url) : null;
  const canEnd = session.conversation !== null && !session.ended;
  const message = config.behavior.online_message ?? "";
  const online = message && message.length <= SHORT ? message : words("online");

  return (
    <header class="header">
      {agent ? (
        <Avatar id={agent.id} name={agent.name} picture={agent.avatar} size="m" />
      ) : logo ? (
        <img class="logo" src={logo} alt="" />
      ) : (
        team.length > 0 && (
          <span class="faces">
            {team.slice(0, FACES).map((face) => (
              <Avatar key={face.id} id={face.id} name={face.name} picture={face.avatar} size="m" />
            ))}
          </span>
        )
      )}
      <div class="who">
        <h2 class="name">{agent?.name ?? words("title")}</h2>
        <p class="status">
          <span class={`dot ${is_online ? "dot-online" : ""}`} />
          {agent && is_online ? words("agent_role") : is_online ? online : words("away")}
        </p>
      </div>
      {canEnd && <Menu view={view} onEnd={onEnd} />}
      <button type="button" class="head-button close" aria-label={words("close")} onClick={actions.close}>
        <CloseIcon />
      </button>
    </header>
  );
}

function Menu({ view, onEnd }: { view: View; onEnd: () => void }) {
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const item = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (open) item.current?.focus();
  }, [open]);

  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  return (
    <div
      class="menu-holder"
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !open) return;
        event.stopPropagation();
        close();
      }}
      onFocusOut={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOpen(false);
      }}
    >
      <button
        ref={button}
        type="button"
        class="head-button"
        aria-label={view.words("menu")}
        aria-haspopup="menu"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <MoreIcon />
      </button>
      {open && (
        <div class="menu" role="menu">
          <button
            ref={item}
            type="button"
            role="menuitem"
            class="menu-item"
            onClick={() => {
              setOpen(false);
              onEnd();
            }}
          >
            <EndIcon />
            {view.words("end")}
          </button>
        </div>
      )}
    </div>
  );
}
