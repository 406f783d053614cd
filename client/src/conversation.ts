/**
 * One conversation as a client holds it: the log without holes, what waits to be sent, who types, who has read what.
 *
 * Writes go over HTTP, one at a time; pushes are hints. Whatever was missed is fetched by `seq`, and where no socket
 * can be had the same fetch runs on a timer.
 */

import type { Edge, Tabs } from "./edge.ts";
import { asProblem, type ChatApi, Problem } from "./http.ts";
import { Listeners } from "./listeners.ts";
import { Log } from "./log.ts";
import { type KeptMessage, keptOf, Outbox, type PendingMessage } from "./outbox.ts";
import type { Socket } from "./socket.ts";
import type { ConversationView, Message, SenderType, ServerFrame } from "./wire.ts";

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

/** From tab to tab: what was written, or taken out: `out`, since the log shows it or it was refused, or `discarded`. */
interface OutboxWord {
  outbox?: string;
  written?: KeptMessage;
  out?: string;
  discarded?: string;
}

const PAGE = 50;
const CATCH_UP_PAGE = 100;
const POLL_FIRST = 3_000;
const POLL_LONGEST = 30_000;
const SEND_TRIES = 5;
/** By then a tab's view of the store has caught up with the other tabs. */
const STORE_SETTLES = 5_000;
/** A tab that had its turn for so long and sent nothing stands still; another one takes it. */
const TURN_TAKEN_AFTER = 15_000;
const TYPING_AGAIN = 3_000;
const TYPING_OVER = 5_000;
const TYPIST_GONE = 8_000;

export class Conversation<View extends ConversationView = ConversationView> {
  readonly id: string;
  private readonly _log = new Log<Message>();
  private readonly _outbox: Outbox;
  private readonly _typists = new Map<string, Typist & { cancel: () => void }>();
  private readonly _changes = new Listeners<[ConversationSnapshot<View>]>();
  private readonly _arrivals = new Listeners<[Message]>();
  private _view: View | null = null;
  private _state: "loading" | "ready" | "failed" = "loading";
  private _problem: Problem | null = null;
  private _loadingOlder = false;
  private _following = false;
  private _syncing = false;
  private _syncAgain = false;
  private _syncFailures = 0;
  private _polling = false;
  private _pollWait = POLL_FIRST;
  private _sending = false;
  private _sendTries = 0;
  /** Null while it is not known whether there are other tabs. */
  private _tabs: { bonds: Tabs | undefined } | null = null;
  /** Whether it is this tab's turn to send, since one sends for all. */
  private _hasTurn = false;
  private _endTurn: (() => void) | null = null;
  private _cancelImpatience = () => {};
  private _typingSentAt = Number.NEGATIVE_INFINITY;
  private _readSent = 0;
  private _release: (() => void)[] = [];
  private _cancelSync = () => {};
  private _cancelPoll = () => {};
  private _cancelResend = () => {};
  private _cancelTypingOver = () => {};

  constructor(private readonly _options: ConversationOptions<View>) {
    this.id = _options.id;
    this._outbox = new Outbox(_options.edge, _options.id);
  }

  get topic(): string {
    return `conversation:${this.id}`;
  }

  /** The last entry shown. */
  get lastSeq(): number {
    return this._log.lastSeq;
  }

  snapshot(): ConversationSnapshot<View> {
    return {
      id: this.id,
      view: this._view,
      messages: this._log.entries,
      pending: this._outbox.items.slice(),
      typing: [...this._typists.values()],
      hasOlder: this._log.hasOlder,
      loadingOlder: this._loadingOlder,
      state: this._state,
      problem: this._problem,
    };
  }

  onChange(listener: (snapshot: ConversationSnapshot<View>) => void): () => void {
    return this._changes.add(listener);
  }

  /** Each entry once, when it appears after the first page; the own ones too. */
  onMessage(listener: (message: Message) => void): () => void {
    return this._arrivals.add(listener);
  }

  /** Begins to follow: subscribes, loads the newest page, sends what still waits. */
  open(): void {
    if (this._following) return;
    this._following = true;
    const { edge, socket } = this._options;
    this._release = [
      socket.on((frame) => this._received(frame)),
      socket.onState(() => this._watchLine()),
      socket.subscribe(this.topic, () => (this._log.placed ? this._log.lastSeq : null)),
    ];
    const release = this._release;
    Promise.resolve(edge.tabs).then((bonds) => {
      if (!this._following || release !== this._release) return;
      this._tabs = { bonds };
      if (bonds) release.push(bonds.hear((word) => this._heardOutbox(word as OutboxWord)));
      this._flush();
    });
    this._sync();
    this._watchLine();
  }

