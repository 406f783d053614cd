/** To whom a conversation can be given. */
import { useEffect } from "preact/hooks";
import { visitorName } from "../format";
import { useStore } from "../state/store";
import type { AgentConversation, Colleague } from "../wire";
import { PRESENCE_NAMES } from "../words";
import { Avatar } from "./Avatar";
import { useSurroundings } from "./context";
import { Dialog } from "./Dialog";

export function Transfer({ conversation, onClose }: { conversation: AgentConversation; onClose: () => void }) {
  const { desk } = useSurroundings();
  const myId = useStore(desk.me, (me) => me.id);
  const colleagues = useStore(desk.colleagues, (value) => value).filter(({ id }) => id !== myId);
  useEffect(() => void desk.loadColleagues(), [desk]);

  const give = (to: Colleague) => {
    onClose();
    void desk.transfer(conversation.id, to);
  };
  return (
    <Dialog title={`Transfer ${visitorName(conversation.visitor)}`} onClose={onClose}>
      {colleagues.length === 0 && (
        <p class="soft">You have no colleagues here yet. An administrator can invite them.</p>
      )}
      <ul class="colleagues">
        {[...colleagues].sort(byReadiness).map((colleague) => {
          const isFull = colleague.current_chat_count >= colleague.max_concurrent_chats;
          return (
            <li key={colleague.id}>
              <button type="button" class="colleague" disabled={isFull} onClick={() => give(colleague)}>
                <Avatar
                  id={colleague.id}
                  name={colleague.name}
                  picture={colleague.avatar}
                  size={32}
                  presence={colleague.status}
                />
                <span class="menu-text">
                  <span class="cut">{colleague.name}</span>
                  <span class="soft">
                    {PRESENCE_NAMES[colleague.status]}
                    {isFull && " · no room for more"}
                  </span>
                </span>
                <span class="soft figures">
                  {colleague.current_chat_count} of {colleague.max_concurrent_chats}
                </span>
              </button>
            </li>
          );
        })}
      </ul>
    </Dialog>
  );
}

const READINESS = { online: 0, busy: 1, away: 2, offline: 3 } as const;

function byReadiness(a: Colleague, b: Colleague): number {
  return (
    READINESS[a.status] - READINESS[b.status] ||
    a.current_chat_count - b.current_chat_count ||
    a.name.localeCompare(b.name)
  );
}
