/**
 * The agent's desk: what the screen shows, and what the agent can do. A click changes what is shown at once; the server
 * agrees behind it, or the change is taken back and the reason told.
 *
 * Pushes are hints here as everywhere: the lists are asked for again whenever the line comes back, and now and then
 * besides, so that a lost one costs seconds and never a visitor.
 */
import { browserEdge, browserStore } from "../../../client/src/browser.ts";
import { Conversation } from "../../../client/src/conversation.ts";
import type { Edge, Store as KeyStore } from "../../../client/src/edge.ts";
import { Problem } from "../../../client/src/http.ts";
import { Listeners } from "../../../client/src/listeners.ts";
import { Socket } from "../../../client/src/socket.ts";
import { browserTabs } from "../../../client/src/tabs.ts";
import type { AgentConversationView, MessageCreatedFrame, ServerFrame } from "../../../client/src/wire.ts";
import { AgentApi } from "../api";
import { visitorName } from "../format";
import type { Session } from "../identity/session";
import { LISTS, type ListName } from "../router";
import type { Settings } from "../settings";
import type { AgentConversation, AgentRef, Colleague, Me, Presence } from "../wire";
import { problemText } from "../words";
import { emptyInbox, find, type Inbox, type InboxAction, listed, reduce } from "./inbox";
import { Store } from "./store";
import { Toasts } from "./toasts";

export type Thread = Conversation<AgentConversation>;

type Decision = [
  change: Partial<AgentConversation>,
  ask: () => Promise<AgentConversation>,
  explain?: (problem: Problem, now: AgentConversation | null) => string | null,
];

const RESYNC_MS = 60_000;
/** Where no socket can be had, the same questions do its work. */
const POLL_MS = 5_000;
/** What belongs together comes in several events; a difference that lasts longer is a lost one. */
const EVENTS_SETTLE_MS = 1_000;
/** Conversations kept subscribed, so that going back and forth between them shows them at once. */
const FOLLOWED = 6;
/** Where a conversation keeps what it has not sent yet: `outbox:<conversation>:<message>`. */
const OUTBOX = "outbox:";

export class Desk {
  readonly me: Store<Me>;
  readonly inbox: Store<Inbox>;
  readonly colleagues = new Store<readonly Colleague[]>([]);
  /** False while calls find no server. Without a socket alone, polling does its work and nobody need know. */
  readonly reachable = new Store(true);
  readonly toasts = new Toasts();
  readonly drafts: KeyStore;
  /** A draft was changed by another hand than the composer's. */
  readonly drafted = new Listeners<[id: string, text: string]>();
  /** The agent has made a conversation theirs to write in. */
  readonly begun = new Listeners<[id: string]>();
  private readonly socket: Socket;
  private readonly threads = new Map<string, Thread>();
  /** Ids of the threads that follow their conversation, the latest last. */
  private followed: string[] = [];
  private readonly refreshing = new Set<string>();
  private presenceCalls = 0;
  /** The last presence told, or being told, to the service. */
  private presenceTold: Promise<unknown> = Promise.resolve();
  private isTellingPresence = false;
  /** What the agent chose last. The server forgets it when it hears nothing for long, as from a laptop that slept. */
  private chosen: Presence;
  private connectionId: string | undefined;
  private stops: (() => void)[] = [];
  private cancelResync = () => {};
  private cancelCountCheck = () => {};

  /** Finds out who has signed in, and opens that agent's desk. */
  static async open(settings: Settings, session: Session, edgeFor = browserEdge): Promise<Desk> {
    const edge = edgeFor("livechat.console.");
    const me = await new AgentApi(edge, settings.api_url, session).me();
    // What waits to be sent belongs to the agent who wrote it, not to whoever signs in next.
    const prefix = `livechat.console.${me.id}.`;
    const own = edgeFor(prefix);
    own.tabs = Promise.resolve(browserTabs(own, prefix));
    return new Desk(own, new AgentApi(own, settings.api_url, session), me);
  }

