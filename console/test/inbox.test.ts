import { describe, expect, test } from "vitest";
import {
  emptyInbox,
  find,
  type Inbox,
  type InboxAction,
  listed,
  reduce,
  unreadCount,
  waitingCount,
  waitingSince,
} from "../src/state/inbox.ts";
import { conversation, ME, message, queued } from "./conversations.ts";

function given(...actions: InboxAction[]): Inbox {
  return actions.reduce(reduce, emptyInbox(ME));
}

const answered = (items: ReturnType<typeof conversation>[], change: Partial<InboxAction> = {}): InboxAction =>
  ({ type: "answered", list: "mine", items, cursor: null, first: true, asked: 0, ...change }) as InboxAction;

const names = (inbox: Inbox, list: Parameters<typeof listed>[1]) => listed(inbox, list).map(({ id }) => id);

describe("lists", () => {
  test("the queue shows who has waited longest first, mine the latest news first", () => {
    const inbox = given(
      answered([queued("late", "2026-03-01T09:05:00.000Z"), queued("early", "2026-03-01T09:01:00.000Z")], {
        list: "queue",
      }),
      answered([
        conversation({ id: "old" }),
        conversation({
          id: "new",
          last_message: { seq: 2, sender_type: "visitor", content: "", created_at: "2026-03-01T10:00:00.000Z" },
        }),
      ]),
    );
    expect(names(inbox, "queue")).toEqual(["early", "late"]);
    expect(names(inbox, "mine")).toEqual(["new", "old"]);
  });

  test("an event moves a conversation from the queue to mine, and to the closed ones", () => {
    const waiting = queued("conversation-1", "2026-03-01T09:00:00.000Z");
    const taken = given({ type: "updated", conversation: waiting }, { type: "updated", conversation: conversation() });
    expect(names(taken, "queue")).toEqual([]);
    expect(names(taken, "mine")).toEqual(["conversation-1"]);
    const closed = reduce(taken, { type: "updated", conversation: conversation({ status: "closed", last_seq: 3 }) });
    expect(names(closed, "mine")).toEqual([]);
    expect(names(closed, "closed")).toEqual(["conversation-1"]);
  });

  test("what a colleague took is gone from the queue and is not mine", () => {
    const inbox = given(
      { type: "updated", conversation: queued("conversation-1", "2026-03-01T09:00:00.000Z") },
      { type: "updated", conversation: conversation({ agent: { id: "agent-2", name: "Bo", avatar: null } }) },
    );
    expect([...names(inbox, "queue"), ...names(inbox, "mine")]).toEqual([]);
    expect(names(inbox, "all")).toEqual(["conversation-1"]);
  });

  test("an answer removes what left the list unheard", () => {
    const before = given(answered([conversation({ id: "stays" }), conversation({ id: "left" })]));
    const inbox = reduce(before, answered([conversation({ id: "stays" })], { asked: before.clock }));
    expect(names(inbox, "mine")).toEqual(["stays"]);
  });

  test("an answer that an event overtook does not remove what the event brought", () => {
    const asked = given(answered([])).clock;
    const heard = given(answered([]), { type: "updated", conversation: conversation() });
    const inbox = reduce(heard, answered([], { asked }));
    expect(names(inbox, "mine")).toEqual(["conversation-1"]);
  });

  test("the conversation being looked at stays when its list no longer names it", () => {
    const before = given(answered([conversation()]), { type: "watched", id: "conversation-1" });
    const inbox = reduce(before, answered([], { asked: before.clock }));
    expect(find(inbox, "conversation-1")).not.toBeNull();
  });

  test("a further page adds and removes nothing", () => {
    const before = given(answered([conversation({ id: "first" })], { cursor: "next" } as Partial<InboxAction>));
    const inbox = reduce(
      before,
      answered([conversation({ id: "second" })], { first: false, asked: before.clock } as Partial<InboxAction>),
    );
    expect(names(inbox, "mine")).toHaveLength(2);
    expect(inbox.pages.mine.cursor).toBeNull();
  });

  test("a list on the screen stays ready while it is asked for again", () => {
    const inbox = given(answered([conversation()]), { type: "asked", list: "mine", more: false });
    expect(inbox.pages.mine.state).toBe("ready");
  });
});

