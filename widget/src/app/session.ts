/** The visitor's side of things without a document: who they are, their conversation, and what the panel shows of both. */

import { Conversation, type ConversationSnapshot } from "../../../client/src/conversation.ts";
import type { Edge } from "../../../client/src/edge.ts";
import { asProblem, ChatApi, Http, type Problem } from "../../../client/src/http.ts";
import { Listeners } from "../../../client/src/listeners.ts";
import { eraseOutbox, Outbox, type PendingMessage } from "../../../client/src/outbox.ts";
import { Socket } from "../../../client/src/socket.ts";
import type { ConversationView, Json, Message, Ticket } from "../../../client/src/wire.ts";
import { type Identity, SESSION_KEY, type StoredSession } from "../contract.ts";
import { type Attributes, sendable } from "./traits.ts";

export interface SessionSnapshot {
  /** Null before the visitor has one. */
  conversation: ConversationSnapshot | null;
  /** The server's last word on it. */
  view: ConversationView | null;
  /** Written before the conversation had begun. */
  opening: readonly PendingMessage[];
  ended: boolean;
  consented: boolean;
}

/** What the page may want to know: the names of its API's events, and each entry as it arrives. */
export type SessionEvent =
  | [name: "arrived", message: Message]
  | [name: "started" | "ended" | "rated", detail: { conversation_id: string; rating?: number }];

export interface SessionOptions {
  edge: Edge;
  baseUrl: string;
  widgetId: string;
  /** Of the page, as it is when a conversation starts. */
  context: () => { [key: string]: Json };
}

/** Whose outbox the messages are in that were written before there was a conversation. */
const OPENING = "opening";
const OVER = ["resolved", "closed"];

export class Session {
  readonly events = new Listeners<SessionEvent>();
  private readonly _changes = new Listeners<[]>();
  /** Calls on the visitor's behalf. */
  readonly http: Http;
  private readonly _api: ChatApi;
  private readonly _socket: Socket;
  private _stored: StoredSession;
  private _conversation: Conversation | null = null;
  private _opening: Outbox;
  private _starting = false;
  private _firstTicket: { ticket: Ticket; until: number } | null = null;
  private _identity: Identity | null = null;
  private _attributes: Attributes = {};
  private _trail: { name: string; metadata: Json; at: string }[] = [];

  constructor(private readonly _options: SessionOptions) {
    const { edge, baseUrl } = this._options;
    this._stored = this._read();
    this._opening = new Outbox(edge, OPENING);
    this.http = new Http(edge, {
      baseUrl,
      token: () => this._stored.token ?? null,
      onToken: (token) => this._store({ token }),
    });
    this._api = new ChatApi(this.http);
    this._socket = new Socket(edge, {
      ticket: () => this._ticket(),
      principal: () => this._stored.visitor_id,
    });
  }

  snapshot(): SessionSnapshot {
    const conversation = this._conversation?.snapshot() ?? null;
    const view = conversation ? conversation.view : null;
    return {
      conversation,
      view,
      opening: this._opening.items.slice(),
      ended: view ? OVER.includes(view.status) : this._stored.ended === true,
      consented: this._stored.consented_at !== undefined,
    };
  }

  onChange(listener: () => void): () => void {
    return this._changes.add(listener);
  }

  /** How much of what the other side wrote the visitor has not seen. */
  unread(): number {
    const snapshot = this._conversation?.snapshot();
    if (!snapshot) return 0;
    const seen = Math.max(this._stored.seen || 0, snapshot.view?.visitor_read_seq || 0);
    return snapshot.messages.filter(
      ({ seq, sender_type }) => seq > seen && (sender_type === "agent" || sender_type === "bot"),
    ).length;
  }

  /** Goes on with what the visitor had begun: a first message not sent yet, or the stored conversation. */
  resume(): void {
    const { token, conversation_id } = this._stored;
    if (this._conversation) return;
    if (this._opening.items.length) this._begin();
    else if (token && conversation_id) this._follow(conversation_id);
  }

  send(content: string, given: Partial<PendingMessage> = {}): void {
    if (this._conversation && !this.snapshot().ended) {
      this._conversation.send(content, given);
      return;
    }
    this._opening.add(content, given);
    this._begin();
  }

  retry(clientMessageId: string): void {
    if (this._opening.items.length) this._begin();
    else this._conversation?.retry(clientMessageId);
  }

