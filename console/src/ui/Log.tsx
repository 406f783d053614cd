/** What was said: days, groups of bubbles, and what the system noted between them. */
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { ConversationSnapshot } from "../../../client/src/conversation.ts";
import { dayName, exactTime, timeOfDay, visitorName } from "../format";
import { type Block, blocksOf, type Spoken } from "../state/blocks";
import type { AgentConversation, Me } from "../wire";
import { problemText, systemText } from "../words";
import { Avatar } from "./Avatar";
import { useNow } from "./hooks";
import { Icon } from "./Icon";
import { Prose } from "./Prose";

interface LogProps {
  snapshot: ConversationSnapshot<AgentConversation>;
  visitor: AgentConversation["visitor"];
  visitorReadSeq: number;
  me: Me;
  onOlder: () => void;
  onRetry: (clientMessageId: string) => void;
  onDiscard: (clientMessageId: string) => void;
}

/** This close to the end counts as being at the end. */
const NEAR_END = 80;

export function Log({ snapshot, visitor, visitorReadSeq, me, onOlder, onRetry, onDiscard }: LogProps) {
  const { messages, pending, typing, hasOlder, loadingOlder } = snapshot;
  const blocks = useMemo(() => blocksOf(messages, pending, me.id), [messages, pending, me.id]);
  const now = useNow(60_000);
  const scroller = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  const height = useRef(0);
  const first = useRef<number | undefined>(undefined);
  const [hasNews, setNews] = useState(false);

  const lastSeq = messages.at(-1)?.seq ?? 0;
  const lastOwn = lastPendingId(pending);
  const firstSeq = messages[0]?.seq;
  const isTyping = typing.some((typist) => typist.sender_type === "visitor");

  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const isOlderPage = first.current !== undefined && firstSeq !== undefined && firstSeq < first.current;
    if (isOlderPage) element.scrollTop += element.scrollHeight - height.current;
    else if (isAtEnd.current) element.scrollTop = element.scrollHeight;
    else setNews(true);
    first.current = firstSeq;
    height.current = element.scrollHeight;
  }, [firstSeq, lastSeq]);

  // What the agent writes is always brought into view; the dots only to who is looking at the end.
  useLayoutEffect(() => {
    if (lastOwn !== null) toEnd();
  }, [lastOwn]);
  useLayoutEffect(() => {
    if (isTyping && isAtEnd.current) toEnd();
  }, [isTyping]);

  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    // The composer grows and the window changes; the end stays in view.
    const watcher = new ResizeObserver(() => isAtEnd.current && toEnd());
    watcher.observe(element);
    return () => watcher.disconnect();
  }, []);

  function toEnd(): void {
    const element = scroller.current;
    if (!element) return;
    element.scrollTop = element.scrollHeight;
    isAtEnd.current = true;
    setNews(false);
  }

  function scrolled(): void {
    const element = scroller.current;
    if (!element) return;
    isAtEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END;
    if (isAtEnd.current) setNews(false);
    if (element.scrollTop < NEAR_END && hasOlder && !loadingOlder) onOlder();
  }

  const seenSeq = lastSeen(blocks, visitorReadSeq);
  const name = visitorName(visitor);

  return (
    <div class="log-frame">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region has to be reachable with the keyboard */}
      <section class="log" ref={scroller} onScroll={scrolled} aria-label={`Messages with ${name}`} tabIndex={0}>
        <div class="log-inner" role="log" aria-live="polite">
          {hasOlder && (
            <button type="button" class="button quiet log-older" onClick={onOlder} disabled={loadingOlder}>
              {loadingOlder ? "Loading…" : "Show earlier messages"}
            </button>
          )}
          {blocks.map((block) => (
            <BlockView
              key={block.key}
              block={block}
              now={now}
              me={me}
              visitorName={name}
              visitorId={visitor.id}
              seenSeq={seenSeq}
              onRetry={onRetry}
              onDiscard={onDiscard}
            />
          ))}
          {isTyping && (
            <div class="typing">
              <span class="typing-dots" aria-hidden="true">
                <i />
                <i />
                <i />
              </span>
              <span class="soft">{name} is writing</span>
            </div>
          )}
        </div>
      </section>
      {hasNews && (
        <button type="button" class="button to-end" onClick={toEnd}>
          <Icon name="arrow-down" size={14} /> New messages
        </button>
      )}
    </div>
  );
}

