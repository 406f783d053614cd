/** A simulated person: a page with the shipped client core in it, who writes numbered messages and tells all that is shown. */

import { Conversation, type ConversationSnapshot } from "../../../client/src/conversation.ts";
import { ChatApi, Http, Problem } from "../../../client/src/http.ts";
import { Socket } from "../../../client/src/socket.ts";
import type { Message, PostMessage, ServerFrame, Ticket } from "../../../client/src/wire.ts";
import { Dice } from "./dice.ts";
import { Page } from "./page.ts";
import type { Event, Order, Shown, Surroundings } from "./wire.ts";

/** In the world's time, however fast the client's clock runs. */
const ANSWER_SECONDS = 5;
/** After which a person, or the browser's `online`, tries what had failed again. */
const PERSON_TRIES_AGAIN = 5_000;

interface Held {
  readonly id: string;
  conversation: Conversation | null;
  /** The array that was last seen, and what it held then. */
  last: readonly Message[];
  shown: readonly Message[];
  /** How many are to be written in all, and were. */
  wanted: number;
  written: number;
  ahead: number;
  crash: number;
  readonly acknowledged: Set<string>;
  awaited: number | null;
  loadingOlder: boolean;
}

export class Client {
  private readonly kept = new Map<string, string>();
  private readonly held = new Map<string, Held>();
  private readonly dice: Dice;
  private readonly crashed = new Set<string>();
  private page: Page;
  private api: ChatApi;
  private socket: Socket;
  private token: string | null = null;
  private senderId = "";
  private as: "visitor" | "agent" = "visitor";
  private customerId: string | undefined;
  private finishing = false;
  private tryingAgain = false;

  constructor(
    readonly name: string,
    private readonly around: Surroundings,
    private readonly tell: (event: Event) => void,
  ) {
    this.dice = new Dice(around.seed, name);
    [this.page, this.api, this.socket] = this.load();
  }

  obey(order: Order): void {
    if (order.do === "enter") void this.enter(order.widget_id);
    else if (order.do === "follow") this.follow(order);
    else if (order.do === "write") {
      const held = this.of(order.conversation);
      held.wanted += order.count;
      held.ahead = order.ahead;
      held.crash = order.crash ?? 0;
      this.write(held);
    } else if (order.do === "end") void this.end(order.conversation);
    else if (order.do === "offline") this.page.goOffline();
    else if (order.do === "online") {
      this.page.goOnline();
      this.nudge();
    } else if (order.do === "freeze") this.page.freeze();
    else if (order.do === "thaw") {
      this.page.thaw();
      this.nudge();
    } else if (order.do === "reload") this.reload();
    else if (order.do === "finish") {
      this.finishing = true;
      this.tellIfIdle();
    } else if (order.do === "converge") {
      const held = this.of(order.conversation);
      held.awaited = order.last_seq;
      this.tellIfConverged(held);
    } else if (order.do === "report") this.report(this.of(order.conversation), false);
    else this.page.unload();
  }

  // --- The page ----------------------------------------------------------------------------------------------------

  private load(): [Page, ChatApi, Socket] {
    const page = new Page({
      speed: this.around.speed,
      dice: this.dice,
      kept: this.kept,
      asks: (url, init) => this.asks(url, init),
      answered: (url, init, status, text) => this.answered(url, init, status, text),
      heard: (text) => this.heard(text),
    });
    const http = new Http(page, {
      baseUrl: `${this.around.base_url}/functions/v1`,
      token: () => this.token,
      onToken: (token) => {
        this.token = token;
      },
      timeout: ANSWER_SECONDS * 1000 * this.around.speed,
    });
    const api = new ChatApi(http);
    const ticket = () => (this.as === "visitor" ? api.ticket() : http.post<Ticket>("/agent/ticket"));
    return [page, api, new Socket(page, { ticket })];
  }

  private reload(): void {
    for (const held of this.held.values()) held.conversation?.close();
    this.socket.stop();
    this.page.unload();
    this.tryingAgain = false;
    this.tell({ client: this.name, event: "reloaded" });
    [this.page, this.api, this.socket] = this.load();
    for (const held of this.held.values()) this.open(held);
    this.listen();
  }

