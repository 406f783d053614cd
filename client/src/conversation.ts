/**
 * One conversation as a client holds it: the log without holes, what waits to be sent, who types, who has read what.
 *
 * Writes go over HTTP, one at a time; pushes are hints. Whatever was missed is fetched by `seq`, and where no socket
 * can be had the same fetch runs on a timer.
 */

import type { Edge } from "./edge.ts";
import { type ChatApi, Problem } from "./http.ts";
import { Listeners } from "./listeners.ts";
import { Log } from "./log.ts";
import type { Socket } from "./socket.ts";
import type { ConversationView, Json, Message, SenderType, ServerFrame } from "./wire.ts";

/** `sent`: stored by the server, and not shown in the log yet because an earlier entry is still missing. */
export type PendingState = "waiting" | "sending" | "sent" | "failed";

export interface PendingMessage {
  client_message_id: string;
  content: string;
  message_type: Message["message_type"];
  metadata: { [key: string]: Json };
  /** When it was written here, RFC 3339. */
  created_at: string;
  state: PendingState;
  /** Why it failed. */
  problem: Problem | null;
}

export interface Typist {
  sender_type: SenderType;
  sender: { id: string; name: string | null; avatar: string | null } | null;
}

export interface ConversationSnapshot<View extends ConversationView = ConversationView> {
  id: string;
  /** Null until the first answer. */
  view: View | null;
  messages: readonly Message[];
  pending: readonly PendingMessage[];
  typing: readonly Typist[];
  hasOlder: boolean;
  loadingOlder: boolean;
  /** `loading` until the first page; `failed` when it could not be had (it is tried again by itself). */
  state: "loading" | "ready" | "failed";
  problem: Problem | null;
}

export interface ConversationOptions<View extends ConversationView> {
  id: string;
  edge: Edge;
  api: ChatApi<View>;
  socket: Socket;
  /** On whose behalf this client writes. */
  as: "visitor" | "agent";
  /** Of whom this client is one, where several may write on the same side. */
  senderId?: string;
}

const PAGE = 50;
const CATCH_UP_PAGE = 100;
const POLL_FIRST = 3_000;
const POLL_LONGEST = 30_000;
const SEND_TRIES = 5;
const TYPING_AGAIN = 3_000;
const TYPING_OVER = 5_000;
const TYPIST_GONE = 8_000;

export class Conversation<View extends ConversationView = ConversationView> {
  readonly id: string;
  private readonly log = new Log<Message>();
  private readonly outbox: PendingMessage[] = [];
  private readonly typists = new Map<string, Typist & { cancel: () => void }>();
  private readonly changes = new Listeners<[ConversationSnapshot<View>]>();
  private readonly arrivals = new Listeners<[Message]>();
  private view: View | null = null;
  private state: "loading" | "ready" | "failed" = "loading";
  private problem: Problem | null = null;
  private loadingOlder = false;
  private following = false;
  private syncing = false;
  private syncAgain = false;
  private syncFailures = 0;
  private polling = false;
  private pollWait = POLL_FIRST;
  private sending = false;
  private sendTries = 0;
  private typingSentAt = Number.NEGATIVE_INFINITY;
  private readSent = 0;
  private release: (() => void)[] = [];
  private cancelSync = () => {};
  private cancelPoll = () => {};
  private cancelResend = () => {};
  private cancelTypingOver = () => {};

  constructor(private readonly options: ConversationOptions<View>) {
    this.id = options.id;
    this.restoreOutbox();
  }

  get topic(): string {
    return `conversation:${this.id}`;
  }

  snapshot(): ConversationSnapshot<View> {
    return {
      id: this.id,
      view: this.view,
      messages: this.log.entries,
      pending: this.outbox.slice(),
      typing: [...this.typists.values()],
      hasOlder: this.log.hasOlder,
      loadingOlder: this.loadingOlder,
      state: this.state,
      problem: this.problem,
    };
  }

  onChange(listener: (snapshot: ConversationSnapshot<View>) => void): () => void {
    return this.changes.add(listener);
  }

  /** Each entry once, when it appears after the first page; the own ones too. */
  onMessage(listener: (message: Message) => void): () => void {
    return this.arrivals.add(listener);
  }

