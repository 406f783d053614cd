/** One socket kept open: tickets, reconnecting, pings, and the subscriptions made again after each reconnect. */

import type { Dial, Edge, Line } from "./edge.ts";
import type { Problem } from "./http.ts";
import { dialler } from "./line.ts";
import { Listeners } from "./listeners.ts";
import type { ClientFrame, ServerFrame, Ticket } from "./wire.ts";

/** `refused`: the server will not give a ticket; trying again unchanged is pointless. */
export type SocketState = "idle" | "connecting" | "open" | "waiting" | "refused";

export interface SocketOptions {
  ticket: () => Promise<Pick<Ticket, "ticket" | "websocket_url">>;
  /** Names whose line it is, when it is started: tabs of one principal share theirs. Without it the line is this tab's own. */
  principal?: () => string;
}

interface Subscription {
  /** The last seq held of the topic's conversation; null where the topic has no log. */
  lastSeq: () => number | null;
  confirmed: boolean;
  holders: number;
}

/** Ticket included. */
const CONNECT_WITHIN = 20_000;
const ANSWER_WITHIN = 10_000;
const PING_EVERY = 25_000;
const PING_EVERY_HIDDEN = 240_000;
/** API Gateway ends a connection after two hours; it is re-made before that. */
const RENEW_AFTER = 110 * 60_000;
const FIRST_WAIT = 500;
const LONGEST_WAIT = 30_000;
/** A connection that lasted this long was a good one: the next try after it comes at once. */
const GOOD_AFTER = 5_000;
const CONVERSATION = "conversation:";

export class Socket {
  private _current: SocketState = "idle";
  private _line: Line | null = null;
  private _dial: Dial | null = null;
  /** Counts lines; what belongs to an earlier one is ignored. */
  private _generation = 0;
  private _tries = 0;
  private _openedAt = 0;
  private _hidden = false;
  private readonly _subscriptions = new Map<string, Subscription>();
  private readonly _frames = new Listeners<[ServerFrame]>();
  private readonly _states = new Listeners<[SocketState]>();
  private _hangUp = () => {};
  private _cancelRetry = () => {};
  private _cancelPing = () => {};
  private _cancelDeadline = () => {};
  private _cancelRenewal = () => {};

  constructor(
    private readonly _edge: Edge,
    private readonly _options: SocketOptions,
  ) {}

  get state(): SocketState {
    return this._current;
  }

  on(listener: (frame: ServerFrame) => void): () => void {
    return this._frames.add(listener);
  }

  onState(listener: (state: SocketState) => void): () => void {
    return this._states.add(listener);
  }

  start(): void {
    if (this._current !== "idle") return;
    const { ticket, principal } = this._options;
    const mine = this._generation;
    this._setState("connecting");
    Promise.resolve(principal && this._edge.tabs).then((tabs) => {
      if (mine !== this._generation) return;
      this._dial = dialler(this._edge, ticket);
      if (tabs && principal) {
        [this._dial, this._hangUp] = tabs.share(`line:${principal()}`, this._dial, () => this.nudge());
      }
      this._connect();
    });
  }

  stop(): void {
    this._drop();
    this._hangUp();
    this._tries = 0;
    this._setState("idle");
  }

  /** The page came back, or the network did: find out now whether the line still works. */
  nudge(): void {
    if (this._current === "waiting" || this._current === "refused") {
      this._tries = 0;
      this._connect();
    } else if (this._current === "open") {
      this._ping();
    }
  }

  setHidden(hidden: boolean): void {
    if (this._hidden === hidden) return;
    this._hidden = hidden;
    if (this._current === "open") {
      if (hidden) this._schedulePing();
      else this._ping();
    }
  }

  /** Holds the topic until the answer is called; `lastSeq` tells how far its log is known. */
  subscribe(topic: string, lastSeq: () => number | null = () => null): () => void {
    const held = this._subscriptions.get(topic);
    if (held) {
      held.holders++;
      held.lastSeq = lastSeq;
    } else {
      this._subscriptions.set(topic, { lastSeq, confirmed: false, holders: 1 });
      this._sendSubscribe(topic);
    }
    let released = false;
    return () => {
      const subscription = this._subscriptions.get(topic);
      if (released || !subscription) return;
      released = true;
      if (--subscription.holders > 0) return;
      this._subscriptions.delete(topic);
      this.send({ action: "unsubscribe", topic });
    };
  }

  /** Whether frames of the topic arrive. */
  hears(topic: string): boolean {
    return this._current === "open" && (this._subscriptions.get(topic)?.confirmed ?? false);
  }

