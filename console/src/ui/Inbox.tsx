/** The desk itself: the lists, the open conversation, and the keys that move between them. */
import { useEffect, useState } from "preact/hooks";
import type { Place } from "../router";
import { LISTS } from "../router";
import { find, unreadCount } from "../state/inbox";
import { useStore } from "../state/store";
import { ConversationList } from "./ConversationList";
import { useSurroundings } from "./context";
import { Empty } from "./Empty";
import { useKeys } from "./hooks";
import { LineNotice } from "./LineNotice";
import { Nav } from "./Nav";
import { Shortcuts } from "./Shortcuts";
import { Statistics } from "./Statistics";
import { Thread } from "./Thread";
import { ToastStack } from "./ToastStack";
import { useTake } from "./useTake";

export function Inbox({ onSignOut }: { onSignOut: () => void }) {
  const { desk, router } = useSurroundings();
  const place = useStore(router.place, (value) => value);
  const unread = useStore(desk.inbox, unreadCount);
  const company = useStore(desk.me, (me) => me.company_name);
  const [isHelp, setHelp] = useState(false);
  const take = useTake();
  const open = place.page === "inbox" ? place.conversation : null;

  useEffect(() => {
    document.title = `${unread > 0 ? `(${unread}) ` : ""}Inbox · ${company}`;
  }, [unread, company]);

  useKeys((key) => {
    if (key === "?") {
      setHelp(true);
      return true;
    }
    const list = LISTS[Number(key) - 1];
    if (list) {
      router.go({ page: "inbox", list, conversation: null });
      return true;
    }
    if (place.page !== "inbox") return false;
    switch (key) {
      case "j":
      case "ArrowDown":
        return move(1, key);
      case "k":
      case "ArrowUp":
        return move(-1, key);
      case "Escape":
        if (!open) return false;
        router.go({ page: "inbox", list: place.list, conversation: null });
        return true;
      case "t":
        if (!open || find(desk.inbox.value, open)?.status !== "queued") return false;
        take(open);
        return true;
      default:
        return false;
    }
  });

  return (
    <div class="desk" data-page={place.page} data-open={open ? "" : undefined}>
      <LineNotice />
      <Nav place={place} onShortcuts={() => setHelp(true)} onSignOut={onSignOut} />
      {place.page === "statistics" ? <Statistics /> : <Panes place={place} />}
      <ToastStack />
      {isHelp && <Shortcuts onClose={() => setHelp(false)} />}
    </div>
  );
}

function Panes({ place }: { place: Extract<Place, { page: "inbox" }> }) {
  return (
    <>
      <ConversationList list={place.list} open={place.conversation} />
      {place.conversation ? (
        <Thread key={place.conversation} id={place.conversation} list={place.list} />
      ) : (
        <main class="thread nothing-open">
          <Empty icon="conversation" title="No conversation open">
            <p>
              Choose one from the list, or move with <kbd>J</kbd> and <kbd>K</kbd>.
            </p>
          </Empty>
        </main>
      )}
    </>
  );
}

/** Moves the focus along the rows. The log keeps its arrow keys for scrolling. */
function move(by: 1 | -1, key: string): boolean {
  const focused = document.activeElement;
  if (key.startsWith("Arrow") && focused?.closest(".log")) return false;
  const rows = [...document.querySelectorAll<HTMLElement>(".list .row")];
  if (rows.length === 0) return false;
  const at = rows.indexOf(focused as HTMLElement);
  const open = rows.findIndex((row) => row.getAttribute("aria-current") === "page");
  const from = at >= 0 ? at : open;
  const next = from < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, from + by));
  rows[next]?.focus();
  return true;
}