  private nudge(): void {
    this.socket.nudge();
    for (const held of this.held.values()) held.conversation?.nudge();
  }

  private asks(url: string, init: RequestInit): RequestInit {
    if (!url.endsWith("/chat/message")) return init;
    const body: PostMessage = JSON.parse(String(init.body));
    const at = this.held.get(body.conversation_id)?.crash;
    const id = String(body.client_message_id);
    if (!at || this.crashed.has(id)) return init;
    this.crashed.add(id);
    return { ...init, headers: { ...init.headers, "x-crash-at": `${at}` } };
  }

  private answered(url: string, init: RequestInit, status: number, text: string): void {
    if (!url.endsWith("/chat/message")) return;
    const sent: PostMessage = JSON.parse(String(init.body));
    if (status >= 300) {
      const { conversation_id: conversation, client_message_id: id } = sent;
      this.tell({ client: this.name, event: "failed", conversation, id: String(id), status });
      return;
    }
    const stored: Message = JSON.parse(text);
    this.acknowledge(this.of(stored.conversation_id), String(sent.client_message_id), stored.seq, status);
  }

  private heard(text: string): void {
    const frame: ServerFrame = JSON.parse(text);
    if (frame.type !== "message.created" || !frame.topic.startsWith("conversation:")) return;
    this.tell({ client: this.name, event: "pushed", conversation: frame.conversation_id, seq: frame.seq });
  }

  // --- Conversations -----------------------------------------------------------------------------------------------

  private async enter(widget_id: string): Promise<void> {
    // Not from the dice: a history that is repeated is that of other people, in conversations of their own.
    const who = { widget_id, visitor_id: crypto.randomUUID(), session_id: crypto.randomUUID() };
    for (;;) {
      try {
        const started = await this.api.start(who);
        this.token = started.visitor_token;
        this.senderId = started.visitor_id;
        this.hold(started.conversation_id);
        this.listen();
        const { conversation_id: conversation, visitor_id: sender_id } = started;
        this.tell({ client: this.name, event: "entered", conversation, sender_id });
        return;
      } catch (error) {
        if (!(error instanceof Problem && error.passing)) throw error;
        await new Promise<void>((resolve) => this.page.clock.after(1000 * this.dice.roll(), resolve));
      }
    }
  }

  private follow(order: Extract<Order, { do: "follow" }>): void {
    this.as = "agent";
    this.token = order.token;
    this.senderId = order.agent_id;
    this.customerId = order.customer_id;
    for (const conversation of order.conversations) this.hold(conversation);
    this.listen();
    for (const conversation of order.conversations)
      this.tell({ client: this.name, event: "entered", conversation, sender_id: this.senderId });
  }

  private listen(): void {
    if (this.customerId) this.socket.subscribe(`customer:${this.customerId}`);
    this.socket.start();
  }

  private hold(id: string): void {
    const fresh = { wanted: 0, written: 0, ahead: 1, crash: 0, awaited: null, loadingOlder: false };
    const held: Held = { id, conversation: null, last: [], shown: [], acknowledged: new Set(), ...fresh };
    this.held.set(id, held);
    this.open(held);
  }

  private open(held: Held): void {
    const { page: edge, api, socket, as, senderId } = this;
    const conversation = new Conversation({ id: held.id, edge, api, socket, as, senderId });
    held.conversation = conversation;
    held.shown = held.last = [];
    held.loadingOlder = false;
    conversation.onChange((snapshot) => {
      if (held.conversation === conversation) this.changed(held, snapshot);
    });
    conversation.open();
  }

  private of(id: string): Held {
    const held = this.held.get(id);
    if (!held) throw new Error(`${this.name} knows no conversation ${id}`);
    return held;
  }

  private async end(id: string): Promise<void> {
    for (;;) {
      try {
        this.of(id).conversation?.update(await this.api.end(id));
        this.tell({ client: this.name, event: "ended", conversation: id });
        return;
      } catch (error) {
        if (!(error instanceof Problem && error.passing)) throw error;
        await new Promise<void>((resolve) => this.page.clock.after(1000 * this.dice.roll(), resolve));
      }
    }
  }

