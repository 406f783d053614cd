/** The open conversation's log, and the notice that its messages are being read. */
import { useEffect, useMemo, useState } from "preact/hooks";
import type { ConversationSnapshot } from "../../../client/src/conversation.ts";
import type { Thread } from "../state/desk";
import type { AgentConversation } from "../wire";
import { useSurroundings } from "./context";

/** `isReader`: whose conversation it is, or was anybody's who looks at it. Looking over a colleague's shoulder must not take the unread marks away. */
export function useThread(
  id: string,
  isReader: boolean,
): { thread: Thread; snapshot: ConversationSnapshot<AgentConversation> } {
  const { desk } = useSurroundings();
  const thread = useMemo(() => desk.thread(id), [desk, id]);
  const [snapshot, setSnapshot] = useState(() => thread.snapshot());

  useEffect(() => {
    setSnapshot(thread.snapshot());
    return thread.onChange(setSnapshot);
  }, [thread]);

  useEffect(() => {
    const look = () => {
      // A window in the background is not being read, even when it can be seen.
      const isLooking = document.visibilityState === "visible" && document.hasFocus();
      desk.watch(isLooking && isReader ? id : null);
      if (isLooking && isReader) desk.read(id);
    };
    look();
    const stop = thread.onMessage(look);
    const events = ["focus", "blur"] as const;
    for (const event of events) window.addEventListener(event, look);
    document.addEventListener("visibilitychange", look);
    return () => {
      stop();
      for (const event of events) window.removeEventListener(event, look);
      document.removeEventListener("visibilitychange", look);
      desk.watch(null);
    };
  }, [desk, thread, id, isReader]);

  // The first page is no arrival of a message; it is read when it is shown.
  const isReady = snapshot.state === "ready";
  useEffect(() => {
    if (isReady && isReader && document.hasFocus()) desk.read(id);
  }, [desk, id, isReady, isReader]);

  return { thread, snapshot };
}