  discard(clientMessageId: string): void {
    const item = this._opening.items.find(({ client_message_id }) => client_message_id === clientMessageId);
    if (item) this._opening.remove(item);
    this._conversation?.discard(clientMessageId);
    this._changes.call();
  }

  typing(isTyping: boolean): void {
    this._conversation?.typing(isTyping);
  }

  /** Everything shown has been seen. */
  markSeen(): void {
    const last = this._conversation?.lastSeq || 0;
    this._conversation?.read();
    if (last > (this._stored.seen || 0)) this._store({ seen: last });
  }

  loadOlder(): Promise<void> {
    return this._conversation?.loadOlder().catch(() => {}) ?? Promise.resolve();
  }

  /** Takes the service's newer word on the conversation, whoever asked for it. */
  update(view: ConversationView): void {
    if (this._conversation?.id === view.id) this._conversation.update(view);
  }

  consent(given: boolean): void {
    this._store({ consented_at: given ? this._now() : undefined });
    this._changes.call();
  }

  /** Puts the ended conversation aside; the next message begins a new one. */
  startAnew(): void {
    const { conversation_id } = this._stored;
    this._leave();
    if (conversation_id) eraseOutbox(this._options.edge.store, conversation_id);
    this._store({ conversation_id: undefined, ended: undefined, seen: undefined });
    this._changes.call();
  }

  identify(identity: Identity): void {
    this._identity = { ...identity, traits: sendable(identity.traits) };
    if (this._stored.token) this._sendIdentity();
  }

  setAttributes(attributes: unknown): void {
    this._attributes = { ...this._attributes, ...sendable(attributes) };
  }

  track(name: string, metadata: unknown): void {
    const event = { name: name.slice(0, 100), metadata: sendable(metadata, 200), at: this._now() };
    this._trail = [...this._trail, event].slice(-10);
  }

  nudge(): void {
    if (this._opening.items[0]?.problem?.passing) this._begin();
    this._socket.nudge();
    this._conversation?.nudge();
  }

  setHidden(hidden: boolean): void {
    this._socket.setHidden(hidden);
  }

  suspend(): void {
    this._socket.stop();
  }

  wake(): void {
    if (this._conversation) this._socket.start();
    this.nudge();
  }

  /** Another tab has begun, ended or renewed something. Answers whether there is another conversation now, or none. */
  adopt(): boolean {
    const stored = this._read();
    const changed = stored.conversation_id !== this._stored.conversation_id;
    this._stored = stored;
    if (!changed || this._conversation?.id === stored.conversation_id || this._starting) return false;
    const { edge } = this._options;
    this._leave();
    this._opening = new Outbox(edge, OPENING);
    // The other tab may be in the middle of handing over what it began with.
    const handed = new Outbox(edge, `${stored.conversation_id}`).items.map((item) => item.client_message_id);
    this._opening.items = this._opening.items.filter((item) => !handed.includes(item.client_message_id));
    this.resume();
    this._changes.call();
    return true;
  }

  /** A new anonymous visitor. */
  reset(): void {
    const { store } = this._options.edge;
    this._leave();
    store.remove(SESSION_KEY);
    eraseOutbox(store);
    this._stored = this._read();
    this._identity = null;
    this._attributes = {};
    this._trail = [];
    this._opening = new Outbox(this._options.edge, OPENING);
    this._changes.call();
  }

  stop(): void {
    this._leave();
  }

  private _leave(): void {
    this._conversation?.close();
    this._conversation = null;
    this._firstTicket = null;
    this._socket.stop();
  }

  /** `plain`: without what the page told of the visitor, when that was what the service could not take. */
  private async _begin(plain?: boolean): Promise<void> {
    if (this._starting) return;
    this._starting = true;
    this._setOpening("sending", null);
    const { edge, widgetId, context } = this._options;
    if (this._stored.ended || this._conversation) this.startAnew();
    const { visitor_id, session_id, token } = this._stored;
    this._store({});
    try {
      const started = await this._api.start({
        widget_id: widgetId,
        visitor_id,
        session_id,
        visitor_info: this._visitorInfo(plain),
        context: plain || !this._trail.length ? context() : { ...context(), events: this._trail },
      });
      this._starting = false;
      if (this._overtaken(visitor_id)) return;
      // Handed over before any other tab hears of the conversation, and let go of only after: never in neither outbox.
      const outbox = new Outbox(edge, started.conversation_id);
      for (const { content, client_message_id, created_at, message_type, metadata } of this._opening.items) {
        outbox.add(content, { client_message_id, created_at, message_type, metadata });
      }
      this._store({ token: started.visitor_token, conversation_id: started.conversation_id, ended: false });
      for (const item of this._opening.items) this._opening.remove(item);
      this._firstTicket = { ticket: started, until: edge.clock.now() + (started.expires_in - 10) * 1000 };
      this._follow(started.conversation_id);
      this._sendIdentity();
      this.events.call("started", { conversation_id: started.conversation_id });
    } catch (error) {
      this._starting = false;
      if (this._overtaken(visitor_id)) return;
      const problem = asProblem(error);
      if (problem.status === 401 && token) {
        // The token no longer counts, but the pair of ids still names this browser's visitor.
        this._stored.token = undefined;
        this._begin();
      } else if (problem.status === 422 && !plain) this._begin(true);
      else this._setOpening("failed", problem);
    }
  }