  private constructor(
    private readonly edge: Edge,
    readonly api: AgentApi,
    me: Me,
  ) {
    this.me = new Store(me);
    this.chosen = me.status;
    this.inbox = new Store(emptyInbox(me.id));
    this.drafts = browserStore(() => sessionStorage, "livechat.console.draft.");
    this.socket = new Socket(edge, { ticket: () => api.ticket(), principal: () => me.id });
    api.onReach = (reached) => this.reachable.set(reached);
  }

  start(): void {
    const nudge = () => {
      if (document.visibilityState === "hidden") return;
      this.socket.nudge();
      for (const id of this.followed) this.threads.get(id)?.nudge();
      this.resync();
    };
    const { signal, abort } = abortable();
    window.addEventListener("online", nudge, { signal });
    window.addEventListener("focus", nudge, { signal });
    window.addEventListener("pageshow", nudge, { signal });
    window.addEventListener("offline", () => this.reachable.set(false), { signal });
    this.stops = [
      abort,
      this.socket.on((frame) => this.received(frame)),
      this.socket.onState((state) => state === "open" || this.lineLost()),
      this.socket.subscribe(`customer:${this.me.value.customer_id}`),
    ];
    // Never told of a hidden tab: whoever works in another window is present all the same, and the heartbeat with them.
    this.socket.start();
    void this.load("mine");
    void this.load("queue");
    void this.loadColleagues();
    this.scheduleResync();
    // What was written before a reload goes out, wherever the agent looks now.
    for (const key of this.edge.store.keys(OUTBOX)) this.thread(key.slice(OUTBOX.length).split(":")[0] as string);
  }

  stop(): void {
    this.cancelResync();
    this.cancelCountCheck();
    for (const thread of this.threads.values()) thread.close();
    for (const stop of this.stops.splice(0)) stop();
    this.socket.stop();
  }

  // --- Lists ---------------------------------------------------------------------------------------------------------

  async load(list: ListName): Promise<void> {
    this.dispatch({ type: "asked", list, more: false });
    const asked = this.inbox.value.clock;
    try {
      const { items, next_cursor: cursor } = await this.api.conversations(list);
      this.dispatch({ type: "answered", list, items, cursor, first: true, asked });
      if (list === "queue" && cursor !== null)
        this.dispatch({ type: "waiting", count: (await this.api.counts()).queue });
    } catch {
      this.dispatch({ type: "failed", list });
    }
  }

  async loadMore(list: ListName): Promise<void> {
    const { state, cursor } = this.inbox.value.pages[list];
    if (state === "loading" || cursor === null) return;
    this.dispatch({ type: "asked", list, more: true });
    const asked = this.inbox.value.clock;
    try {
      const page = await this.api.conversations(list, cursor);
      this.dispatch({ type: "answered", list, items: page.items, cursor: page.next_cursor, first: false, asked });
    } catch {
      this.dispatch({ type: "failed", list });
    }
  }

  /** The lists on the screen, asked for again. */
  private resync(): void {
    for (const list of LISTS) {
      const { state } = this.inbox.value.pages[list];
      // A further page would be thrown away by asking for the first; the long lists are history, not work.
      if (state !== "idle" && state !== "loading" && (list === "mine" || list === "queue")) void this.load(list);
    }
    void this.refreshMe();
    this.scheduleResync();
  }

  private lineLost(): void {
    this.connectionId = undefined;
    this.scheduleResync();
  }

  private scheduleResync(): void {
    this.cancelResync();
    const hears = this.socket.hears(`customer:${this.me.value.customer_id}`);
    this.cancelResync = this.edge.clock.after(hears ? RESYNC_MS : POLL_MS, () => this.resync());
  }

  private async refreshMe(): Promise<void> {
    const me = await this.api.me().catch(() => null);
    if (me) this.me.set({ ...me, status: this.chosen });
  }