  /** Begins to follow: subscribes, loads the newest page, sends what still waits. */
  open(): void {
    if (this.following) return;
    this.following = true;
    const { socket } = this.options;
    this.release = [
      socket.on((frame) => this.received(frame)),
      socket.onState(() => this.watchLine()),
      socket.subscribe(this.topic, () => (this.log.placed ? this.log.lastSeq : null)),
    ];
    this.sync();
    this.watchLine();
    this.flush();
  }

  /** Stops following; what waits in the outbox stays there. */
  close(): void {
    this.following = false;
    for (const release of this.release.splice(0)) release();
    this.cancelSync();
    this.watchLine();
    this.cancelResend();
    this.cancelTypingOver();
    for (const typist of this.typists.values()) typist.cancel();
    this.typists.clear();
  }

  /** The page came back, or the network did. */
  nudge(): void {
    if (!this.following) return;
    this.pollWait = POLL_FIRST;
    this.sync();
    this.revive();
    this.flush();
  }

  send(
    content: string,
    extra: {
      message_type?: Message["message_type"];
      metadata?: { [key: string]: Json };
      client_message_id?: string;
    } = {},
  ): string {
    const item: PendingMessage = {
      client_message_id: extra.client_message_id ?? this.options.edge.newId(),
      content,
      message_type: extra.message_type ?? "text",
      metadata: extra.metadata ?? {},
      created_at: new Date(this.options.edge.clock.now()).toISOString(),
      state: "waiting",
      problem: null,
    };
    this.revive();
    this.outbox.push(item);
    this.remember(item);
    this.typingSentAt = Number.NEGATIVE_INFINITY;
    this.cancelTypingOver();
    this.changed();
    this.flush();
    return item.client_message_id;
  }

  retry(clientMessageId: string): void {
    const item = this.outbox.find((pending) => pending.client_message_id === clientMessageId);
    if (item?.state !== "failed") return;
    item.state = "waiting";
    item.problem = null;
    this.sendTries = 0;
    this.changed();
    this.flush();
  }

  /** Takes a message that failed out of the outbox; answers its text, to be written anew. */
  discard(clientMessageId: string): string | null {
    const item = this.outbox.find((pending) => pending.client_message_id === clientMessageId);
    if (item?.state !== "failed") return null;
    this.forget(item);
    this.changed();
    return item.content;
  }

  /** To be called on every key press; what goes out is at most one frame in three seconds. */
  typing(isTyping: boolean): void {
    const { edge, socket } = this.options;
    this.cancelTypingOver();
    const now = edge.clock.now();
    if (isTyping) {
      this.cancelTypingOver = edge.clock.after(TYPING_OVER, () => this.typing(false));
      if (now - this.typingSentAt < TYPING_AGAIN) return;
      if (socket.send({ action: "typing", conversation_id: this.id, is_typing: true })) this.typingSentAt = now;
    } else if (this.typingSentAt > Number.NEGATIVE_INFINITY) {
      this.typingSentAt = Number.NEGATIVE_INFINITY;
      socket.send({ action: "typing", conversation_id: this.id, is_typing: false });
    }
  }

  /** Everything up to the last entry shown has been seen. */
  read(): void {
    const seq = this.log.lastSeq;
    const known = this.options.as === "visitor" ? this.view?.visitor_read_seq : this.view?.agent_read_seq;
    if (!this.log.placed || seq <= Math.max(this.readSent, known ?? 0)) return;
    this.readSent = seq;
    const { api, socket } = this.options;
    if (socket.send({ action: "read", conversation_id: this.id, seq })) return;
    api.read(this.id, seq).catch(() => {
      if (this.readSent === seq) this.readSent = 0;
    });
  }

  async loadOlder(): Promise<void> {
    const first = this.log.entries[0]?.seq;
    if (this.loadingOlder || first === undefined || first <= 1) return;
    this.loadingOlder = true;
    this.changed();
    try {
      const page = await this.options.api.messages({ conversation_id: this.id, limit: PAGE, before: first });
      this.log.addOlder(page.messages);
    } finally {
      this.loadingOlder = false;
      this.changed();
    }
  }