  /** Whether a reset came in between: what the answer says is about another visitor, whose successor may be waiting. */
  private _overtaken(visitorId: string | undefined): boolean {
    const overtaken = visitorId !== this._stored.visitor_id;
    if (overtaken && this._opening.items.length) this._begin();
    return overtaken;
  }

  private _follow(conversationId: string): Conversation {
    const { edge } = this._options;
    const conversation = new Conversation<ConversationView>({
      id: conversationId,
      edge,
      api: this._api,
      socket: this._socket,
      as: "visitor",
    });
    this._conversation = conversation;
    conversation.onChange((snapshot) => {
      if (this._conversation !== conversation) return;
      const { view, problem, state } = snapshot;
      if (state === "failed" && problem && [401, 403, 404].includes(problem.status)) {
        this._forgetConversation();
        return;
      }
      const over = view ? OVER.includes(view.status) : this._stored.ended === true;
      if (over !== (this._stored.ended === true)) {
        this._store({ ended: over });
        // What was not sent stays in sight; nothing can be sent here any more, so a reload need not find it.
        if (over) eraseOutbox(edge.store, conversationId);
        if (over) this.events.call("ended", { conversation_id: conversation.id });
      }
      this._changes.call();
    });
    conversation.onMessage((message) => this.events.call("arrived", message));
    conversation.open();
    this._socket.start();
    this._changes.call();
    return conversation;
  }

  private async _ticket(): Promise<Ticket> {
    const first = this._firstTicket;
    this._firstTicket = null;
    if (first && first.until > this._options.edge.clock.now()) return first.ticket;
    return this._api.ticket(this._stored.conversation_id);
  }

  /** What the store named is gone, or is no longer this visitor's. */
  private _forgetConversation(): void {
    this._stored.token = undefined;
    this.startAnew();
  }

  private _visitorInfo(plain?: boolean): Attributes {
    const { consented_at } = this._stored;
    const traits = plain ? {} : { ...(this._identity?.traits as Attributes), ...this._attributes };
    return consented_at ? { ...traits, consent_given: true, consent_timestamp: consented_at } : traits;
  }

  /** Without a proof the claim is kept as what it is; a wrong one leaves the visitor anonymous. */
  private _sendIdentity(): void {
    if (!this._identity) return;
    this.http
      .post<{ visitor_token: string }>("/chat/identify", this._identity)
      .then(({ visitor_token }) => this._store({ token: visitor_token }))
      .catch(() => {
        // The page's developer sees the refused request; the visitor need not.
      });
  }

  private _setOpening(state: PendingMessage["state"], problem: Problem | null): void {
    for (const item of this._opening.items) Object.assign(item, { state, problem });
    this._changes.call();
  }

  private _now(): string {
    return new Date(this._options.edge.clock.now()).toISOString();
  }

  private _newId(kind: "v" | "s"): string {
    return `${kind}_${this._options.edge.newId()}`;
  }

  private _read(): StoredSession {
    let stored: Partial<StoredSession> = {};
    try {
      stored = JSON.parse(this._options.edge.store.get(SESSION_KEY) || "{}") || {};
    } catch {
      // Somebody else wrote there; begin anew.
    }
    return {
      ...stored,
      visitor_id: stored.visitor_id ?? this._newId("v"),
      session_id: stored.session_id ?? this._newId("s"),
    };
  }

  /** Written only once the visitor has acted: every caller follows from something they did. */
  private _store(changes: Partial<StoredSession>): void {
    this._stored = { ...this._stored, ...changes };
    this._options.edge.store.set(SESSION_KEY, JSON.stringify(this._stored));
  }
}