  /** Stops following; what waits in the outbox stays there. */
  close(): void {
    this._following = false;
    for (const release of this._release.splice(0)) release();
    this._cancelSync();
    this._watchLine();
    this._cancelResend();
    this._yieldTurn();
    this._cancelTypingOver();
    for (const typist of this._typists.values()) typist.cancel();
    this._typists.clear();
  }

  /** The page came back, or the network did. */
  nudge(): void {
    if (!this._following) return;
    this._pollWait = POLL_FIRST;
    this._sync();
    this._revive();
    this._flush();
  }

  /** Answers the `client_message_id`. */
  send(content: string, given: Partial<PendingMessage> = {}): string {
    this._revive();
    const item = this._outbox.add(content, given);
    this._typingSentAt = Number.NEGATIVE_INFINITY;
    this._cancelTypingOver();
    this._tell({ written: keptOf(item) });
    this._changed();
    this._flush();
    return item.client_message_id;
  }

  retry(clientMessageId: string): void {
    const item = this._failed(clientMessageId);
    if (!item) return;
    item.state = "waiting";
    item.problem = null;
    this._outbox.keep(item);
    this._tell({ written: keptOf(item) });
    this._sendTries = 0;
    this._changed();
    this._flush();
  }

  /** Takes a message that failed out of the outbox; answers its text, to be written anew. */
  discard(clientMessageId: string): string | null {
    const item = this._failed(clientMessageId);
    if (!item) return null;
    this._outbox.remove(item);
    this._tell({ discarded: clientMessageId });
    this._changed();
    return item.content;
  }

  /** To be called on every key press; what goes out is at most one frame in three seconds. */
  typing(isTyping: boolean): void {
    const { edge, socket } = this._options;
    this._cancelTypingOver();
    const now = edge.clock.now();
    if (isTyping) {
      this._cancelTypingOver = edge.clock.after(TYPING_OVER, () => this.typing(false));
      if (now - this._typingSentAt < TYPING_AGAIN) return;
      if (socket.send({ action: "typing", conversation_id: this.id, is_typing: true })) this._typingSentAt = now;
    } else if (this._typingSentAt > Number.NEGATIVE_INFINITY) {
      this._typingSentAt = Number.NEGATIVE_INFINITY;
      socket.send({ action: "typing", conversation_id: this.id, is_typing: false });
    }
  }

  /** Everything up to the last entry shown has been seen. */
  read(): void {
    const seq = this._log.lastSeq;
    const known = this._view ? this._view[`${this._options.as}_read_seq`] : 0;
    if (!this._log.placed || seq <= Math.max(this._readSent, known)) return;
    this._readSent = seq;
    const { api, socket } = this._options;
    if (socket.send({ action: "read", conversation_id: this.id, seq })) return;
    api.read(this.id, seq).catch(() => {
      if (this._readSent === seq) this._readSent = 0;
    });
  }

  async loadOlder(): Promise<void> {
    const first = this._log.entries[0]?.seq;
    if (this._loadingOlder || first === undefined || first <= 1) return;
    this._loadingOlder = true;
    this._changed();
    try {
      const page = await this._options.api.messages({ conversation_id: this.id, limit: PAGE, before: first });
      this._log.addOlder(page.messages);
    } finally {
      this._loadingOlder = false;
      this._changed();
    }
  }

  /** Takes the server's newer word on the conversation itself, whoever asked for it. */
  update(view: View): void {
    this._view = this._view
      ? {
          ...view,
          visitor_read_seq: Math.max(view.visitor_read_seq, this._view.visitor_read_seq),
          agent_read_seq: Math.max(view.agent_read_seq, this._view.agent_read_seq),
        }
      : view;
    this._log.hear(view.last_seq);
    this._changed();
    if (this._log.placed && this._log.behind) this._sync();
  }

  // --- Catching up -------------------------------------------------------------------------------------------------

  private _received(frame: ServerFrame): void {
    if (frame.type === "subscribed") {
      if (frame.topic !== this.topic) return;
      this._log.hear(frame.last_seq);
      if (frame.conversation) this.update(frame.conversation as View);
      if (this._log.placed && this._log.behind) this._sync();
      this._watchLine();
    } else if (frame.type === "pong") {
      const seq = frame.seqs[this.id];
      if (seq === undefined) return;
      this._log.hear(seq);
      if (this._log.behind) this._sync();
    } else if (frame.type === "message.created") {
      if (frame.topic === this.topic) this._take([frame.data]);
    } else if (frame.type === "conversation.updated") {
      if (frame.topic === this.topic) this.update(frame.data as View);
    } else if (frame.type === "typing") {
      if (frame.conversation_id !== this.id) return;
      this._heardTyping(frame, frame.is_typing);
      this._changed();
    } else if (frame.type === "read") {
      if (frame.conversation_id !== this.id || !this._view) return;
      const key = `${frame.reader}_read_seq` as const;
      if (frame.seq > this._view[key]) {
        this._view = { ...this._view, [key]: frame.seq };
        this._changed();
      }
    }
  }