  async loadColleagues(): Promise<void> {
    const colleagues = await this.api.colleagues().catch(() => null);
    if (colleagues) this.colleagues.set(colleagues);
  }

  /** The server's word on one conversation; answers it, or null when it cannot be had, and tells why. */
  async refresh(id: string, failed: (error: unknown) => void = () => {}): Promise<AgentConversation | null> {
    if (this.refreshing.has(id)) return find(this.inbox.value, id);
    this.refreshing.add(id);
    try {
      const conversation = await this.api.conversation(id);
      this.dispatch({ type: "updated", conversation });
      return conversation;
    } catch (error) {
      failed(error);
      return null;
    } finally {
      this.refreshing.delete(id);
    }
  }

  // --- One conversation ----------------------------------------------------------------------------------------------

  /** The conversation's log; it is followed until others have taken its place. */
  thread(id: string): Thread {
    let thread = this.threads.get(id);
    if (!thread) {
      const { edge, socket } = this;
      thread = new Conversation<AgentConversationView>({
        id,
        edge,
        api: this.api.chat,
        socket,
        as: "agent",
        senderId: this.me.value.id,
      });
      thread.onChange(({ view }) => view && this.compare(view));
      this.threads.set(id, thread);
    }
    this.followed = [...this.followed.filter((other) => other !== id), id];
    this.leaveOldest();
    thread.open();
    return thread;
  }

  /** Lets go of what was not looked at for longest, unless something there waits to be sent. */
  private leaveOldest(): void {
    const free = this.followed
      .slice(0, -FOLLOWED)
      .filter((id) => this.threads.get(id)?.snapshot().pending.length === 0);
    for (const id of free) this.threads.get(id)?.close();
    this.followed = this.followed.filter((id) => !free.includes(id));
  }

  /** Which conversation the agent is looking at, if any. */
  watch(id: string | null): void {
    if (this.inbox.value.watched !== id) this.dispatch({ type: "watched", id });
  }

  /** Gives a text back to the conversation's composer, before whatever was begun there. */
  draft(id: string, text: string): void {
    const begun = this.drafts.get(id);
    const whole = begun ? `${text}\n${begun}` : text;
    this.drafts.set(id, whole);
    this.drafted.call(id, whole);
  }

  forgetDrafts(): void {
    for (const key of this.drafts.keys("")) this.drafts.remove(key);
  }

  read(id: string): void {
    const thread = this.threads.get(id);
    thread?.read();
    const seq = thread?.snapshot().messages.at(-1)?.seq;
    const known = find(this.inbox.value, id);
    if (seq !== undefined && known && (known.unread_count > 0 || known.agent_read_seq < seq)) {
      this.dispatch({ type: "read", id, reader: "agent", seq });
    }
  }

  /** The log hears on its own topic; when it knows of a change the list has not heard of, the list's word was lost. */
  private compare(view: Pick<AgentConversation, "id" | "status" | "agent" | "last_seq">): void {
    const known = find(this.inbox.value, view.id);
    if (!known || view.last_seq < known.last_seq) return;
    if (isSameStanding(view, known)) return;
    this.edge.clock.after(EVENTS_SETTLE_MS, () => {
      const later = find(this.inbox.value, view.id);
      if (later && later.last_seq <= view.last_seq && !isSameStanding(view, later)) void this.refresh(view.id);
    });
  }

  // --- What the agent decides ----------------------------------------------------------------------------------------

  async take(id: string): Promise<boolean> {
    const { id: agentId, display_name: name, avatar_url: avatar, max_concurrent_chats: most } = this.me.value;
    const agent: AgentRef = { id: agentId, name, avatar };
    return this.decideToWrite(
      id,
      { status: "active", agent },
      () => this.api.assign(id),
      (problem, now) => {
        if (problem.code === "agent_at_capacity") {
          return `You already have ${most} conversations, which is your limit. Resolve one, then take this.`;
        }
        if (problem.code === "already_assigned" && now?.agent) {
          return `${now.agent.name} took this conversation first.`;
        }
        return null;
      },
    );
  }

