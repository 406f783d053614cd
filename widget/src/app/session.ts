/** The visitor's side of things without a document: who they are, their conversation, and what the panel shows of both. */

import { Conversation, type ConversationSnapshot, type PendingMessage } from "../../../client/src/conversation.ts";
import type { Edge } from "../../../client/src/edge.ts";
import { ChatApi, Http, Problem } from "../../../client/src/http.ts";
import { Listeners } from "../../../client/src/listeners.ts";
import { Socket } from "../../../client/src/socket.ts";
import type { ConversationView, Feedback, Json, Message, Ticket } from "../../../client/src/wire.ts";
import { type Identity, SESSION_KEY, type StoredSession } from "../contract.ts";

export interface SessionSnapshot {
  /** Null before the visitor has one. */
  conversation: ConversationSnapshot | null;
  /** Written before the conversation had begun. */
  opening: readonly PendingMessage[];
  ended: boolean;
  consented: boolean;
  feedback: { state: "none" | "sending" | "sent" | "failed"; rating: number };
}

export interface SessionEvents {
  message: [Message];
  started: [{ conversation_id: string }];
  ended: [{ conversation_id: string }];
  rated: [{ conversation_id: string; rating: number }];
}

export interface SessionOptions {
  edge: Edge;
  baseUrl: string;
  widgetId: string;
  /** Of the page, as it is when a conversation starts. */
  context: () => { [key: string]: Json };
}

const OVER = ["resolved", "closed"];

export class Session {
  readonly events: { [Name in keyof SessionEvents]: Listeners<SessionEvents[Name]> } = {
    message: new Listeners(),
    started: new Listeners(),
    ended: new Listeners(),
    rated: new Listeners(),
  };
  private readonly changes = new Listeners<[]>();
  private readonly http: Http;
  private readonly api: ChatApi;
  private readonly socket: Socket;
  private stored: StoredSession;
  private conversation: Conversation | null = null;
  private opening: PendingMessage[] = [];
  private starting = false;
  private firstTicket: { ticket: Ticket; until: number } | null = null;
  private identity: Identity | null = null;
  private attributes: { [key: string]: Json } = {};
  private trail: { name: string; metadata: Json; at: string }[] = [];
  private feedback: SessionSnapshot["feedback"] = { state: "none", rating: 0 };

  constructor(private readonly options: SessionOptions) {
    const { edge, baseUrl } = options;
    this.stored = this.read();
    this.http = new Http(edge, {
      baseUrl,
      token: () => this.stored.token ?? null,
      onToken: (token) => this.store({ token }),
    });
    this.api = new ChatApi(this.http);
    this.socket = new Socket(edge, { ticket: () => this.ticket() });
  }

  snapshot(): SessionSnapshot {
    const conversation = this.conversation?.snapshot() ?? null;
    const view = conversation?.view;
    return {
      conversation,
      opening: this.opening,
      ended: view ? OVER.includes(view.status) : this.stored.ended === true,
      consented: this.stored.consented_at !== undefined,
      feedback:
        view?.feedback && this.feedback.state === "none"
          ? { state: "sent", rating: view.feedback.rating }
          : this.feedback,
    };
  }

  onChange(listener: () => void): () => void {
    return this.changes.add(listener);
  }

  /** The last entry the visitor is known to have seen. */
  get seen(): number {
    return Math.max(this.stored.seen ?? 0, this.conversation?.snapshot().view?.visitor_read_seq ?? 0);
  }

  /** Follows the stored conversation, if there is one. Nothing is sent otherwise. */
  resume(): void {
    if (this.conversation || !this.stored.token || !this.stored.conversation_id) return;
    this.follow(this.stored.conversation_id);
  }

  send(content: string): void {
    if (this.conversation && !this.snapshot().ended) {
      this.conversation.send(content);
      return;
    }
    const { edge } = this.options;
    this.opening = [
      ...this.opening,
      {
        client_message_id: edge.newId(),
        content,
        message_type: "text",
        metadata: {},
        created_at: new Date(edge.clock.now()).toISOString(),
        state: "sending",
        problem: null,
      },
    ];
    this.changes.call();
    this.begin();
  }

  retry(clientMessageId: string): void {
    if (this.opening.length) this.begin();
    else this.conversation?.retry(clientMessageId);
  }

