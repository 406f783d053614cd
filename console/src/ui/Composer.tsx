/** Where the agent writes; or why writing is not possible just now, and what makes it so. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { visitorName } from "../format";
import type { Thread } from "../state/desk";
import { isOpen } from "../state/inbox";
import { useStore } from "../state/store";
import type { AgentConversation } from "../wire";
import { beginWriting } from "./beginWriting";
import { useSurroundings } from "./context";
import { Icon } from "./Icon";
import { useTake } from "./useTake";

/** The server's limit, in code points. */
const LONGEST = 10_000;
const COUNT_FROM = 9_000;

/** The field stays the same element, with its text, whatever becomes of the conversation: it is hidden, not taken away. */
export function Composer({ conversation, thread }: { conversation: AgentConversation; thread: Thread }) {
  const { desk } = useSurroundings();
  const myId = useStore(desk.me, (me) => me.id);
  const { agent, status } = conversation;
  const mayWrite = status === "active" && (!agent || agent.id === myId);
  return (
    <>
      {!mayWrite && <Note conversation={conversation} />}
      <Writing key="writing" conversation={conversation} thread={thread} isHidden={!mayWrite} />
    </>
  );
}

function Note({ conversation }: { conversation: AgentConversation }) {
  const { desk } = useSurroundings();
  const take = useTake();
  const { id, agent, status } = conversation;
  if (!isOpen(conversation)) {
    return (
      <div class="composer-note">
        <p>{status === "resolved" ? "This conversation is resolved." : "This conversation has ended."}</p>
        <button type="button" class="text-button" onClick={() => void desk.reopen(id)}>
          Reopen to write
        </button>
      </div>
    );
  }
  if (status === "queued") {
    return (
      <div class="composer-note">
        <p>Nobody answers {visitorName(conversation.visitor)} yet.</p>
        <button type="button" class="text-button" onClick={() => take(id)}>
          Take it to write
        </button>
      </div>
    );
  }
  return (
    <div class="composer-note">
      <p>{agent?.name} is in this conversation. You are reading along.</p>
    </div>
  );
}

interface WritingProps {
  conversation: AgentConversation;
  thread: Thread;
  isHidden: boolean;
}

function Writing({ conversation, thread, isHidden }: WritingProps) {
  const { desk } = useSurroundings();
  const { id } = conversation;
  const [text, setText] = useState(() => desk.drafts.get(id) ?? "");
  const field = useRef<HTMLTextAreaElement>(null);
  const length = [...text].length;
  const isSendable = text.trim() !== "" && length <= LONGEST;

  useLayoutEffect(() => {
    const element = field.current;
    if (!element) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight}px`;
  }, [text, isHidden]);

  useEffect(() => () => thread.typing(false), [thread]);
  useEffect(
    () =>
      desk.drafted.add((changed, draft) => {
        if (changed !== id) return;
        setText(draft);
        field.current?.focus();
      }),
    [desk, id],
  );
  // What was pressed for it goes away, or the field is not shown yet: the focus follows once both have been drawn.
  useEffect(() => desk.begun.add((begun) => begun === id && requestAnimationFrame(beginWriting)), [desk, id]);

  const write = (next: string) => {
    setText(next);
    if (next) desk.drafts.set(id, next);
    else desk.drafts.remove(id);
  };

  const send = () => {
    if (!isSendable) return;
    thread.send(text.trim());
    write("");
    field.current?.focus();
  };

  return (
    <form
      class="composer"
      hidden={isHidden}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        ref={field}
        rows={1}
        value={text}
        placeholder={`Write to ${visitorName(conversation.visitor)}`}
        aria-label={`Message to ${visitorName(conversation.visitor)}`}
        enterkeyhint="send"
        onInput={(event) => {
          write(event.currentTarget.value);
          thread.typing(event.currentTarget.value.trim() !== "");
        }}
        onBlur={() => thread.typing(false)}
        onKeyDown={(event) => {
          if (event.key === "Escape" && !event.isComposing) {
            event.currentTarget.blur();
            document.querySelector<HTMLElement>(".row[aria-current]")?.focus();
          }
          // While an input method composes, Enter chooses a word.
          if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          send();
        }}
      />
      <div class="composer-foot">
        {length > COUNT_FROM ? (
          <span class={length > LONGEST ? "figures bad" : "figures soft"}>
            {length.toLocaleString()} of {LONGEST.toLocaleString()} characters
          </span>
        ) : (
          <span class="soft composer-hint">
            <kbd>Enter</kbd> sends, <kbd>Shift</kbd> <kbd>Enter</kbd> starts a line
          </span>
        )}
        <button type="submit" class="button primary" disabled={!isSendable}>
          <Icon name="send" /> Send
        </button>
      </div>
    </form>
  );
}