  /** False when there is no line to send on. */
  send(frame: ClientFrame): boolean {
    if (this._current !== "open" || !this._line) return false;
    try {
      this._line.send(JSON.stringify(frame));
      return true;
    } catch {
      return false;
    }
  }

  private _connect(): void {
    this._drop();
    const mine = this._generation;
    this._tries++;
    this._setState("connecting");
    this._cancelDeadline = this._edge.clock.after(CONNECT_WITHIN, () => this._lost(mine));
    this._line = (this._dial as Dial)({
      opened: () => this._opened(mine),
      received: (text) => this._received(mine, text),
      closed: () => this._lost(mine),
      refused: (problem) => this._refused(mine, problem),
    });
  }

  private _refused(mine: number, problem: Problem): void {
    if (mine !== this._generation) return;
    this._drop();
    if (problem.passing) this._wait(problem.retryAfter);
    else this._setState("refused");
  }

  private _opened(mine: number): void {
    if (mine !== this._generation) return;
    this._cancelDeadline();
    this._openedAt = this._edge.clock.now();
    this._setState("open");
    for (const topic of this._subscriptions.keys()) this._sendSubscribe(topic);
    this._schedulePing();
    const renewal = RENEW_AFTER - this._edge.random() * 600_000;
    this._cancelRenewal = this._edge.clock.after(renewal, () => {
      this._tries = 0;
      this._connect();
    });
  }

  private _received(mine: number, text: string): void {
    if (mine !== this._generation) return;
    this._cancelDeadline();
    let frame: ServerFrame;
    try {
      frame = JSON.parse(text);
    } catch {
      return;
    }
    if (!frame) return;
    if (frame.type === "error" && frame.code === "unauthenticated") {
      // The line is open, but the service knows it no more: nothing would ever come on it.
      this._lost(mine);
      return;
    }
    // Another tab may have asked for all of it.
    if (frame.type === "pong" && Object.keys(this._positions()).every((id) => id in frame.seqs)) this._schedulePing();
    if (frame.type === "subscribed") {
      const subscription = this._subscriptions.get(frame.topic);
      if (subscription) subscription.confirmed = true;
    }
    this._frames.call(frame);
  }

  private _lost(mine: number): void {
    if (mine !== this._generation) return;
    const good = this._current === "open" && this._edge.clock.now() - this._openedAt >= GOOD_AFTER;
    if (good) this._tries = 0;
    this._drop();
    this._wait(null);
  }

  /** Full jitter over a doubling span; at once after a good connection. */
  private _wait(retryAfter: number | null): void {
    const span = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** Math.min(this._tries - 1, 10));
    const delay = this._tries === 0 ? 0 : Math.max(this._edge.random() * span, (retryAfter || 0) * 1000);
    this._setState("waiting");
    this._cancelRetry = this._edge.clock.after(delay, () => this._connect());
  }

  private _drop(): void {
    this._generation++;
    this._cancelRetry();
    this._cancelPing();
    this._cancelDeadline();
    this._cancelRenewal();
    for (const subscription of this._subscriptions.values()) subscription.confirmed = false;
    const line = this._line;
    this._line = null;
    line?.close();
  }

  private _sendSubscribe(topic: string): void {
    const seq = this._subscriptions.get(topic)?.lastSeq() ?? null;
    this.send({ action: "subscribe", topic, ...(seq === null ? {} : { after_seq: seq }) });
  }

  private _schedulePing(): void {
    this._cancelPing();
    this._cancelPing = this._edge.clock.after(this._hidden ? PING_EVERY_HIDDEN : PING_EVERY, () => this._ping());
  }

  /** Tells how far each log is known; a line that stays silent after it is given up. */
  private _ping(): void {
    for (const [topic, { confirmed }] of this._subscriptions) if (!confirmed) this._sendSubscribe(topic);
    this._schedulePing();
    this._cancelDeadline();
    const mine = this._generation;
    this._cancelDeadline = this._edge.clock.after(ANSWER_WITHIN, () => this._lost(mine));
    this.send({ action: "ping", seqs: this._positions() });
  }

  /** How far each conversation's log is known. */
  private _positions(): Record<string, number> {
    const seqs: Record<string, number> = {};
    for (const [topic, { lastSeq }] of this._subscriptions) {
      const seq = lastSeq();
      if (topic.startsWith(CONVERSATION) && seq !== null) seqs[topic.slice(CONVERSATION.length)] = seq;
    }
    return seqs;
  }

  private _setState(state: SocketState): void {
    if (this._current === state) return;
    this._current = state;
    this._states.call(state);
  }
}
