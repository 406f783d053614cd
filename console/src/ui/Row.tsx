/** One conversation in a list: who, what was said last, and whether somebody waits. */
import { ago, duration, exactTime, visitorName } from "../format";
import type { ListName } from "../router";
import { isOpen as isOpenConversation, lastActivity, waitingSince } from "../state/inbox";
import type { AgentConversation } from "../wire";
import { Avatar } from "./Avatar";
import { beginWriting } from "./beginWriting";
import { Icon } from "./Icon";
import { Link } from "./Link";

/** From when a wait is worth a colour, in seconds. */
const LONG_WAIT = 120;
const TOO_LONG_A_WAIT = 300;

interface RowProps {
  conversation: AgentConversation;
  list: ListName;
  isOpen: boolean;
  agentId: string;
  now: number;
}

export function Row({ conversation, list, isOpen, agentId, now }: RowProps) {
  const { visitor, last_message: last } = conversation;
  // What nobody can answer any more waits for nobody.
  const unread = isOpenConversation(conversation) ? conversation.unread_count : 0;
  const name = visitorName(visitor);
  const time = lastActivity(conversation);
  return (
    <Link
      class={`row${unread > 0 ? " unread" : ""}`}
      to={{ page: "inbox", list, conversation: conversation.id }}
      isCurrent={isOpen}
      onFollow={() => requestAnimationFrame(beginWriting)}
    >
      <Avatar id={visitor.id} name={name} size={32} />
      <span class="row-text">
        <span class="row-line">
          <span class="row-name cut">{name}</span>
          <time class="row-time figures" dateTime={time} title={exactTime(time)}>
            {ago(time, now)}
          </time>
        </span>
        <span class="row-line">
          <span class="row-preview cut">
            {last ? preview(last, conversation, agentId) : <span class="soft">No message yet</span>}
          </span>
          {unread > 0 && (
            <span class="count strong">
              {unread > 99 ? "99+" : unread} <span class="only-said">unread</span>
            </span>
          )}
        </span>
        <Facts conversation={conversation} list={list} agentId={agentId} now={now} />
      </span>
    </Link>
  );
}

function preview(
  last: NonNullable<AgentConversation["last_message"]>,
  conversation: AgentConversation,
  agentId: string,
): string {
  if (last.sender_type !== "agent") return last.content;
  const isMine = conversation.agent?.id === agentId;
  return `${isMine ? "You" : (conversation.agent?.name.split(" ")[0] ?? "Agent")}: ${last.content}`;
}

function Facts({ conversation, list, agentId, now }: Pick<RowProps, "conversation" | "list" | "agentId" | "now">) {
  const since = waitingSince(conversation);
  const waited = since === null ? 0 : (now - Date.parse(since)) / 1000;
  const { agent } = conversation;
  const isOthers = agent !== null && agent.id !== agentId;
  const shows =
    (since !== null && waited >= 60) ||
    (list !== "mine" && (isOthers || !isOpenConversation(conversation) || conversation.status === "queued"));
  if (!shows) return null;
  return (
    <span class="row-facts">
      {since !== null && (
        <span
          class={waited > TOO_LONG_A_WAIT ? "wait too-long" : waited > LONG_WAIT ? "wait long" : "wait"}
          title={`Since ${exactTime(since)}`}
        >
          <Icon name="clock" size={12} /> {waited < 60 ? "Just arrived" : `Waiting ${duration(waited)}`}
        </span>
      )}
      {conversation.status === "resolved" && <span>Resolved</span>}
      {conversation.status === "closed" && <span>Ended</span>}
      {isOthers && <span class="cut">{agent.name}</span>}
      {conversation.feedback && (
        <span class="row-rating" title={`Rated ${conversation.feedback.rating} of 5`}>
          <Icon name="star" size={12} /> {conversation.feedback.rating}
        </span>
      )}
    </span>
  );
}