  /** Takes the server's newer word on the conversation itself, whoever asked for it. */
  update(view: View): void {
    this.view = this.view
      ? {
          ...view,
          visitor_read_seq: Math.max(view.visitor_read_seq, this.view.visitor_read_seq),
          agent_read_seq: Math.max(view.agent_read_seq, this.view.agent_read_seq),
        }
      : view;
    this.log.hear(view.last_seq);
    this.changed();
    if (this.log.placed && this.log.behind) this.sync();
  }

  // --- Catching up -------------------------------------------------------------------------------------------------

  private received(frame: ServerFrame): void {
    if (frame.type === "subscribed") {
      if (frame.topic !== this.topic) return;
      this.log.hear(frame.last_seq);
      if (frame.conversation) this.update(frame.conversation as View);
      if (this.log.placed && this.log.behind) this.sync();
      this.watchLine();
    } else if (frame.type === "pong") {
      const seq = frame.seqs[this.id];
      if (seq === undefined) return;
      this.log.hear(seq);
      if (this.log.behind) this.sync();
    } else if (frame.type === "message.created") {
      if (frame.topic === this.topic) this.take([frame.data]);
    } else if (frame.type === "conversation.updated") {
      if (frame.topic === this.topic) this.update(frame.data as View);
    } else if (frame.type === "typing") {
      if (frame.conversation_id === this.id) this.heardTyping(frame, frame.is_typing);
    } else if (frame.type === "read") {
      if (frame.conversation_id !== this.id || !this.view) return;
      const key = frame.reader === "visitor" ? "visitor_read_seq" : "agent_read_seq";
      if (frame.seq > this.view[key]) {
        this.view = { ...this.view, [key]: frame.seq };
        this.changed();
      }
    }
  }

  /** Puts entries where they belong, and fetches when they show that some are missing. */
  private take(messages: readonly Message[]): void {
    const visible = this.log.add(messages);
    for (const message of visible) {
      this.settle(message);
      this.stopTypist(message);
    }
    this.changed();
    for (const message of visible) this.arrivals.call(message);
    if (this.log.placed && this.log.behind) this.sync();
  }

  /** Fetches until nothing is missing; one fetch at a time, whoever asks. */
  private async sync(): Promise<void> {
    if (this.syncing) {
      this.syncAgain = true;
      return;
    }
    this.syncing = true;
    this.cancelSync();
    const { api, edge } = this.options;
    try {
      do {
        this.syncAgain = false;
        const before = this.log.lastSeq;
        if (!this.log.placed) {
          const page = await api.messages({ conversation_id: this.id, limit: PAGE });
          if (!this.following) return;
          for (const message of this.log.place(page.messages, page.last_seq)) this.settle(message);
          this.accept(page.conversation);
        } else {
          const page = await api.messages({ conversation_id: this.id, limit: CATCH_UP_PAGE, after: before });
          if (!this.following) return;
          this.log.hear(page.last_seq);
          this.take(page.messages);
          this.accept(page.conversation);
        }
        this.syncFailures = 0;
        if (this.log.lastSeq > before) this.pollWait = POLL_FIRST;
        else if (this.log.behind)
          throw new Problem("unreadable", 200, "The server named entries that it did not give.");
      } while (this.log.behind || this.syncAgain);
    } catch (error) {
      if (!this.following) return;
      const problem = error instanceof Problem ? error : new Problem("unreadable", 0, String(error));
      if (!this.log.placed) {
        this.state = "failed";
        this.problem = problem;
        this.changed();
      }
      if (problem.passing || problem.code === "unreadable") {
        this.syncFailures++;
        const wait = Math.min(POLL_LONGEST, 500 * 2 ** this.syncFailures) * (0.5 + edge.random() / 2);
        this.cancelSync = edge.clock.after(Math.max(wait, (problem.retryAfter ?? 0) * 1000), () => this.sync());
      }
    } finally {
      this.syncing = false;
    }
  }

  private accept(view: View | undefined): void {
    this.state = "ready";
    this.problem = null;
    if (view) this.update(view);
    else this.changed();
  }

  /** Polls for as long as the socket does not bring this conversation's frames. */
  private watchLine(): void {
    if (!this.following || this.options.socket.hears(this.topic)) {
      this.cancelPoll();
      this.polling = false;
      this.pollWait = POLL_FIRST;
      return;
    }
    if (this.polling) return;
    this.polling = true;
    this.cancelPoll = this.options.edge.clock.after(this.pollWait, () => {
      this.polling = false;
      this.pollWait = Math.min(POLL_LONGEST, this.pollWait * 1.5);
      if (this.syncFailures === 0) this.sync();
      this.watchLine();
    });
  }

