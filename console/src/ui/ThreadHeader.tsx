/** Who the conversation is with, who has it, and the decisions its state allows. */
import { useState } from "preact/hooks";
import { visitorName } from "../format";
import type { ListName } from "../router";
import { isOpen } from "../state/inbox";
import { useStore } from "../state/store";
import type { AgentConversation } from "../wire";
import { Avatar } from "./Avatar";
import { useSurroundings } from "./context";
import { Icon } from "./Icon";
import { Link } from "./Link";
import { Menu } from "./Menu";
import { Transfer } from "./Transfer";
import { useTake } from "./useTake";

interface ThreadHeaderProps {
  conversation: AgentConversation;
  list: ListName;
  isPanelOpen: boolean;
  onPanel: () => void;
}

export function ThreadHeader({ conversation, list, isPanelOpen, onPanel }: ThreadHeaderProps) {
  const { desk } = useSurroundings();
  const me = useStore(desk.me, (value) => value);
  const take = useTake();
  const [isTransferring, setTransferring] = useState(false);
  const { id, visitor, agent, status } = conversation;
  const name = visitorName(visitor);
  const isMine = agent?.id === me.id;
  const isMineToGive = isMine || me.role === "admin" || status === "queued";

  return (
    <header class="pane-head thread-head">
      <Link class="icon-button thread-back" to={{ page: "inbox", list, conversation: null }} title="Back to the list">
        <Icon name="back" size={18} />
        <span class="only-said">Back to the list</span>
      </Link>
      <div class="thread-who">
        <Avatar id={visitor.id} name={name} size={32} />
        <div class="thread-who-text">
          <h2 class="cut">
            <span class="beside-panel">{name}</span>
            <button
              type="button"
              class="opens-panel cut"
              aria-expanded={isPanelOpen}
              aria-label={`${name}: about the visitor`}
              onClick={onPanel}
            >
              {name}
            </button>
          </h2>
          <p class="soft cut">{standing(conversation, isMine)}</p>
        </div>
      </div>
      {status === "queued" && (
        <button type="button" class="button primary" aria-label="Take conversation" onClick={() => take(id)}>
          Take<span class="only-wide"> conversation</span>
        </button>
      )}
      {status === "active" && isMine && (
        <button type="button" class="button" onClick={() => void desk.resolve(id)}>
          <Icon name="check" /> Resolve
        </button>
      )}
      {!isOpen(conversation) && (
        <button type="button" class="button" onClick={() => void desk.reopen(id)}>
          Reopen
        </button>
      )}
      {isOpen(conversation) && isMineToGive && (
        <Menu class="icon-button" name="More to do" label={<Icon name="more" size={18} />}>
          <button type="button" role="menuitem" onClick={() => setTransferring(true)}>
            <Icon name="transfer" /> {status === "queued" ? "Give to a colleague…" : "Transfer to a colleague…"}
          </button>
          {status === "active" && (
            <button type="button" role="menuitem" onClick={() => void desk.release(id)}>
              <Icon name="release" /> Return to queue
            </button>
          )}
          <button type="button" role="menuitem" class="bad" onClick={() => void desk.end(id)}>
            <Icon name="close" /> End conversation
          </button>
        </Menu>
      )}
      {isTransferring && <Transfer conversation={conversation} onClose={() => setTransferring(false)} />}
    </header>
  );
}

function standing({ status, agent, widget_name: widget }: AgentConversation, isMine: boolean): string {
  switch (status) {
    case "queued":
      return `In the queue · ${widget}`;
    case "active":
      return `${isMine ? "With you" : `With ${agent?.name ?? "a colleague"}`} · ${widget}`;
    case "resolved":
      return `Resolved · ${widget}`;
    case "closed":
      return `Ended · ${widget}`;
  }
}