  /** Puts entries where they belong, and fetches when they show that some are missing. */
  private _take(messages: readonly Message[]): void {
    const visible = this._log.add(messages);
    for (const message of visible) {
      this._settle(message);
      this._heardTyping(message, false);
    }
    this._changed();
    for (const message of visible) this._arrivals.call(message);
    if (this._log.placed && this._log.behind) this._sync();
  }

  /** Fetches until nothing is missing; one fetch at a time, whoever asks. */
  private async _sync(): Promise<void> {
    if (this._syncing) {
      this._syncAgain = true;
      return;
    }
    this._syncing = true;
    this._cancelSync();
    const { api, edge } = this._options;
    try {
      do {
        this._syncAgain = false;
        const before = this._log.lastSeq;
        if (!this._log.placed) {
          const page = await api.messages({ conversation_id: this.id, limit: PAGE });
          if (!this._following) return;
          for (const message of this._log.place(page.messages, page.last_seq)) this._settle(message);
          this._accept(page.conversation);
        } else {
          const page = await api.messages({ conversation_id: this.id, limit: CATCH_UP_PAGE, after: before });
          if (!this._following) return;
          this._log.hear(page.last_seq);
          this._take(page.messages);
          this._accept(page.conversation);
        }
        this._syncFailures = 0;
        if (this._log.lastSeq > before) this._pollWait = POLL_FIRST;
        else if (this._log.behind) throw new Problem("unreadable", 200);
      } while (this._log.behind || this._syncAgain);
      this._settleGone();
    } catch (error) {
      if (!this._following) return;
      const problem = asProblem(error);
      if (!this._log.placed) {
        this._state = "failed";
        this._problem = problem;
        this._changed();
      }
      if (problem.passing || problem.code === "unreadable") {
        this._syncFailures++;
        const wait = Math.min(POLL_LONGEST, 500 * 2 ** this._syncFailures) * (0.5 + edge.random() / 2);
        this._cancelSync = edge.clock.after(Math.max(wait, (problem.retryAfter || 0) * 1000), () => this._sync());
      }
    } finally {
      this._syncing = false;
    }
  }

  private _accept(view: View | undefined): void {
    this._state = "ready";
    this._problem = null;
    if (view) this.update(view);
    else this._changed();
  }

  /** Polls for as long as the socket does not bring this conversation's frames. */
  private _watchLine(): void {
    if (!this._following || this._options.socket.hears(this.topic)) {
      this._cancelPoll();
      this._polling = false;
      this._pollWait = POLL_FIRST;
      return;
    }
    if (this._polling) return;
    this._polling = true;
    this._cancelPoll = this._options.edge.clock.after(this._pollWait, () => {
      this._polling = false;
      this._pollWait = Math.min(POLL_LONGEST, this._pollWait * 1.5);
      if (this._syncFailures === 0) this._sync();
      this._watchLine();
    });
  }

  // --- Sending -----------------------------------------------------------------------------------------------------

  private async _flush(): Promise<void> {
    if (this._sending || !this._following) return;
    const item = this._outbox.items.find((pending) => pending.state === "waiting" && !pending.gone);
    if (!item) {
      this._yieldTurn();
      return;
    }
    if (!this._takesTurn()) return;
    const { api, as, edge } = this._options;
    if (this._endTurn && edge.clock.now() - item.order > STORE_SETTLES && !this._outbox.isKept(item)) {
      // Taken out by another tab while this one stood still.
      item.gone = true;
      this._sync();
      this._flush();
      return;
    }
    this._sending = true;
    this._cancelResend();
    item.state = "sending";
    this._changed();
    try {
      const stored = await api.post({
        conversation_id: this.id,
        sender_type: as,
        content: item.content,
        message_type: item.message_type,
        metadata: item.metadata,
        client_message_id: item.client_message_id,
      });
      this._sendTries = 0;
      this._sending = false;
      item.state = "sent";
      this._pollWait = POLL_FIRST;
      this._take([stored]);
      // Another tab has sent it, and the log had it before this one's answer came.
      if (stored.seq <= this._log.lastSeq) this._settle(stored);
      this._changed();
      this._flush();
    } catch (error) {
      this._sending = false;
      const problem = asProblem(error);
      if (problem.passing && ++this._sendTries < SEND_TRIES) {
        item.state = "waiting";
        const wait = 500 * 2 ** this._sendTries * (0.5 + edge.random() / 2);
        this._cancelResend = edge.clock.after(Math.max(wait, (problem.retryAfter || 0) * 1000), () => this._flush());
      } else if (problem.passing) {
        // Order is kept: what was written after it does not overtake it.
        for (const other of this._outbox.items) {
          if (other.state === "sent") continue;
          other.state = "failed";
          other.problem = problem;
        }
      } else {
        item.state = "failed";
        item.problem = problem;
        if (problem.code === "conversation_closed") {
          // It can never be sent here: it stays in sight, but a reload need not find it.
          this._outbox.keepNoLonger(item);
          this._tell({ out: item.client_message_id });
          this._sync();
        }
      }
      this._changed();
      if (!problem.passing) this._flush();
      else if (item.state === "failed") this._yieldTurn();
    }
  }

