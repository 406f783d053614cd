/**
 * What the agent's lists show: a pure reducer over what the API answers and what the socket tells.
 *
 * Conversations live once, by id; each list is a rule over them. So an event moves a conversation from list to list
 * without anyone saying so, and an answer that was overtaken by an event cannot bring an older state back.
 */
import type { ListName } from "../router";
import type { AgentConversation, MessagePreview } from "../wire";

interface Held {
  readonly conversation: AgentConversation;
  /** What the agent has decided and the server has not agreed to yet; until it does, older news does not undo it. */
  readonly expected: Partial<AgentConversation> | null;
  /** The reducer's clock when it was last heard of. */
  readonly heard: number;
}

export interface Page {
  readonly state: "idle" | "loading" | "ready" | "failed";
  /** Where the next page begins; null when the list is complete. */
  readonly cursor: string | null;
}

export interface Inbox {
  readonly agentId: string;
  readonly held: ReadonlyMap<string, Held>;
  readonly pages: Readonly<Record<ListName, Page>>;
  /** How many wait in the whole queue, as the server counts. */
  readonly waiting: number;
  /** The conversation in front of the agent's eyes: its messages are read as they come. */
  readonly watched: string | null;
  readonly clock: number;
}

export type InboxAction =
  | { type: "asked"; list: ListName; more: boolean }
  | { type: "failed"; list: ListName }
  | {
      type: "answered";
      list: ListName;
      items: readonly AgentConversation[];
      cursor: string | null;
      /** False for a further page: it adds, and says nothing of what is absent. */
      first: boolean;
      /** The clock when the question was sent. */
      asked: number;
    }
  | { type: "updated"; conversation: AgentConversation }
  /** What the agent has just decided, shown before the server has agreed. */
  | { type: "expected"; id: string; change: Partial<AgentConversation> }
  /** The server has agreed, or has not: then what stood there before comes back. */
  | { type: "agreed"; conversation: AgentConversation }
  | { type: "refused"; id: string; before: Partial<AgentConversation> }
  | { type: "message"; id: string; message: MessagePreview }
  | { type: "read"; id: string; reader: "visitor" | "agent"; seq: number }
  | { type: "waiting"; count: number }
  | { type: "watched"; id: string | null };

const IDLE: Page = { state: "idle", cursor: null };

export function emptyInbox(agentId: string): Inbox {
  return {
    agentId,
    held: new Map(),
    pages: { mine: IDLE, queue: IDLE, all: IDLE, closed: IDLE },
    waiting: 0,
    watched: null,
    clock: 0,
  };
}

export function isOpen(conversation: AgentConversation): boolean {
  return conversation.status === "queued" || conversation.status === "active";
}

export function belongs(list: ListName, conversation: AgentConversation, agentId: string): boolean {
  switch (list) {
    case "mine":
      return isOpen(conversation) && conversation.agent?.id === agentId;
    case "queue":
      return conversation.status === "queued";
    case "all":
      return true;
    case "closed":
      return !isOpen(conversation);
  }
}

export function lastActivity(conversation: AgentConversation): string {
  return conversation.last_message?.created_at ?? conversation.created_at;
}

/** When the visitor began to wait for somebody; null while nobody keeps a visitor waiting. */
export function waitingSince(conversation: AgentConversation): string | null {
  if (conversation.status === "queued") return conversation.queued_at ?? conversation.created_at;
  if (conversation.status === "active" && conversation.last_message?.sender_type === "visitor") {
    return conversation.last_message.created_at;
  }
  return null;
}

export function listed(inbox: Inbox, list: ListName): AgentConversation[] {
  const found: AgentConversation[] = [];
  for (const { conversation } of inbox.held.values()) {
    if (belongs(list, conversation, inbox.agentId)) found.push(conversation);
  }
  return list === "queue"
    ? found.sort((a, b) => compare(a.queued_at ?? a.created_at, b.queued_at ?? b.created_at) || compare(a.id, b.id))
    : found.sort((a, b) => compare(lastActivity(b), lastActivity(a)) || compare(b.id, a.id));
}

export function waitingCount(inbox: Inbox): number {
  const { state, cursor } = inbox.pages.queue;
  return state === "ready" && cursor === null ? listed(inbox, "queue").length : inbox.waiting;
}

export function unreadCount(inbox: Inbox): number {
  return listed(inbox, "mine").reduce((sum, conversation) => sum + conversation.unread_count, 0);
}

export function find(inbox: Inbox, id: string): AgentConversation | null {
  return inbox.held.get(id)?.conversation ?? null;
}

