/** Whether new conversations may come to this agent. */
import { useStore } from "../state/store";
import { PRESENCES, type Presence } from "../wire";
import { PRESENCE_NAMES } from "../words";
import { useSurroundings } from "./context";
import { Icon } from "./Icon";
import { Menu } from "./Menu";

const MEANINGS: Record<Presence, string> = {
  online: "New conversations come to you",
  away: "Back soon; nothing new meanwhile",
  busy: "Working; nothing new, please",
  offline: "Not at work",
};

export function PresenceSwitch() {
  const { desk } = useSurroundings();
  const status = useStore(desk.me, (me) => me.status);
  return (
    <Menu
      class="presence"
      name={`Your presence: ${PRESENCE_NAMES[status]}`}
      label={
        <>
          <span class="presence-dot" data-status={status} />
          {PRESENCE_NAMES[status]}
          <Icon name="down" size={14} />
        </>
      }
    >
      {PRESENCES.map((presence) => (
        <button
          key={presence}
          type="button"
          role="menuitemradio"
          aria-checked={presence === status}
          onClick={() => void desk.setPresence(presence)}
        >
          <span class="presence-dot" data-status={presence} />
          <span class="menu-text">
            <span>{PRESENCE_NAMES[presence]}</span>
            <span class="soft">{MEANINGS[presence]}</span>
          </span>
          {presence === status && <Icon name="check" />}
        </button>
      ))}
    </Menu>
  );
}