  /** One tab sends for all, so that order is kept and no more than one message is unacknowledged. */
  private _takesTurn(): boolean {
    if (!this._tabs) return false;
    if (!this._tabs.bonds) return true;
    if (!this._hasTurn) this._waitForTurn();
    return this._hasTurn;
  }

  private _waitForTurn(steal?: boolean): void {
    const bonds = this._tabs?.bonds;
    if (!bonds || (this._endTurn && !steal)) return;
    this._endTurn?.();
    this._beImpatient();
    this._endTurn = bonds.hold(
      `outbox:${this.id}`,
      () => {
        this._cancelImpatience();
        this._hasTurn = true;
        this._outbox.load();
        // Not before the caller knows how to give the turn back.
        Promise.resolve().then(() => this._flush());
      },
      () => {
        // Another tab took over, which has read the same outbox: what is on its way now is sent twice and stored once.
        this._yieldTurn();
        this._flush();
      },
      steal,
    );
  }

  private _beImpatient(): void {
    this._cancelImpatience();
    this._cancelImpatience = this._options.edge.clock.after(TURN_TAKEN_AFTER, () => this._waitForTurn(true));
  }

  private _yieldTurn(): void {
    this._hasTurn = false;
    this._cancelImpatience();
    this._endTurn?.();
    this._endTurn = null;
  }

  private _tell(word: OutboxWord): void {
    this._tabs?.bonds?.say({ outbox: this.id, ...word });
  }

  private _heardOutbox({ outbox, written, out, discarded }: OutboxWord): void {
    if (outbox !== this.id) return;
    if (written) this._outbox.join(written);
    const item = this._outbox.items.find(({ client_message_id: id }) => id === out || id === discarded);
    if (item && discarded) this._outbox.remove(item);
    else if (item) {
      item.gone = true;
      this._sync();
    }
    // Somebody makes progress.
    if (this._endTurn && !this._hasTurn) this._beImpatient();
    this._changed();
    this._flush();
  }

  /** What another tab took out, and the whole log does not show, was refused there. */
  private _settleGone(): void {
    for (const item of this._outbox.items) {
      if (!item.gone || item.state === "failed") continue;
      item.state = "failed";
      item.problem = new Problem("not_sent", 409);
    }
    this._changed();
  }

  /** The log shows it now, so the outbox need not. */
  private _settle(message: Message): void {
    if (message.client_message_id === null || message.sender_type !== this._options.as) return;
    const item = this._outbox.items.find((pending) => pending.client_message_id === message.client_message_id);
    if (!item) return;
    this._outbox.remove(item);
    this._tell({ out: item.client_message_id });
  }

  /** What failed for want of a network gets another chance, before anything written later. */
  private _revive(): void {
    this._sendTries = 0;
    for (const item of this._outbox.items) {
      if (item.state === "failed" && item.problem?.passing) {
        item.state = "waiting";
        item.problem = null;
      }
    }
  }

  private _failed(clientMessageId: string): PendingMessage | undefined {
    return this._outbox.items.find(
      ({ client_message_id, state }) => client_message_id === clientMessageId && state === "failed",
    );
  }

  // --- Typing ------------------------------------------------------------------------------------------------------

  /** They type, or they do so no longer: then their key is all that is needed. */
  private _heardTyping(typist: Pick<Message, "sender_type" | "sender">, isTyping: boolean): void {
    const { sender_type, sender } = typist;
    const key = sender_type + (sender ? sender.id : "");
    this._typists.get(key)?.cancel();
    this._typists.delete(key);
    if (!isTyping) return;
    const cancel = this._options.edge.clock.after(TYPIST_GONE, () => {
      this._typists.delete(key);
      this._changed();
    });
    this._typists.set(key, { sender_type, sender, cancel });
  }

  private _changed(): void {
    this._changes.call(this.snapshot());
  }
}
