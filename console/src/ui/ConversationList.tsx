/** One list of conversations, whole or a page at a time. */
import { useEffect } from "preact/hooks";
import type { ListName } from "../router";
import { listed } from "../state/inbox";
import { useStore } from "../state/store";
import { useSurroundings } from "./context";
import { Empty } from "./Empty";
import { useLate, useNow } from "./hooks";
import type { IconName } from "./Icon";
import { LIST_TITLES } from "./Nav";
import { PresenceSwitch } from "./PresenceSwitch";
import { Row } from "./Row";

const EMPTY: Record<ListName, { icon: IconName; title: string; text: string }> = {
  mine: {
    icon: "inbox",
    title: "Nothing on your desk",
    text: "Conversations you take, or that are given to you, appear here. Look into the queue for somebody who waits.",
  },
  queue: {
    icon: "queue",
    title: "Nobody is waiting",
    text: "Visitors who are not with an agent yet appear here at once, the longest wait first.",
  },
  all: {
    icon: "all",
    title: "No conversations yet",
    text: "Every conversation of your company will be listed here, the latest news first.",
  },
  closed: {
    icon: "resolved",
    title: "Nothing closed yet",
    text: "Resolved and ended conversations are kept here. Any of them can be reopened.",
  },
};

export function ConversationList({ list, open }: { list: ListName; open: string | null }) {
  const { desk } = useSurroundings();
  const inbox = useStore(desk.inbox, (value) => value);
  const status = useStore(desk.me, (me) => me.status);
  const now = useNow();
  const { state, cursor } = inbox.pages[list];
  const conversations = listed(inbox, list);
  const isFirstLoad = (state === "idle" || state === "loading") && conversations.length === 0;
  const isSkeleton = useLate(isFirstLoad);

  useEffect(() => {
    // Mine and Queue are kept fresh by the desk; the long lists are asked for when they are looked at.
    if (list === "all" || list === "closed") void desk.load(list);
  }, [desk, list]);

  return (
    <section class="list" aria-label={LIST_TITLES[list]}>
      <header class="pane-head">
        <h1>{LIST_TITLES[list]}</h1>
        {conversations.length > 0 && cursor === null && <span class="soft figures">{conversations.length}</span>}
        <span class="grow" />
        <PresenceSwitch />
      </header>
      {status === "offline" && (
        <p class="list-notice">
          You are offline: nothing new comes.
          <button type="button" class="text-button" onClick={() => void desk.setPresence("online")}>
            Go online
          </button>
        </p>
      )}
      <div class="list-rows">
        {isSkeleton && <Skeleton />}
        {state === "failed" && conversations.length === 0 && (
          <Empty icon="alert" title="The list could not be loaded">
            <p>Check your connection.</p>
            <button type="button" class="button" onClick={() => void desk.load(list)}>
              Try again
            </button>
          </Empty>
        )}
        {state === "ready" && conversations.length === 0 && (
          <Empty icon={EMPTY[list].icon} title={EMPTY[list].title}>
            <p>{EMPTY[list].text}</p>
          </Empty>
        )}
        {conversations.length > 0 && (
          <ul>
            {conversations.map((conversation) => (
              <li key={conversation.id}>
                <Row
                  conversation={conversation}
                  list={list}
                  isOpen={conversation.id === open}
                  agentId={inbox.agentId}
                  now={now}
                />
              </li>
            ))}
          </ul>
        )}
        {cursor !== null && conversations.length > 0 && (
          <button
            type="button"
            class="button quiet list-more"
            disabled={state === "loading"}
            onClick={() => void desk.loadMore(list)}
          >
            {state === "loading" ? "Loading…" : "Show older"}
          </button>
        )}
      </div>
    </section>
  );
}

function Skeleton() {
  return (
    <div class="skeleton" aria-hidden="true">
      {[72, 54, 64, 48, 60].map((width) => (
        <div class="skeleton-row" key={width}>
          <span class="skeleton-disc" />
          <span class="skeleton-lines">
            <span style={{ width: `${width}%` }} />
            <span style={{ width: `${width + 22}%` }} />
          </span>
        </div>
      ))}
    </div>
  );
}
