/** Where to go: a labelled column, a rail of icons, or a bar at the bottom, as the window allows. */
import type { ListName, Place } from "../router";
import { listed, unreadCount, waitingCount } from "../state/inbox";
import { useStore } from "../state/store";
import { Avatar } from "./Avatar";
import { useSurroundings } from "./context";
import { Icon, type IconName } from "./Icon";
import { Link } from "./Link";
import { Menu } from "./Menu";

export const LIST_TITLES: Record<ListName, string> = { mine: "Mine", queue: "Queue", all: "All", closed: "Closed" };

const LIST_ICONS: Record<ListName, IconName> = { mine: "inbox", queue: "queue", all: "all", closed: "resolved" };

interface NavProps {
  place: Place;
  onShortcuts: () => void;
  onSignOut: () => void;
}

export function Nav({ place, onShortcuts, onSignOut }: NavProps) {
  const { desk } = useSurroundings();
  const me = useStore(desk.me, (value) => value);
  const unread = useStore(desk.inbox, unreadCount);
  const waiting = useStore(desk.inbox, waitingCount);
  const mine = useStore(desk.inbox, (inbox) => listed(inbox, "mine").length);
  const counts: Partial<Record<ListName, number>> = { mine, queue: waiting };
  const current = place.page === "inbox" ? place.list : null;

  return (
    <nav class="nav" aria-label="Main">
      <p class="nav-company" title={me.company_name}>
        <span class="brand-mark small">
          <Icon name="conversation" size={14} />
        </span>
        <span class="nav-label">{me.company_name}</span>
      </p>
      <ul class="nav-links">
        {(["mine", "queue", "all", "closed"] as const).map((list) => {
          const count = counts[list] ?? 0;
          return (
            <li key={list}>
              <Link
                class="nav-link"
                to={{ page: "inbox", list, conversation: null }}
                isCurrent={current === list}
                title={LIST_TITLES[list]}
              >
                <Icon name={LIST_ICONS[list]} size={18} />
                <span class="nav-label">{LIST_TITLES[list]}</span>
                {count > 0 && (
                  <span class={list === "mine" && unread > 0 ? "count strong" : "count"}>
                    {count > 99 ? "99+" : count}
                    {list === "mine" && unread > 0 && <span class="only-said">, {unread} unread messages</span>}
                  </span>
                )}
              </Link>
            </li>
          );
        })}
        <li class="nav-statistics">
          <Link class="nav-link" to={{ page: "statistics" }} isCurrent={place.page === "statistics"} title="Statistics">
            <Icon name="statistics" size={18} />
            <span class="nav-label">Statistics</span>
          </Link>
        </li>
      </ul>
      <Menu
        class="nav-me"
        align="start"
        name={`${me.display_name}: account`}
        label={
          <>
            <Avatar id={me.id} name={me.display_name} picture={me.avatar_url} size={28} presence={me.status} />
            <span class="nav-me-text nav-label">
              <span class="cut">{me.display_name}</span>
              <span class="cut soft">{me.role === "admin" ? "Administrator" : "Agent"}</span>
            </span>
          </>
        }
      >
        <p class="menu-head">
          <strong>{me.display_name}</strong>
          <span>{me.email}</span>
        </p>
        <button type="button" role="menuitem" onClick={onShortcuts}>
          <Icon name="keyboard" /> Keyboard <kbd>?</kbd>
        </button>
        <button type="button" role="menuitem" onClick={onSignOut}>
          <Icon name="sign-out" /> Sign out
        </button>
      </Menu>
    </nav>
  );
}
