/** The visitor's side of things without a document: who they are, their conversation, and what the panel shows of both. */

import {
  Conversation,
  type ConversationSnapshot,
  newMessage,
  type PendingMessage,
} from "../../../client/src/conversation.ts";
import type { Edge } from "../../../client/src/edge.ts";
import { asProblem, ChatApi, Http, type Problem } from "../../../client/src/http.ts";
import { Listeners } from "../../../client/src/listeners.ts";
import { Socket } from "../../../client/src/socket.ts";
import type { ConversationView, Json, Message, Ticket } from "../../../client/src/wire.ts";
import { type Identity, SESSION_KEY, type StoredSession } from "../contract.ts";

export interface SessionSnapshot {
  /** Null before the visitor has one. */
  conversation: ConversationSnapshot | null;
  /** The server's last word on it. */
  view: ConversationView | null;
  /** Written before the conversation had begun. */
  opening: readonly PendingMessage[];
  ended: boolean;
  consented: boolean;
  feedback: { state: "none" | "sending" | "sent" | "failed"; rating: number };
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

const OVER = ["resolved", "closed"];

export class Session {
  readonly events = new Listeners<SessionEvent>();
  private readonly _changes = new Listeners<[]>();
  private readonly _http: Http;
  private readonly _api: ChatApi;
  private readonly _socket: Socket;
  private _stored: StoredSession;
  private _conversation: Conversation | null = null;
  private _opening: PendingMessage[] = [];
  private _starting = false;
  private _firstTicket: { ticket: Ticket; until: number } | null = null;
  private _identity: Identity | null = null;
  private _attributes: { [key: string]: Json } = {};
  private _trail: { name: string; metadata: Json; at: string }[] = [];
  private _feedback: SessionSnapshot["feedback"] = { state: "none", rating: 0 };

  constructor(private readonly _options: SessionOptions) {
    const { edge, baseUrl } = this._options;
    this._stored = this._read();
    this._http = new Http(edge, {
      baseUrl,
      token: () => this._stored.token ?? null,
      onToken: (token) => this._store({ token }),
    });
    this._api = new ChatApi(this._http);
    this._socket = new Socket(edge, { ticket: () => this._ticket() });
  }