  // --- Sending -----------------------------------------------------------------------------------------------------

  private async flush(): Promise<void> {
    if (this.sending || !this.following) return;
    const item = this.outbox.find((pending) => pending.state === "waiting");
    if (!item) return;
    this.sending = true;
    this.cancelResend();
    item.state = "sending";
    this.changed();
    const { api, as, edge } = this.options;
    try {
      const stored = await api.post({
        conversation_id: this.id,
        sender_type: as,
        content: item.content,
        message_type: item.message_type,
        metadata: item.metadata,
        client_message_id: item.client_message_id,
      });
      this.sendTries = 0;
      this.sending = false;
      item.state = "sent";
      this.pollWait = POLL_FIRST;
      this.take([stored]);
      this.flush();
    } catch (error) {
      this.sending = false;
      const problem = error instanceof Problem ? error : new Problem("unreadable", 0, String(error));
      if (problem.passing && ++this.sendTries < SEND_TRIES) {
        item.state = "waiting";
        const wait = 500 * 2 ** this.sendTries * (0.5 + edge.random() / 2);
        this.cancelResend = edge.clock.after(Math.max(wait, (problem.retryAfter ?? 0) * 1000), () => this.flush());
      } else if (problem.passing) {
        // Order is kept: what was written after it does not overtake it.
        for (const other of this.outbox) {
          if (other.state === "sent") continue;
          other.state = "failed";
          other.problem = problem;
        }
      } else {
        item.state = "failed";
        item.problem = problem;
        if (problem.code === "conversation_closed") this.sync();
      }
      this.changed();
      if (!problem.passing) this.flush();
    }
  }

  /** The log shows it now, so the outbox need not. */
  private settle(message: Message): void {
    if (message.client_message_id === null || message.sender_type !== this.options.as) return;
    const item = this.outbox.find((pending) => pending.client_message_id === message.client_message_id);
    if (item) this.forget(item);
  }

  /** What failed for want of a network gets another chance, before anything written later. */
  private revive(): void {
    this.sendTries = 0;
    for (const item of this.outbox) {
      if (item.state === "failed" && item.problem?.passing) {
        item.state = "waiting";
        item.problem = null;
      }
    }
  }

  private outboxKey(item: PendingMessage): string {
    return `outbox:${this.id}:${item.client_message_id}`;
  }

  private remember(item: PendingMessage): void {
    const { client_message_id, content, message_type, metadata, created_at } = item;
    const kept = JSON.stringify({ client_message_id, content, message_type, metadata, created_at });
    this.options.edge.store.set(this.outboxKey(item), kept);
  }

  private forget(item: PendingMessage): void {
    const at = this.outbox.indexOf(item);
    if (at >= 0) this.outbox.splice(at, 1);
    this.options.edge.store.remove(this.outboxKey(item));
  }

  private restoreOutbox(): void {
    const { store } = this.options.edge;
    for (const key of store.keys(`outbox:${this.id}:`)) {
      try {
        const kept = JSON.parse(store.get(key) ?? "");
        this.outbox.push({ ...kept, state: "waiting", problem: null });
      } catch {
        store.remove(key);
      }
    }
    this.outbox.sort((a, b) => (a.created_at < b.created_at ? -1 : 1));
  }

  // --- Typing ------------------------------------------------------------------------------------------------------

  private heardTyping(typist: Typist, isTyping: boolean): void {
    const key = `${typist.sender_type}:${typist.sender?.id ?? ""}`;
    this.typists.get(key)?.cancel();
    this.typists.delete(key);
    if (isTyping) {
      const cancel = this.options.edge.clock.after(TYPIST_GONE, () => {
        this.typists.delete(key);
        this.changed();
      });
      this.typists.set(key, { sender_type: typist.sender_type, sender: typist.sender, cancel });
    }
    this.changed();
  }

  private stopTypist(message: Message): void {
    const key = `${message.sender_type}:${message.sender?.id ?? ""}`;
    this.typists.get(key)?.cancel();
    this.typists.delete(key);
  }

  private changed(): void {
    this.changes.call(this.snapshot());
  }
}