  discard(clientMessageId: string): void {
    this.opening = this.opening.filter((pending) => pending.client_message_id !== clientMessageId);
    this.conversation?.discard(clientMessageId);
    this.changes.call();
  }

  typing(isTyping: boolean): void {
    this.conversation?.typing(isTyping);
  }

  /** Everything shown has been seen. */
  markSeen(): void {
    const last = this.conversation?.snapshot().messages.at(-1)?.seq ?? 0;
    this.conversation?.read();
    if (last > (this.stored.seen ?? 0)) {
      this.store({ seen: last });
      this.changes.call();
    }
  }

  loadOlder(): Promise<void> {
    return this.conversation?.loadOlder().catch(() => {}) ?? Promise.resolve();
  }

  async end(): Promise<void> {
    if (!this.conversation) return;
    const { conversation } = this;
    try {
      conversation.update(await this.api.end(conversation.id));
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== "conversation_closed") throw error;
      conversation.nudge();
    }
  }

  async rate(feedback: Feedback): Promise<void> {
    const conversation = this.conversation;
    if (!conversation) return;
    this.feedback = { state: "sending", rating: feedback.rating };
    this.changes.call();
    try {
      conversation.update(await this.api.feedback({ conversation_id: conversation.id, ...feedback }));
      this.feedback = { state: "sent", rating: feedback.rating };
      this.events.rated.call({ conversation_id: conversation.id, rating: feedback.rating });
    } catch {
      this.feedback = { state: "failed", rating: feedback.rating };
    }
    this.changes.call();
  }

  consent(given: boolean): void {
    if (given) this.store({ consented_at: new Date(this.options.edge.clock.now()).toISOString() });
    else {
      const { consented_at: _, ...rest } = this.stored;
      this.stored = rest;
      this.store({});
    }
    this.changes.call();
  }

  /** Puts the ended conversation aside; the next message begins a new one. */
  startAnew(): void {
    this.leave();
    const { conversation_id: _, ended: __, seen: ___, ...rest } = this.stored;
    this.stored = { ...rest, session_id: this.newId("s") };
    this.store({});
    this.feedback = { state: "none", rating: 0 };
    this.changes.call();
  }

  identify(identity: Identity): void {
    this.identity = identity;
    if (this.stored.token) this.sendIdentity();
  }

  setAttributes(attributes: { [key: string]: Json }): void {
    Object.assign(this.attributes, attributes);
  }

  track(name: string, metadata: Json): void {
    const at = new Date(this.options.edge.clock.now()).toISOString();
    this.trail = [...this.trail, { name, metadata, at }].slice(-20);
  }

  nudge(): void {
    this.socket.nudge();
    this.conversation?.nudge();
  }

  setHidden(hidden: boolean): void {
    this.socket.setHidden(hidden);
  }

  suspend(): void {
    this.socket.stop();
  }

  wake(): void {
    if (this.conversation) this.socket.start();
    this.nudge();
  }

  /** Another tab has begun, ended or renewed something. */
  adopt(): void {
    const stored = this.read();
    const changed = stored.conversation_id !== this.stored.conversation_id;
    this.stored = stored;
    if (changed && this.conversation?.id !== stored.conversation_id && !this.starting) {
      this.leave();
      this.resume();
      this.changes.call();
    }
  }

  /** A new anonymous visitor. */
  reset(): void {
    this.leave();
    this.options.edge.store.remove(SESSION_KEY);
    this.stored = this.read();
    this.identity = null;
    this.attributes = {};
    this.opening = [];
    this.feedback = { state: "none", rating: 0 };
    this.changes.call();
  }

  stop(): void {
    this.leave();
  }

  private leave(): void {
    this.conversation?.close();
    this.conversation = null;
    this.firstTicket = null;
    this.socket.stop();
  }

  private async begin(): Promise<void> {
    if (this.starting) return;
    this.starting = true;
    this.setOpening("sending", null);
    const { edge, widgetId } = this.options;
    if (this.stored.ended || this.conversation) this.startAnew();
    const { visitor_id, session_id, consented_at, token } = this.stored;
    this.store({});
    try {
      const started = await this.api.start({
        widget_id: widgetId,
        visitor_id,
        session_id,
        visitor_info: {
          ...this.knownTraits(),
          ...(consented_at ? { consent_given: true, consent_timestamp: consented_at } : {}),
        },
        context: { ...this.options.context(), ...(this.trail.length ? { events: this.trail } : {}) },
      });
      this.store({ token: started.visitor_token, conversation_id: started.conversation_id, ended: false });
      this.firstTicket = { ticket: started, until: edge.clock.now() + (started.expires_in - 10) * 1000 };
      this.starting = false;
      const conversation = this.follow(started.conversation_id);
      const { opening } = this;
      this.opening = [];
      for (const { content, client_message_id } of opening) conversation.send(content, { client_message_id });
      if (this.identity) this.sendIdentity();
      this.events.started.call({ conversation_id: started.conversation_id });
    } catch (error) {
      this.starting = false;
      const problem = error instanceof Problem ? error : new Problem("unreadable", 0, String(error));
      if (problem.status === 401 && token) {
        // The token no longer counts: go on as a new visitor rather than not at all.
        this.forgetVisitor();
        this.begin();
        return;
      }
      this.setOpening("failed", problem);
    }
  }

  private follow(conversationId: string): Conversation {
    const { edge } = this.options;
    const conversation = new Conversation<ConversationView>({
      id: conversationId,
      edge,
      api: this.api,
      socket: this.socket,
      as: "visitor",
    });
    this.conversation = conversation;
    conversation.onChange((snapshot) => {
      if (this.conversation !== conversation) return;
      const { view, problem, state } = snapshot;
      if (state === "failed" && problem && [401, 403, 404].includes(problem.status)) {
        this.forgetConversation();
        return;
      }
      const over = view ? OVER.includes(view.status) : this.stored.ended === true;
      if (over !== (this.stored.ended === true)) {
        this.store({ ended: over });
        if (over) this.events.ended.call({ conversation_id: conversation.id });
      }
      this.changes.call();
    });
    conversation.onMessage((message) => this.events.message.call(message));
    conversation.open();
    this.socket.start();
    this.changes.call();
    return conversation;
  }

  private async ticket(): Promise<Ticket> {
    const first = this.firstTicket;
    this.firstTicket = null;
    if (first && first.until > this.options.edge.clock.now()) return first.ticket;
    return this.api.ticket(this.stored.conversation_id);
  }

  /** What the store named is gone, or is no longer this visitor's. */
  private forgetConversation(): void {
    this.forgetVisitor();
    this.leave();
    this.changes.call();
  }

  private forgetVisitor(): void {
    const { consented_at } = this.stored;
    this.options.edge.store.remove(SESSION_KEY);
    this.stored = { ...this.read(), ...(consented_at ? { consented_at } : {}) };
  }

  private knownTraits(): { [key: string]: Json } {
    const { name, email, phone, ...others } = (this.identity?.traits ?? {}) as { [key: string]: Json };
    const custom = { ...others, ...this.attributes };
    return {
      ...(typeof name === "string" ? { name } : {}),
      ...(typeof email === "string" ? { email } : {}),
      ...(typeof phone === "string" ? { phone } : {}),
      ...(Object.keys(custom).length ? { custom_fields: custom } : {}),
    };
  }

  private sendIdentity(): void {
    const { identity } = this;
    if (!identity || !(identity.hash || identity.jwt)) return;
    this.http
      .post<{ visitor_token?: string }>("/chat/identify", identity)
      .then(({ visitor_token }) => visitor_token && this.store({ token: visitor_token }))
      .catch(() => {
        // A wrong proof leaves the visitor anonymous; the page's developer sees the refused request.
      });
  }

  private setOpening(state: PendingMessage["state"], problem: Problem | null): void {
    this.opening = this.opening.map((pending) => ({ ...pending, state, problem }));
    this.changes.call();
  }

  private newId(kind: "v" | "s"): string {
    return `${kind}_${this.options.edge.newId()}`;
  }

  private read(): StoredSession {
    let stored: Partial<StoredSession> = {};
    try {
      stored = JSON.parse(this.options.edge.store.get(SESSION_KEY) ?? "{}") ?? {};
    } catch {
      // Somebody else wrote there; begin anew.
    }
    return {
      ...stored,
      visitor_id: stored.visitor_id ?? this.newId("v"),
      session_id: stored.session_id ?? this.newId("s"),
    };
  }

  /** Written only once the visitor has acted: every caller follows from something they did. */
  private store(changes: Partial<StoredSession>): void {
    this.stored = { ...this.stored, ...changes };
    this.options.edge.store.set(SESSION_KEY, JSON.stringify(this.stored));
  }
}
