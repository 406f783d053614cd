/** Who the visitor talks with, and the way out. */

import { safeHref } from "./address.ts";
import { Avatar } from "./avatar.tsx";
import { CloseIcon, MoreIcon } from "./icons.tsx";
import type { View } from "./view.ts";

const FACES = 3;
/** A longer online message is for the log, not for the line below the title. */
const SHORT = 48;

export function Header({ view }: { view: View }) {
  const { config, session, words, actions } = view;
  const agent = session.view?.agent;
  const { available_agents, is_online } = config.agents;
  const logo = safeHref(config.branding.logo_url || "");
  const { online_message } = config.behavior;
  const online = online_message && online_message.length <= SHORT ? online_message : words("online");
  const faces = agent ? [agent] : logo ? [] : available_agents.slice(0, FACES);

  const tall = faces.length && !session.conversation && !session.opening.length;

  return (
    <header class={tall ? "header tall" : "header"}>
      {!agent && logo && <img class="logo" src={logo} alt="" />}
      {faces.length > 0 && (
        <span class="faces">
          {faces.map((face) => (
            <Avatar key={face.id} face={face} size="m" />
          ))}
        </span>
      )}
      <div class="who">
        <h2 class="name">{agent ? agent.name : words("title")}</h2>
        <p class="status">
          <span class={`dot ${is_online || agent ? "dot-online" : ""}`} />
          {agent ? words("agent_role") : is_online ? online : words("away")}
        </p>
      </div>
      {session.conversation && !session.ended && <Menu view={view} />}
      <button type="button" class="head-button close" aria-label={words("close")} onClick={actions.close}>
        <CloseIcon />
      </button>
    </header>
  );
}

function Menu({ view }: { view: View }) {
  const { words, local, actions } = view;
  const isOpen = local.sheet === "menu";
  const ending = isOpen && view.part("ending");
  return (
    <div
      class="menu-holder"
      onFocusOut={(event) => {
        if (isOpen && !event.currentTarget.contains(event.relatedTarget as Node | null)) actions.set({ sheet: "" });
      }}
    >
      <button
        type="button"
        class="head-button more"
        aria-label={words("menu")}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        onClick={() => actions.set({ sheet: isOpen ? "" : "menu" })}
      >
        <MoreIcon />
      </button>
      {ending && <ending.Menu view={view} />}
    </div>
  );
}