describe("what is newer wins", () => {
  test("an older word on a conversation changes nothing", () => {
    const inbox = given(
      { type: "updated", conversation: conversation({ last_seq: 5, status: "resolved" }) },
      { type: "updated", conversation: conversation({ last_seq: 4, status: "active" }) },
    );
    expect(find(inbox, "conversation-1")?.status).toBe("resolved");
  });

  test("an expected change holds until the server's word, which replaces it", () => {
    const waiting = queued("conversation-1", "2026-03-01T09:00:00.000Z");
    const expected = given(
      { type: "updated", conversation: waiting },
      {
        type: "expected",
        id: "conversation-1",
        change: { status: "active", agent: { id: ME, name: "Ada", avatar: null } },
      },
    );
    expect(names(expected, "mine")).toEqual(["conversation-1"]);
    const refused = reduce(
      reduce(expected, { type: "refused", id: "conversation-1", before: { status: "queued", agent: null } }),
      {
        type: "updated",
        conversation: conversation({ agent: { id: "agent-2", name: "Bo", avatar: null }, last_seq: 3 }),
      },
    );
    expect(names(refused, "mine")).toEqual([]);
  });

  test("news from before a decision does not undo it while the server is asked", () => {
    const waiting = queued("conversation-1", "2026-03-01T09:00:00.000Z");
    const agent = { id: ME, name: "Ada", avatar: null };
    let inbox = given(
      { type: "updated", conversation: waiting },
      { type: "expected", id: "conversation-1", change: { status: "active", agent } },
    );
    const stillWaiting: InboxAction[] = [
      { type: "updated", conversation: waiting },
      answered([waiting], { list: "queue", asked: inbox.clock }),
      answered([], { list: "mine", asked: inbox.clock + 5 }),
      { type: "message", id: "conversation-1", message: message({ seq: 3 }) },
      { type: "updated", conversation: { ...waiting, last_seq: 3 } },
    ];
    for (const action of stillWaiting) {
      inbox = reduce(inbox, action);
      expect(find(inbox, "conversation-1")).toMatchObject({ status: "active", agent: { id: ME } });
    }
    inbox = reduce(inbox, { type: "agreed", conversation: conversation({ last_seq: 4 }) });
    inbox = reduce(inbox, { type: "updated", conversation: { ...waiting, last_seq: 5 } });
    expect(find(inbox, "conversation-1")?.status, "once agreed, later news counts again").toBe("queued");
  });

  test("where the visitor comes from stays known when lists and events leave it out", () => {
    const context = { page_url: "https://shop.example/tents" };
    const visitor_info = { plan: "pro" };
    const inbox = given(
      { type: "updated", conversation: conversation() },
      { type: "message", id: "conversation-1", message: message({ seq: 3 }) },
      // Asked for when the conversation was opened, and overtaken by the message.
      { type: "updated", conversation: conversation({ context, visitor_info }) },
      { type: "updated", conversation: conversation({ last_seq: 4 }) },
      answered([conversation({ last_seq: 4 })]),
    );
    expect(find(inbox, "conversation-1")).toMatchObject({ last_seq: 4, context, visitor_info });
  });

  test("read marks never go back", () => {
    const inbox = given(
      { type: "updated", conversation: conversation({ visitor_read_seq: 2, agent_read_seq: 2 }) },
      { type: "updated", conversation: conversation({ visitor_read_seq: 1, agent_read_seq: 1, unread_count: 1 }) },
    );
    expect(find(inbox, "conversation-1")).toMatchObject({ visitor_read_seq: 2, agent_read_seq: 2, unread_count: 0 });
  });
});

describe("messages", () => {
  test("a visitor's message brings the preview and one more unread", () => {
    const inbox = given(
      { type: "updated", conversation: conversation() },
      { type: "message", id: "conversation-1", message: message({ seq: 3 }) },
    );
    expect(find(inbox, "conversation-1")).toMatchObject({
      last_seq: 3,
      unread_count: 2,
      last_message: { content: "Are you there?" },
    });
    expect(unreadCount(inbox)).toBe(2);
  });

  test("the same message told twice counts once", () => {
    const told: InboxAction = { type: "message", id: "conversation-1", message: message({ seq: 3 }) };
    const inbox = given({ type: "updated", conversation: conversation() }, told, told);
    expect(unreadCount(inbox)).toBe(2);
  });

  test("what comes while the agent looks is read", () => {
    const inbox = given(
      { type: "updated", conversation: conversation() },
      { type: "watched", id: "conversation-1" },
      { type: "message", id: "conversation-1", message: message({ seq: 3 }) },
    );
    expect(find(inbox, "conversation-1")).toMatchObject({ unread_count: 0, agent_read_seq: 3 });
  });

  test("a system entry is no preview and nothing unread", () => {
    const inbox = given(
      { type: "updated", conversation: conversation() },
      { type: "message", id: "conversation-1", message: message({ seq: 3, sender_type: "system", sender: null }) },
    );
    expect(find(inbox, "conversation-1")).toMatchObject({
      last_seq: 3,
      unread_count: 1,
      last_message: { content: "Hello" },
    });
  });

  test("an agent's answer ends the visitor's wait and the unread marks", () => {
    const asked = given({ type: "updated", conversation: conversation() });
    expect(waitingSince(find(asked, "conversation-1") as never)).toBe("2026-03-01T09:01:00.000Z");
    const inbox = reduce(asked, {
      type: "message",
      id: "conversation-1",
      message: message({ seq: 3, sender_type: "agent", sender: { id: ME, name: "Ada", avatar: null } }),
    });
    expect(waitingSince(find(inbox, "conversation-1") as never)).toBeNull();
    expect(unreadCount(inbox)).toBe(0);
  });
});

describe("counts", () => {
  test("a complete queue is counted, a longer one is as the server says", () => {
    const items = [queued("a", "2026-03-01T09:00:00.000Z"), queued("b", "2026-03-01T09:01:00.000Z")];
    const whole = given(answered(items, { list: "queue" }), { type: "waiting", count: 7 });
    expect(waitingCount(whole)).toBe(2);
    const part = given(answered(items, { list: "queue", cursor: "next" } as Partial<InboxAction>), {
      type: "waiting",
      count: 7,
    });
    expect(waitingCount(part)).toBe(7);
  });
});