  async release(id: string): Promise<void> {
    const change = { status: "queued", agent: null, queued_at: new Date(this.edge.clock.now()).toISOString() } as const;
    if (await this.decide(id, change, () => this.api.unassign(id))) {
      this.toasts.show({
        text: `${this.nameOf(id)} is back in the queue`,
        action: { label: "Undo", run: () => void this.take(id) },
        holds: () => this.stands(id, "queued"),
      });
    }
  }

  async transfer(id: string, to: Colleague): Promise<void> {
    const agent: AgentRef = { id: to.id, name: to.name, avatar: to.avatar };
    const isDone = await this.decide(
      id,
      { status: "active", agent },
      () => this.api.transfer(id, to.id),
      (problem) =>
        problem.code === "agent_at_capacity" ? `${to.name} has no room for another conversation just now.` : null,
    );
    if (isDone) this.toasts.show({ text: `${this.nameOf(id)} is now with ${to.name}` });
  }

  async resolve(id: string): Promise<void> {
    if (await this.decide(id, { status: "resolved" }, () => this.api.resolve(id)))
      this.over(id, "resolved", "Resolved");
  }

  async end(id: string): Promise<void> {
    if (await this.decide(id, { status: "closed" }, () => this.api.end(id)))
      this.over(id, "closed", "Conversation ended");
  }

  async reopen(id: string): Promise<void> {
    await this.decideToWrite(
      id,
      { status: "active" },
      () => this.api.reopen(id),
      (problem) =>
        problem.code === "agent_at_capacity" ? "You have no room for another conversation. Resolve one first." : null,
    );
  }

  /** Whoever ends it has seen what it holds, and may think better of it. */
  private over(id: string, status: AgentConversation["status"], text: string): void {
    this.read(id);
    this.toasts.show({
      text: `${text}: ${this.nameOf(id)}`,
      action: { label: "Undo", run: () => void this.reopen(id) },
      holds: () => this.stands(id, status),
    });
  }

  /** Whether nothing is known that has changed it since. */
  private stands(id: string, status: AgentConversation["status"]): boolean {
    const conversation = find(this.inbox.value, id);
    return conversation === null || conversation.status === status;
  }

  private nameOf(id: string): string {
    const conversation = find(this.inbox.value, id);
    return conversation ? visitorName(conversation.visitor) : "The conversation";
  }

  private decideToWrite(id: string, ...decision: Decision): Promise<boolean> {
    const decided = this.decide(id, ...decision);
    this.begun.call(id);
    return decided;
  }

  /** Shows the change, asks for it, and takes it back when it is refused. Answers whether it holds. */
  private async decide(id: string, ...[change, ask, explain = () => null]: Decision): Promise<boolean> {
    const before = find(this.inbox.value, id);
    this.dispatch({ type: "expected", id, change });
    try {
      const conversation = await ask();
      this.dispatch({ type: "agreed", conversation });
      this.threads.get(id)?.update(conversation);
      return true;
    } catch (error) {
      if (before) this.dispatch({ type: "refused", id, before: only(before, change) });
      const now = await this.refresh(id);
      const told = error instanceof Problem ? explain(error, now) : null;
      this.toasts.show({ text: told ?? problemText(error), tone: "bad" });
      return false;
    }
  }

  // --- Presence ------------------------------------------------------------------------------------------------------

  async setPresence(status: Presence): Promise<void> {
    const before = this.chosen;
    const call = ++this.presenceCalls;
    this.choose(status);
    this.isTellingPresence = true;
    // One after the other, the last choice last: two at once may be stored in either order.
    const telling = this.presenceTold.then(() => (call === this.presenceCalls ? this.sendPresence(status) : null));
    this.presenceTold = telling.catch(() => null);
    try {
      const me = await telling;
      if (me && call === this.presenceCalls) this.me.set(me);
    } catch (error) {
      if (call !== this.presenceCalls) return;
      this.choose(before);
      this.toasts.show({ text: problemText(error), tone: "bad" });
    } finally {
      if (call === this.presenceCalls) this.isTellingPresence = false;
    }
  }