  snapshot(): SessionSnapshot {
    const conversation = this._conversation?.snapshot() ?? null;
    const view = conversation ? conversation.view : null;
    const told = this._feedback;
    return {
      conversation,
      view,
      opening: this._opening,
      ended: view ? OVER.includes(view.status) : this._stored.ended === true,
      consented: this._stored.consented_at !== undefined,
      feedback: view?.feedback && told.state === "none" ? { state: "sent", rating: view.feedback.rating } : told,
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

  /** Follows the stored conversation, if there is one. Nothing is sent otherwise. */
  resume(): void {
    if (this._conversation || !this._stored.token || !this._stored.conversation_id) return;
    this._follow(this._stored.conversation_id);
  }

  send(content: string): void {
    if (this._conversation && !this.snapshot().ended) {
      this._conversation.send(content);
      return;
    }
    this._opening = [...this._opening, newMessage(this._options.edge, content)];
    this._changes.call();
    this._begin();
  }

  retry(clientMessageId: string): void {
    if (this._opening.length) this._begin();
    else this._conversation?.retry(clientMessageId);
  }

  discard(clientMessageId: string): void {
    this._opening = this._opening.filter((pending) => pending.client_message_id !== clientMessageId);
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

  async end(): Promise<void> {
    if (!this._conversation) return;
    const conversation = this._conversation;
    try {
      conversation.update(await this._api.end(conversation.id));
    } catch (error) {
      if (asProblem(error).code !== "conversation_closed") throw error;
      conversation.nudge();
    }
  }

  async rate(rating: number, comment: string): Promise<void> {
    const conversation = this._conversation;
    if (!conversation) return;
    this._feedback = { state: "sending", rating };
    this._changes.call();
    try {
      const body = { conversation_id: conversation.id, rating, ...(comment && { comment }) };
      conversation.update(await this._api.feedback(body));
      this._feedback = { state: "sent", rating };
      this.events.call("rated", { conversation_id: conversation.id, rating });
    } catch {
      this._feedback = { state: "failed", rating };
    }
    this._changes.call();
  }

  consent(given: boolean): void {
    if (given) this._store({ consented_at: new Date(this._options.edge.clock.now()).toISOString() });
    else {
      const { consented_at: _, ...rest } = this._stored;
      this._stored = rest;
      this._store({});
    }
    this._changes.call();
  }

  /** Puts the ended conversation aside; the next message begins a new one. */
  startAnew(): void {
    this._leave();
    const { conversation_id: _, ended: __, seen: ___, ...rest } = this._stored;
    this._stored = rest;
    this._store({});
    this._feedback = { state: "none", rating: 0 };
    this._changes.call();
  }

  identify(identity: Identity): void {
    this._identity = identity;
    if (this._stored.token) this._sendIdentity();
  }

  setAttributes(attributes: { [key: string]: Json }): void {
    Object.assign(this._attributes, attributes);
  }

  track(name: string, metadata: Json): void {
    const at = new Date(this._options.edge.clock.now()).toISOString();
    this._trail = [...this._trail, { name, metadata, at }].slice(-20);
  }

  nudge(): void {
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

  /** Another tab has begun, ended or renewed something. */
  adopt(): void {
    const stored = this._read();
    const changed = stored.conversation_id !== this._stored.conversation_id;
    this._stored = stored;
    if (changed && this._conversation?.id !== stored.conversation_id && !this._starting) {
      this._leave();
      this.resume();
      this._changes.call();
    }
  }

  /** A new anonymous visitor. */
  reset(): void {
    this._leave();
    this._options.edge.store.remove(SESSION_KEY);
    this._stored = this._read();
    this._identity = null;
    this._attributes = {};
    this._opening = [];
    this._feedback = { state: "none", rating: 0 };
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

  private async _begin(): Promise<void> {
    if (this._starting) return;
    this._starting = true;
    this._setOpening("sending", null);
    const { edge, widgetId } = this._options;
    if (this._stored.ended || this._conversation) this.startAnew();
    const { visitor_id, session_id, token } = this._stored;
    this._store({});
    try {
      const started = await this._api.start({
        widget_id: widgetId,
        visitor_id,
        session_id,
        visitor_info: this._visitorInfo(),
        context: { ...this._options.context(), ...(this._trail.length ? { events: this._trail } : {}) },
      });
      this._store({ token: started.visitor_token, conversation_id: started.conversation_id, ended: false });
      this._firstTicket = { ticket: started, until: edge.clock.now() + (started.expires_in - 10) * 1000 };
      this._starting = false;
      const conversation = this._follow(started.conversation_id);
      const opening = this._opening;
      this._opening = [];
      for (const { content, client_message_id } of opening) conversation.send(content, { client_message_id });
      this._sendIdentity();
      this.events.call("started", { conversation_id: started.conversation_id });
    } catch (error) {
      this._starting = false;
      const problem = asProblem(error);
      if (problem.status === 401 && token) {
        // The token no longer counts, but the pair of ids still names this browser's visitor.
        this._forgetToken();
        this._begin();
        return;
      }
      this._setOpening("failed", problem);
    }
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
    this._forgetToken();
    this.startAnew();
  }

  private _forgetToken(): void {
    const { token: _, ...rest } = this._stored;
    this._stored = rest;
    this._store({});
  }

  private _visitorInfo(): { [key: string]: Json } {
    const { consented_at } = this._stored;
    const traits = { ...this._identity?.traits, ...this._attributes } as { [key: string]: Json };
    return consented_at ? { ...traits, consent_given: true, consent_timestamp: consented_at } : traits;
  }

  /** Without a proof the claim is kept as what it is; a wrong one leaves the visitor anonymous. */
  private _sendIdentity(): void {
    if (!this._identity) return;
    this._http
      .post<{ visitor_token: string }>("/chat/identify", this._identity)
      .then(({ visitor_token }) => this._store({ token: visitor_token }))
      .catch(() => {
        // The page's developer sees the refused request; the visitor need not.
      });
  }

  private _setOpening(state: PendingMessage["state"], problem: Problem | null): void {
    this._opening = this._opening.map((pending) => ({ ...pending, state, problem }));
    this._changes.call();
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