export function reduce(inbox: Inbox, action: InboxAction): Inbox {
  const next = { ...inbox, clock: inbox.clock + 1 };
  switch (action.type) {
    case "asked": {
      const page = inbox.pages[action.list];
      // A list already on the screen stays there while it is asked for again.
      const state = page.state === "ready" && !action.more ? "ready" : "loading";
      return { ...next, pages: { ...inbox.pages, [action.list]: { ...page, state } } };
    }
    case "failed": {
      const page = inbox.pages[action.list];
      return { ...next, pages: { ...inbox.pages, [action.list]: { ...page, state: "failed" } } };
    }
    case "answered":
      return answered(next, action);
    case "updated":
      return { ...next, held: holding(next, action.conversation) };
    case "expected": {
      const known = find(inbox, action.id);
      return known ? { ...next, held: setting(next, { ...known, ...action.change }, action.change) } : inbox;
    }
    case "agreed":
      return { ...next, held: holding(next, action.conversation, null) };
    case "refused": {
      const known = find(inbox, action.id);
      return known ? { ...next, held: setting(next, { ...known, ...action.before }, null) } : inbox;
    }
    case "message": {
      const known = find(inbox, action.id);
      if (!known || action.message.seq <= known.last_seq) return inbox;
      return { ...next, held: setting(next, withMessage(known, action.message, inbox)) };
    }
    case "read": {
      const known = find(inbox, action.id);
      return known ? { ...next, held: setting(next, withRead(known, action.reader, action.seq)) } : inbox;
    }
    case "waiting":
      return { ...next, waiting: action.count };
    case "watched":
      return { ...next, watched: action.id };
  }
}

function answered(next: Inbox, action: Extract<InboxAction, { type: "answered" }>): Inbox {
  let held = next.held;
  for (const conversation of action.items) held = holding({ ...next, held }, conversation);
  if (action.first) {
    const named = new Set(action.items.map((conversation) => conversation.id));
    const kept = new Map(held);
    for (const [id, { conversation, heard, expected }] of held) {
      const isGone =
        !named.has(id) && !expected && heard <= action.asked && belongs(action.list, conversation, next.agentId);
      // It left this list unheard. Where it went is unknown, so it goes until somebody tells of it.
      if (isGone && id !== next.watched) kept.delete(id);
    }
    held = kept;
  }
  const page: Page = { state: "ready", cursor: action.cursor };
  return { ...next, held, pages: { ...next.pages, [action.list]: page } };
}

/** The server's word on a conversation, unless something newer is already known. */
function holding(
  inbox: Inbox,
  told: AgentConversation,
  expected = inbox.held.get(told.id)?.expected ?? null,
): ReadonlyMap<string, Held> {
  const known = find(inbox, told.id);
  if (!known) return setting(inbox, told, expected);
  // Lists and events leave these two empty; a conversation asked for by itself has them, however old the answer is.
  const context = fuller(told.context, known.context);
  const visitor_info = fuller(told.visitor_info, known.visitor_info);
  if (told.last_seq < known.last_seq) return setting(inbox, { ...known, context, visitor_info }, expected);
  const agentRead = Math.max(told.agent_read_seq, known.agent_read_seq);
  return setting(
    inbox,
    {
      ...told,
      agent_read_seq: agentRead,
      visitor_read_seq: Math.max(told.visitor_read_seq, known.visitor_read_seq),
      unread_count: agentRead >= told.last_seq ? 0 : told.unread_count,
      context,
      visitor_info,
      ...expected,
    },
    expected,
  );
}

function fuller<Fields extends object>(told: Fields, known: Fields): Fields {
  return Object.keys(told).length > 0 ? told : known;
}

function setting(
  inbox: Inbox,
  conversation: AgentConversation,
  expected = inbox.held.get(conversation.id)?.expected ?? null,
): ReadonlyMap<string, Held> {
  return new Map(inbox.held).set(conversation.id, { conversation, expected, heard: inbox.clock });
}

function withMessage(known: AgentConversation, message: MessagePreview, inbox: Inbox): AgentConversation {
  const isVisitors = message.sender_type === "visitor";
  // Whoever of the agents answers has read what was written before.
  const isRead = inbox.watched === known.id || message.sender_type === "agent";
  return {
    ...known,
    last_seq: message.seq,
    // What the system notes is no news of what was said.
    last_message:
      message.sender_type === "system"
        ? known.last_message
        : {
            seq: message.seq,
            sender_type: message.sender_type,
            content: message.content,
            created_at: message.created_at,
          },
    unread_count: isRead ? 0 : known.unread_count + (isVisitors ? 1 : 0),
    agent_read_seq: isRead ? message.seq : known.agent_read_seq,
  };
}

function withRead(known: AgentConversation, reader: "visitor" | "agent", seq: number): AgentConversation {
  if (reader === "visitor") return { ...known, visitor_read_seq: Math.max(known.visitor_read_seq, seq) };
  const read = Math.max(known.agent_read_seq, seq);
  return { ...known, agent_read_seq: read, unread_count: read >= known.last_seq ? 0 : known.unread_count };
}

/** RFC 3339 times in UTC with equal precision compare as text. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