  private choose(status: Presence): void {
    this.chosen = status;
    this.me.patch({ status });
  }

  private async sendPresence(status: Presence): Promise<Me> {
    const { connectionId } = this;
    if (!connectionId) return this.api.setPresence(status);
    return this.api.setPresence(status, connectionId).catch((error) => {
      // The connection ended without this side knowing yet; the presence does not depend on it.
      if (error instanceof Problem && error.code === "validation_failed") return this.api.setPresence(status);
      throw error;
    });
  }

  // --- Frames --------------------------------------------------------------------------------------------------------

  private received(frame: ServerFrame): void {
    const ours = "topic" in frame && frame.topic.startsWith("customer:");
    if (frame.type === "subscribed" && ours) {
      this.connectionId = frame.connection_id;
      // The heartbeat belongs to a connection: the new one takes over what the agent had chosen.
      if (this.chosen !== "offline") void this.setPresence(this.chosen);
      this.resync();
    } else if (frame.type === "message.created" && ours) {
      this.heardMessage(frame);
    } else if (frame.type === "conversation.updated" && ours) {
      this.dispatch({ type: "updated", conversation: frame.data as AgentConversation });
    } else if (frame.type === "read") {
      this.dispatch({ type: "read", id: frame.conversation_id, reader: frame.reader, seq: frame.seq });
    } else if (frame.type === "queue.updated") {
      this.dispatch({ type: "waiting", count: frame.data.waiting });
      this.checkCount();
    } else if (frame.type === "presence.updated") {
      this.heardPresence({ ...frame.data, status: frame.data.status as Presence });
    }
  }

  private heardMessage(frame: MessageCreatedFrame): void {
    const known = find(this.inbox.value, frame.conversation_id);
    this.dispatch({ type: "message", id: frame.conversation_id, message: frame.data });
    // Unknown here, or something before it was missed.
    if (!known || frame.seq > known.last_seq + 1) void this.refresh(frame.conversation_id);
  }

  private heardPresence({ agent_id: id, ...heard }: Omit<Colleague, "id"> & { agent_id: string }): void {
    const others = this.colleagues.value.filter((colleague) => colleague.id !== id);
    if (id !== this.me.value.id) {
      this.colleagues.set([...others, { id, ...heard }].sort((a, b) => a.name.localeCompare(b.name)));
      return;
    }
    const { status, current_chat_count, max_concurrent_chats } = heard;
    // While the agent's newer choice is on its way, this is about an older one.
    if (!this.isTellingPresence) this.choose(status);
    this.me.patch({ current_chat_count, max_concurrent_chats });
  }

  private checkCount(): void {
    this.cancelCountCheck();
    this.cancelCountCheck = this.edge.clock.after(EVENTS_SETTLE_MS, () => {
      const { pages, waiting } = this.inbox.value;
      if (pages.queue.state !== "ready" || pages.queue.cursor !== null) return;
      if (listed(this.inbox.value, "queue").length !== waiting) void this.load("queue");
    });
  }

  private dispatch(action: InboxAction): void {
    this.inbox.set(reduce(this.inbox.value, action));
    this.toasts.review();
  }
}

type Standing = Pick<AgentConversation, "status" | "agent">;

function isSameStanding(a: Standing, b: Standing): boolean {
  return a.status === b.status && a.agent?.id === b.agent?.id;
}

/** The fields of `before` that `change` names. */
function only(before: AgentConversation, change: Partial<AgentConversation>): Partial<AgentConversation> {
  return Object.fromEntries(Object.keys(change).map((key) => [key, before[key as keyof AgentConversation]]));
}

function abortable(): { signal: AbortSignal; abort: () => void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}