  private write(held: Held): void {
    while (held.written < held.wanted && (held.conversation?.snapshot().pending.length ?? 0) < held.ahead) {
      const number = ++held.written;
      const content = `${this.name} ${number}`;
      const id = this.dice.id();
      this.tell({ client: this.name, event: "sent", conversation: held.id, id, content, number });
      held.conversation?.send(content, { client_message_id: id });
    }
    this.tellIfIdle();
  }

  private changed(held: Held, snapshot: ConversationSnapshot): void {
    this.compare(held, snapshot.messages);
    let failed = false;
    for (const pending of snapshot.pending) {
      if (pending.state !== "failed") continue;
      if (pending.problem?.passing) {
        failed = true;
      } else {
        const [id, code] = [pending.client_message_id, pending.problem?.code ?? ""];
        this.tell({ client: this.name, event: "refused", conversation: held.id, id, code });
        queueMicrotask(() => held.conversation?.discard(id));
      }
    }
    if (failed) this.tryAgainLater();
    // Not within the client's own call: a person writes when the page has been drawn.
    queueMicrotask(() => this.write(held));
    this.tellIfConverged(held);
  }

  private tryAgainLater(): void {
    if (this.tryingAgain) return;
    this.tryingAgain = true;
    const page = this.page;
    page.clock.after(PERSON_TRIES_AGAIN, () => {
      this.tryingAgain = false;
      this.nudge();
    });
  }

  private compare(held: Held, messages: readonly Message[]): void {
    if (messages === held.last) return;
    const before = held.shown;
    const now = messages.slice();
    held.last = messages;
    held.shown = now;
    const [first, formerFirst] = [now[0], before[0]];
    const common = { client: this.name, conversation: held.id };
    if (first && formerFirst && first.seq < formerFirst.seq) {
      const at = now.indexOf(formerFirst);
      this.tell({ ...common, event: "older", added: now.slice(0, Math.max(at, 0)).map(shown) });
      this.tellDifference(held, before, at < 0 ? now : now.slice(at));
    } else {
      this.tellDifference(held, before, now);
    }
  }

  private tellDifference(held: Held, before: readonly Message[], now: readonly Message[]): void {
    let kept = 0;
    while (kept < before.length && before[kept] === now[kept]) kept++;
    const added = now.slice(kept);
    for (const { client_message_id: id, sender, seq } of added)
      if (id !== null && sender?.id === this.senderId) this.acknowledge(held, id, seq, 0);
    if (kept === before.length && added.length === 0) return;
    const common = { client: this.name, conversation: held.id };
    this.tell({ ...common, event: "shown", kept, of: before.length, added: added.map(shown) });
  }

  private acknowledge(held: Held, id: string, seq: number, status: number): void {
    if (held.acknowledged.has(id) && status === 0) return;
    held.acknowledged.add(id);
    this.tell({ client: this.name, event: "acknowledged", conversation: held.id, id, seq, status });
  }

  // --- Telling -----------------------------------------------------------------------------------------------------

  private tellIfIdle(): void {
    if (!this.finishing) return;
    for (const held of this.held.values()) {
      if (held.written < held.wanted || held.conversation?.snapshot().pending.length) return;
    }
    this.finishing = false;
    this.tell({ client: this.name, event: "idle" });
  }

  private tellIfConverged(held: Held): void {
    const { conversation, awaited } = held;
    if (awaited === null || !conversation || conversation.lastSeq < awaited) return;
    const { hasOlder, state } = conversation.snapshot();
    if (state !== "ready") return;
    if (!hasOlder) {
      held.awaited = null;
      this.report(held, true);
    } else if (!held.loadingOlder) {
      held.loadingOlder = true;
      const goOn = () => {
        held.loadingOlder = false;
        this.tellIfConverged(held);
      };
      conversation.loadOlder().then(goOn, () => this.page.clock.after(1000, goOn));
    }
  }

  private report(held: Held, converged: boolean): void {
    const snapshot = held.conversation?.snapshot();
    const entries = (snapshot?.messages ?? []).map(shown);
    const status = snapshot?.view?.status ?? null;
    this.tell({ client: this.name, event: "final", conversation: held.id, converged, status, entries });
  }
}

function shown({ seq, id, client_message_id, content }: Message): Shown {
  return [seq, id, client_message_id, content];
}
