/** The log: bubbles in groups, days, what happened, who types. */

import { Avatar } from "./avatar.tsx";
import { type Bubble, type Row, rowsOf } from "./groups.ts";
import { AlertIcon, DownIcon } from "./icons.tsx";
import { dayName, exactTime, shortTime } from "./times.ts";
import type { View } from "./view.ts";

export function LogView({ view }: { view: View }) {
  const { session, words, actions } = view;
  const { conversation, opening } = session;
  const messages = conversation ? conversation.messages : [];
  const pending = conversation ? conversation.pending.concat(opening) : opening;
  const loading = conversation !== null && conversation.state === "loading" && !pending.length;
  const rows = rowsOf(messages, pending, words);
  const groups = rows.filter((row) => row.kind === "group");
  const last = groups[groups.length - 1];

  return (
    <div class="log-frame">
      <div
        class="log"
        role="log"
        aria-live="off"
        aria-label={words("panel_label")}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
        tabIndex={0}
        onScroll={actions.scrolled}
      >
        {conversation?.hasOlder ? (
          <button type="button" class="link older" disabled={conversation.loadingOlder} onClick={actions.loadOlder}>
            {words("older")}
          </button>
        ) : (
          !loading && <Welcome view={view} />
        )}
        {loading && <Skeleton label={words("loading")} />}
        {conversation?.state === "failed" && !messages.length && (
          <div class="trouble" role="alert">
            <AlertIcon />
            <p>{words("load_failed")}</p>
            <button type="button" class="button" onClick={actions.reload}>
              {words("retry")}
            </button>
          </div>
        )}
        {rows.map((row) =>
          row.kind === "group" ? (
            <Group key={row.key} row={row} view={view} isLast={row === last} />
          ) : row.kind === "day" ? (
            <p key={row.key} class="day">
              {dayName(row.at, view.now, words, view.locale)}
            </p>
          ) : (
            <p key={row.key} class="event" title={exactTime(row.at, view.locale)}>
              {row.text}
            </p>
          ),
        )}
        {conversation?.typing.map(
          ({ sender_type, sender }) =>
            sender_type !== "visitor" && (
              <div key="typing" class="group plain" aria-hidden="true">
                {sender && <Avatar face={sender} size="s" />}
                <span class="bubble typing" title={words("typing", { name: sender?.name || words("someone") })}>
                  <i />
                  <i />
                  <i />
                </span>
              </div>
            ),
        )}
      </div>
      {view.local.newBelow && (
        <button type="button" class="newest" onClick={actions.toEnd}>
          <DownIcon />
          {words("newest")}
        </button>
      )}
      <div class="unseen" aria-live="polite">
        {view.local.said}
      </div>
    </div>
  );
}

function Welcome({ view }: { view: View }) {
  const { behavior, agents } = view.config;
  const { welcome_message, effective_message } = behavior;
  const face = agents.available_agents[0];
  const said = [welcome_message, !agents.is_online && effective_message !== welcome_message && effective_message];
  return (
    <div class="group plain">
      {face && <Avatar face={face} size="s" />}
      <div class="bubbles">
        {said.map(
          (text) =>
            text && (
              <div class="bubble" dir="auto">
                {contentOf({ content: text }, view)}
              </div>
            ),
        )}
      </div>
    </div>
  );
}

function Group({ row, view, isLast }: { row: Extract<Row, { kind: "group" }>; view: View; isLast: boolean }) {
  const { words, locale, now } = view;
  const { sender, own, bubbles } = row;
  const { at, pending, message } = bubbles[bubbles.length - 1] as Bubble;
  const read = view.session.view ? view.session.view.agent_read_seq : 0;
  return (
    <div class={own ? "group own" : "group"}>
      {sender && !own && <Avatar face={sender} size="s" />}
      <div class="bubbles">
        <span class={own ? "unseen" : "sender"}>{own ? words("you") : sender?.name || words("someone")}</span>
        {bubbles.map((bubble) => (
          <BubbleView key={bubble.key} bubble={bubble} view={view} />
        ))}
        <span class="meta">
          {pending ? (
            pending.state !== "failed" && <span class="sending">{words("sending")}</span>
          ) : (
            <time dateTime={at} title={exactTime(at, locale)}>
              {shortTime(at, now, words, locale)}
            </time>
          )}
          {own && isLast && message && ` · ${words(message.seq <= read ? "seen" : "sent")}`}
        </span>
      </div>
    </div>
  );
}

function BubbleView({ bubble, view }: { bubble: Bubble; view: View }) {
  const { words, actions } = view;
  const { pending, key } = bubble;
  const failed = pending && pending.state === "failed";
  const state = failed ? " failed" : pending ? " pending" : "";
  return (
    <>
      <div class={`bubble${state}${pending || view.isFresh(key) ? " slides" : ""}`} dir="auto">
        {contentOf(bubble, view)}
      </div>
      {failed && (
        <div class="failure" role="alert">
          <AlertIcon />
          {pending.problem && !pending.problem.passing ? pending.problem.message : words("not_sent")}
          <button type="button" class="link" onClick={() => actions.retry(key)}>
            {words("retry")}
          </button>
          <button type="button" class="link" onClick={() => actions.discard(key)}>
            {words("discard")}
          </button>
        </div>
      )}
    </>
  );
}

/** Whether plain text may be more than that: an address, emphasis, a list. */
const MARKED = /[*_`~[]|:\/\/|^([>-]|\d+\.) /m;

/** Plain until the part that knows more has come: what is written can be read at once. */
function contentOf(bubble: Pick<Bubble, "content" | "message">, view: View) {
  const { content, message } = bubble;
  const plain = (!message || message.message_type === "text") && !MARKED.test(content);
  const rich = !plain && view.part("rich");
  return rich ? <rich.Content bubble={bubble} view={view} /> : content;
}

function Skeleton({ label }: { label: string }) {
  return (
    <div class="skeleton" role="status" aria-label={label}>
      <i class="bone" />
      <i class="bone short" />
      <i class="bone right" />
    </div>
  );
}
