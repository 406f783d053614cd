/** The conversation in the middle: who it is with, what was said, and what can be done. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "../../../client/src/http.ts";
import type { ListName } from "../router";
import { find, isOpen } from "../state/inbox";
import { useStore } from "../state/store";
import type { AgentConversation } from "../wire";
import { Composer } from "./Composer";
import { useSurroundings } from "./context";
import { Empty } from "./Empty";
import { useLate } from "./hooks";
import { Log } from "./Log";
import { ThreadHeader } from "./ThreadHeader";
import { useThread } from "./useThread";
import { VisitorPanel } from "./VisitorPanel";

export function Thread({ id, list }: { id: string; list: ListName }) {
  const { desk, router } = useSurroundings();
  const held = useStore(desk.inbox, (inbox) => find(inbox, id));
  const isReachable = useStore(desk.reachable, (reachable) => reachable);
  // A list that has lost sight of it takes nothing from the screen; it is asked for by itself then.
  const last = useRef(held);
  if (held) last.current = held;
  const conversation = last.current;
  const isLost = held === null;
  const [missing, setMissing] = useState<"gone" | "unknown" | null>(null);
  const [isPanelOpen, setPanelOpen] = useState(false);
  const isLate = useLate(!conversation && !missing);

  // Lists tell of it in short; whole, with where the visitor comes from, it is had by asking; again
  // when a list has lost it, and when the network is back.
  useEffect(() => {
    setMissing(null);
    let isCurrent = true;
    let why: "gone" | "unknown" = "unknown";
    const failed = (error: unknown) => {
      if (error instanceof Problem && error.status === 404) why = "gone";
    };
    void desk.refresh(id, failed).then((found) => isCurrent && setMissing(found ? null : why));
    return () => {
      isCurrent = false;
    };
  }, [desk, id, isLost, isReachable]);

  if (!conversation) {
    return (
      <main class="thread">
        {isLate && <LogSkeleton />}
        {missing && (
          <Empty
            icon="alert"
            title={
              missing === "gone" ? "This conversation does not exist any more." : "This conversation cannot be shown"
            }
          >
            {missing === "unknown" && <p>The server cannot be reached just now.</p>}
            <button type="button" class="button" onClick={() => router.go({ page: "inbox", list, conversation: null })}>
              Back to the list
            </button>
          </Empty>
        )}
      </main>
    );
  }
  return (
    <>
      <main class="thread">
        <ThreadHeader
          conversation={conversation}
          list={list}
          isPanelOpen={isPanelOpen}
          onPanel={() => setPanelOpen(!isPanelOpen)}
        />
        <Body key={id} conversation={conversation} />
      </main>
      <VisitorPanel conversation={conversation} isOpen={isPanelOpen} onClose={() => setPanelOpen(false)} />
    </>
  );
}

function Body({ conversation }: { conversation: AgentConversation }) {
  const { desk } = useSurroundings();
  const me = useStore(desk.me, (value) => value);
  const { thread, snapshot } = useThread(conversation.id, conversation.agent?.id === me.id || !isOpen(conversation));
  const isLate = useLate(snapshot.state === "loading");

  return (
    <>
      {snapshot.state === "loading" && <div class="log">{isLate && <LogSkeleton />}</div>}
      {snapshot.state === "failed" && (
        <div class="log">
          <Empty icon="alert" title="The messages could not be loaded">
            <p>It is tried again by itself.</p>
            <button type="button" class="button" onClick={() => thread.nudge()}>
              Try now
            </button>
          </Empty>
        </div>
      )}
      {snapshot.state === "ready" && (
        <Log
          snapshot={snapshot}
          visitor={conversation.visitor}
          visitorReadSeq={Math.max(conversation.visitor_read_seq, snapshot.view?.visitor_read_seq ?? 0)}
          me={me}
          onOlder={() => void thread.loadOlder().catch(() => undefined)}
          onRetry={(pending) => thread.retry(pending)}
          onDiscard={(pending) => {
            const text = thread.discard(pending);
            if (text) desk.draft(conversation.id, text);
          }}
        />
      )}
      <Composer conversation={conversation} thread={thread} />
    </>
  );
}

function LogSkeleton() {
  return (
    <div class="skeleton log-skeleton" aria-hidden="true">
      <span class="skeleton-bubble" />
      <span class="skeleton-bubble short" />
      <span class="skeleton-bubble own" />
      <span class="skeleton-bubble short" />
    </div>
  );
}