interface BlockViewProps {
  block: Block;
  now: number;
  me: Me;
  visitorName: string;
  visitorId: string;
  seenSeq: number | null;
  onRetry: (clientMessageId: string) => void;
  onDiscard: (clientMessageId: string) => void;
}

function BlockView({ block, now, me, visitorName: name, visitorId, seenSeq, onRetry, onDiscard }: BlockViewProps) {
  if (block.kind === "day") {
    return (
      <p class="day">
        <time dateTime={block.time}>{dayName(block.time, now)}</time>
      </p>
    );
  }
  if (block.kind === "system") {
    return (
      <p class="system">
        {systemText(block.message, me.id)}
        <time dateTime={block.message.created_at} title={exactTime(block.message.created_at)}>
          {timeOfDay(block.message.created_at)}
        </time>
      </p>
    );
  }
  const { side, author, spoken } = block;
  const who =
    side === "own"
      ? { id: me.id, name: me.display_name, picture: me.avatar_url }
      : side === "visitor"
        ? { id: visitorId, name, picture: null }
        : { id: author?.id ?? "", name: author?.name ?? "A colleague", picture: author?.avatar ?? null };
  const last = spoken.at(-1) as Spoken;
  return (
    <div class="group" data-side={side}>
      {side !== "own" && <Avatar id={who.id} name={who.name} picture={who.picture} size={28} />}
      <div class="group-bubbles">
        <p class="only-said">{side === "own" ? "You" : who.name}</p>
        {side === "colleague" && <p class="group-author soft">{who.name}</p>}
        {spoken.map((one) => (
          <Bubble key={one.key} spoken={one} onRetry={onRetry} onDiscard={onDiscard} />
        ))}
        <p class="group-foot">
          {last.state === "failed" ? null : (
            <time dateTime={last.created_at} title={exactTime(last.created_at)}>
              {timeOfDay(last.created_at)}
            </time>
          )}
          {last.seq !== null && last.seq === seenSeq && (
            <span class="seen">
              <Icon name="seen" size={14} /> Seen
            </span>
          )}
        </p>
      </div>
    </div>
  );
}

function Bubble({ spoken, onRetry, onDiscard }: { spoken: Spoken } & Pick<BlockViewProps, "onRetry" | "onDiscard">) {
  return (
    <>
      <div class="bubble" data-state={spoken.state} title={exactTime(spoken.created_at)}>
        <Prose text={spoken.content} />
      </div>
      {spoken.state === "failed" && (
        <Failed>
          {problemText(spoken.problem)}
          <button type="button" class="text-button" onClick={() => onRetry(spoken.key)}>
            Send again
          </button>
          <button type="button" class="text-button" onClick={() => onDiscard(spoken.key)}>
            Edit
          </button>
        </Failed>
      )}
    </>
  );
}

function Failed({ children }: { children: ComponentChildren }) {
  return (
    <p class="failed" role="alert">
      <Icon name="alert" size={14} /> Not sent. {children}
    </p>
  );
}

/** The last of the agent's messages that the visitor has seen. */
function lastSeen(blocks: readonly Block[], visitorReadSeq: number): number | null {
  let seen: number | null = null;
  for (const block of blocks) {
    if (block.kind !== "group" || block.side === "visitor") continue;
    for (const { seq } of block.spoken) if (seq !== null && seq <= visitorReadSeq) seen = seq;
  }
  return seen;
}

function lastPendingId(pending: ConversationSnapshot["pending"]): string | null {
  return pending.at(-1)?.client_message_id ?? null;
}
