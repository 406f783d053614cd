/** The log: bubbles in groups, days, what happened, who types; it stays at the end unless the visitor scrolled away. */

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { Avatar } from "./avatar.tsx";
import { type Bubble, type Row, rowsOf } from "./groups.ts";
import { AlertIcon, DownIcon } from "./icons.tsx";
import { linkPieces } from "./links.ts";
import { dayName, exactTime, shortTime } from "./times.ts";
import type { View } from "./view.ts";

/** How near to the end still counts as being there. */
const NEAR = 80;

export function LogView({ view }: { view: View }) {
  const { session, words, actions } = view;
  const conversation = session.conversation;
  const messages = conversation?.messages ?? [];
  const pending = useMemo(
    () => [...(conversation?.pending ?? []), ...session.opening],
    [conversation?.pending, session.opening],
  );
  const rows = useMemo(() => rowsOf(messages, pending, words), [messages, pending, words]);
  const typists = (conversation?.typing ?? []).filter((typist) => typist.sender_type !== "visitor");
  const loading = conversation?.state === "loading" && pending.length === 0;

  const scroller = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const [away, setAway] = useState(false);
  /** Entries that were there when the log was first drawn do not slide in. */
  const born = useRef(Date.now());

  const first = messages[0]?.seq;
  const before = useRef({ first, height: 0, count: 0 });
  const count = messages.length + pending.length;
  useLayoutEffect(() => {
    const box = scroller.current;
    if (!box) return;
    const was = before.current;
    const older = was.first !== undefined && first !== undefined && first < was.first;
    if (older) box.scrollTop += box.scrollHeight - was.height;
    else if (atEnd.current || (pending.length > 0 && count > was.count)) toEnd(box);
    else if (count > was.count) setAway(true);
    before.current = { first, height: box.scrollHeight, count };
  }, [first, count, typists.length, loading, session.ended, session.feedback.state, view.open, pending.length]);

  const onScroll = () => {
    const box = scroller.current;
    if (!box) return;
    atEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR;
    if (atEnd.current) setAway(false);
    if (box.scrollTop < 120 && conversation?.hasOlder && !conversation.loadingOlder) actions.loadOlder();
  };

  const lastOwn = findLastOwn(rows);
  return (
    <div class="log-frame">
      <div
        ref={scroller}
        class="log"
        role="log"
        aria-live="off"
        aria-label={words("panel_label")}
        tabIndex={0}
        onScroll={onScroll}
      >
        {conversation?.hasOlder ? (
          <button
            type="button"
            class="link-button older"
            disabled={conversation.loadingOlder}
            onClick={actions.loadOlder}
          >
            {words("older")}
          </button>
        ) : (
          !loading && <Welcome view={view} />
        )}
        {loading && <Skeleton label={words("loading")} />}
        {conversation?.state === "failed" && messages.length === 0 && (
          <div class="trouble" role="alert">
            <AlertIcon />
            <p>{words("load_failed")}</p>
            <button type="button" class="button" onClick={actions.reload}>
              {words("retry")}
            </button>
          </div>
        )}
        {rows.map((row) =>
          row.kind === "day" ? (
            <p key={row.key} class="day">
              {dayName(row.at, view.now, words, view.locale)}
            </p>
          ) : row.kind === "event" ? (
            <p key={row.key} class="event" title={exactTime(row.at, view.locale)}>
              {row.text}
            </p>
          ) : (
            <Group key={row.key} row={row} view={view} isLastOwn={row === lastOwn} born={born.current} />
          ),
        )}
        {typists.map((typist) => (
          <div key={typist.sender?.id ?? typist.sender_type} class="group" aria-hidden="true">
            <Avatar
              id={typist.sender?.id ?? ""}
              name={typist.sender?.name ?? ""}
              picture={typist.sender?.avatar ?? null}
              size="s"
            />
            <div class="bubbles">
              <span class="bubble typing" title={words("typing", { name: typist.sender?.name ?? words("someone") })}>
                <i />
                <i />
                <i />
              </span>
            </div>
          </div>
        ))}
      </div>
      {away && (
        <button
          type="button"
          class="newest"
          onClick={() => {
            if (scroller.current) toEnd(scroller.current);
            setAway(false);
          }}
        >
          <DownIcon />
          {words("newest")}
        </button>
      )}
      <Announcer view={view} />
    </div>
  );
}

function toEnd(box: HTMLElement): void {
  box.scrollTop = box.scrollHeight;
}

function findLastOwn(rows: readonly Row[]): Row | undefined {
  const groups = rows.filter((row) => row.kind === "group");
  const last = groups[groups.length - 1];
  return last?.kind === "group" && last.own ? last : undefined;
}

