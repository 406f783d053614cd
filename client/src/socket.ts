/** One socket kept open: tickets, reconnecting, pings, and the subscriptions made again after each reconnect. */

import type { Edge, Line } from "./edge.ts";
import { Problem } from "./http.ts";
import { Listeners } from "./listeners.ts";
import type { ClientFrame, ServerFrame, Ticket } from "./wire.ts";

/** `refused`: the server will not give a ticket; trying again unchanged is pointless. */
export type SocketState = "idle" | "connecting" | "open" | "waiting" | "refused";

export interface SocketOptions {
  ticket: () => Promise<Pick<Ticket, "ticket" | "websocket_url">>;
}

interface Subscription {
  /** The last seq held of the topic's conversation; null where the topic has no log. */
  lastSeq: () => number | null;
  confirmed: boolean;
  holders: number;
}

const CONNECT_WITHIN = 10_000;
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
  private current: SocketState = "idle";
  private line: Line | null = null;
  /** Counts lines; what belongs to an earlier one is ignored. */
  private generation = 0;
  private tries = 0;
  private openedAt = 0;
  private hidden = false;
  private problem: Problem | null = null;
  private readonly subscriptions = new Map<string, Subscription>();
  private readonly frames = new Listeners<[ServerFrame]>();
  private readonly states = new Listeners<[SocketState]>();
  private cancelRetry = () => {};
  private cancelPing = () => {};
  private cancelDeadline = () => {};
  private cancelRenewal = () => {};

  constructor(
    private readonly edge: Edge,
    private readonly options: SocketOptions,
  ) {}

  get state(): SocketState {
    return this.current;
  }

  /** Why no ticket was given, while `refused`. */
  get refusal(): Problem | null {
    return this.problem;
  }

  on(listener: (frame: ServerFrame) => void): () => void {
    return this.frames.add(listener);
  }

  onState(listener: (state: SocketState) => void): () => void {
    return this.states.add(listener);
  }

  start(): void {
    if (this.current === "idle") this.connect();
  }

  stop(): void {
    this.drop();
    this.tries = 0;
    this.setState("idle");
  }

  /** The page came back, or the network did: find out now whether the line still works. */
  nudge(): void {
    if (this.current === "waiting" || this.current === "refused") {
      this.tries = 0;
      this.connect();
    } else if (this.current === "open") {
      this.ping();
    }
  }

  setHidden(hidden: boolean): void {
    if (this.hidden === hidden) return;
    this.hidden = hidden;
    if (this.current === "open") {
      if (hidden) this.schedulePing();
      else this.ping();
    }
  }

  /** Holds the topic until the answer is called; `lastSeq` tells how far its log is known. */
  subscribe(topic: string, lastSeq: () => number | null = () => null): () => void {
    const held = this.subscriptions.get(topic);
    if (held) {
      held.holders++;
      held.lastSeq = lastSeq;
    } else {
      this.subscriptions.set(topic, { lastSeq, confirmed: false, holders: 1 });
      this.sendSubscribe(topic);
    }
    let released = false;
    return () => {
      const subscription = this.subscriptions.get(topic);
      if (released || !subscription) return;
      released = true;
      if (--subscription.holders > 0) return;
      this.subscriptions.delete(topic);
      this.send({ action: "unsubscribe", topic });
    };
  }

  /** Whether frames of the topic arrive. */
  hears(topic: string): boolean {
    return this.current === "open" && (this.subscriptions.get(topic)?.confirmed ?? false);
  }

  /** False when there is no line to send on. */
  send(frame: ClientFrame): boolean {
    if (this.current !== "open" || !this.line) return false;
    try {
      this.line.send(JSON.stringify(frame));
      return true;
    } catch {
      return false;
    }
  }

  private async connect(): Promise<void> {
    this.drop();
    const mine = this.generation;
    this.tries++;
    this.setState("connecting");
    let ticket: Pick<Ticket, "ticket" | "websocket_url">;
    try {
      ticket = await this.options.ticket();
    } catch (error) {
      if (mine !== this.generation) return;
      if (error instanceof Problem && !error.passing) {
        this.problem = error;
        this.setState("refused");
      } else {
        this.wait(error instanceof Problem ? error.retryAfter : null);
      }
      return;
    }
    if (mine !== this.generation) return;
    this.problem = null;
    const url = `${ticket.websocket_url}${ticket.websocket_url.includes("?") ? "&" : "?"}ticket=${encodeURIComponent(ticket.ticket)}`;
    this.cancelDeadline = this.edge.clock.after(CONNECT_WITHIN, () => this.lost(mine));
    try {
      this.line = this.edge.connect(url, {
        opened: () => this.opened(mine),
        received: (text) => this.received(mine, text),
        closed: () => this.lost(mine),
      });
    } catch {
      this.lost(mine);
    }
  }

  private opened(mine: number): void {
    if (mine !== this.generation) return;
    this.cancelDeadline();
    this.openedAt = this.edge.clock.now();
    this.setState("open");
    for (const topic of this.subscriptions.keys()) this.sendSubscribe(topic);
    this.schedulePing();
    const renewal = RENEW_AFTER - this.edge.random() * 600_000;
    this.cancelRenewal = this.edge.clock.after(renewal, () => {
      this.tries = 0;
      this.connect();
    });
  }

  private received(mine: number, text: string): void {
    if (mine !== this.generation) return;
    this.cancelDeadline();
    let frame: ServerFrame;
    try {
      frame = JSON.parse(text);
    } catch {
      return;
    }
    if (frame === null || typeof frame !== "object") return;
    if (frame.type === "subscribed") {
      const subscription = this.subscriptions.get(frame.topic);
      if (subscription) subscription.confirmed = true;
    }
    this.frames.call(frame);
  }

  private lost(mine: number): void {
    if (mine !== this.generation) return;
    const good = this.current === "open" && this.edge.clock.now() - this.openedAt >= GOOD_AFTER;
    if (good) this.tries = 0;
    this.drop();
    this.wait(null);
  }

  /** Full jitter over a doubling span; at once after a good connection. */
  private wait(retryAfter: number | null): void {
    const span = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** Math.min(this.tries - 1, 10));
    const delay = this.tries === 0 ? 0 : Math.max(this.edge.random() * span, (retryAfter ?? 0) * 1000);
    this.setState("waiting");
    this.cancelRetry = this.edge.clock.after(delay, () => this.connect());
  }

  private drop(): void {
    this.generation++;
    this.cancelRetry();
    this.cancelPing();
    this.cancelDeadline();
    this.cancelRenewal();
    for (const subscription of this.subscriptions.values()) subscription.confirmed = false;
    const line = this.line;
    this.line = null;
    line?.close();
  }

  private sendSubscribe(topic: string): void {
    const seq = this.subscriptions.get(topic)?.lastSeq() ?? null;
    this.send({ action: "subscribe", topic, ...(seq === null ? {} : { after_seq: seq }) });
  }

  private schedulePing(): void {
    this.cancelPing();
    this.cancelPing = this.edge.clock.after(this.hidden ? PING_EVERY_HIDDEN : PING_EVERY, () => this.ping());
  }

  /** Tells how far each log is known; a line that stays silent after it is given up. */
  private ping(): void {
    const seqs: Record<string, number> = {};
    for (const [topic, subscription] of this.subscriptions) {
      const seq = subscription.lastSeq();
      if (topic.startsWith(CONVERSATION) && seq !== null) seqs[topic.slice(CONVERSATION.length)] = seq;
      if (!subscription.confirmed) this.sendSubscribe(topic);
    }
    this.send({ action: "ping", seqs });
    this.schedulePing();
    this.cancelDeadline();
    const mine = this.generation;
    this.cancelDeadline = this.edge.clock.after(ANSWER_WITHIN, () => this.lost(mine));
  }

  private setState(state: SocketState): void {
    if (this.current === state) return;
    this.current = state;
    this.states.call(state);
  }
}