function Welcome({ view }: { view: View }) {
  const { behavior, agents } = view.config;
  const greeting = behavior.welcome_message;
  const away = !agents.is_online && behavior.effective_message !== greeting ? behavior.effective_message : "";
  const face = agents.available_agents[0];
  if (!greeting && !away) return null;
  return (
    <div class="group">
      {face && <Avatar id={face.id} name={face.name} picture={face.avatar} size="s" />}
      <div class="bubbles">
        {[greeting, away].map(
          (text) =>
            text && (
              <div key={text} class="bubble">
                <Linked text={text} />
              </div>
            ),
        )}
      </div>
    </div>
  );
}

function Group({
  row,
  view,
  isLastOwn,
  born,
}: {
  row: Extract<Row, { kind: "group" }>;
  view: View;
  isLastOwn: boolean;
  born: number;
}) {
  const { words, locale, now } = view;
  const { sender, own, bubbles } = row;
  const last = bubbles[bubbles.length - 1] as Bubble;
  const name = own ? words("you") : (sender?.name ?? words("someone"));
  return (
    <div class={own ? "group own" : "group"}>
      {!own && <Avatar id={sender?.id ?? ""} name={name} picture={sender?.avatar ?? null} size="s" />}
      <div class="bubbles">
        <span class={own ? "unseen" : "sender"}>{name}</span>
        {bubbles.map((bubble) => (
          <BubbleView key={bubble.key} bubble={bubble} view={view} slides={Date.parse(bubble.at) > born - 1000} />
        ))}
        <span class="meta">
          {last.pending ? (
            last.pending.state !== "failed" && <span class="sending">{words("sending")}</span>
          ) : (
            <>
              <time dateTime={last.at} title={exactTime(last.at, locale)}>
                {shortTime(last.at, now, words, locale)}
              </time>
              {isLastOwn && <span> · {words(isSeen(view, last) ? "seen" : "sent")}</span>}
            </>
          )}
        </span>
      </div>
    </div>
  );
}

function isSeen(view: View, bubble: Bubble): boolean {
  return (bubble.message?.seq ?? Number.POSITIVE_INFINITY) <= (view.session.conversation?.view?.agent_read_seq ?? 0);
}

function BubbleView({ bubble, view, slides }: { bubble: Bubble; view: View; slides: boolean }) {
  const { words, actions } = view;
  const { pending } = bubble;
  const failed = pending?.state === "failed";
  const classes = ["bubble", slides && "slides", pending && !failed && "pending", failed && "failed"].filter(Boolean);
  return (
    <>
      <div class={classes.join(" ")} dir="auto">
        <Linked text={bubble.content} />
      </div>
      {failed && pending && (
        <div class="failure" role="alert">
          <AlertIcon />
          <span>{pending.problem?.passing === false ? pending.problem.message : words("not_sent")}</span>
          <button type="button" class="link-button" onClick={() => actions.retry(pending.client_message_id)}>
            {words("retry")}
          </button>
          <button type="button" class="link-button" onClick={() => actions.discard(pending.client_message_id)}>
            {words("discard")}
          </button>
        </div>
      )}
    </>
  );
}

function Linked({ text }: { text: string }) {
  const pieces = useMemo(() => linkPieces(text), [text]);
  return (
    <>
      {pieces.map((piece) =>
        piece.href ? (
          <a href={piece.href} target="_blank" rel="noopener noreferrer nofollow ugc">
            {piece.text}
          </a>
        ) : (
          piece.text
        ),
      )}
    </>
  );
}

function Skeleton({ label }: { label: string }) {
  return (
    <div class="skeleton" role="status">
      <span class="unseen">{label}</span>
      <i class="bone" />
      <i class="bone short" />
      <i class="bone own" />
      <i class="bone" />
    </div>
  );
}

/** Says what the other side writes, once, and nothing else. */
function Announcer({ view }: { view: View }) {
  const messages = view.session.conversation?.messages ?? [];
  const last = messages[messages.length - 1];
  const known = useRef<number | null>(null);
  const [said, setSaid] = useState("");
  useEffect(() => {
    if (!last) return;
    if (known.current !== null && last.seq > known.current && view.open && last.sender_type !== "visitor") {
      const name = last.sender?.name;
      setSaid(name ? `${name}: ${last.content}` : last.content);
    }
    known.current = last.seq;
  }, [last?.seq]);
  return (
    <div class="unseen" aria-live="polite">
      {said}
    </div>
  );
}
