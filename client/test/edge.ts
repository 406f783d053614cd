/** Surroundings for tests: a clock that stands still until told, and a service in memory at the other end of the wire. */

import type { Edge, LineEvents, Store } from "../src/edge.ts";
import { Listeners } from "../src/listeners.ts";
import { shareLine } from "../src/shared-line.ts";
import type { ConversationView, Message, ServerFrame } from "../src/wire.ts";

export class TestClock {
  private time = Date.parse("2025-06-01T12:00:00Z");
  private timers: { at: number; callback: () => void }[] = [];

  now = () => this.time;

  after = (ms: number, callback: () => void) => {
    const timer = { at: this.time + ms, callback };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  };

  /** Lets time pass, and everything that was promised within it happen, in order. */
  async advance(ms: number): Promise<void> {
    const until = this.time + ms;
    await settle();
    for (;;) {
      const next = this.timers.filter((timer) => timer.at <= until).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.timers = this.timers.filter((timer) => timer !== next);
      this.time = next.at;
      next.callback();
      await settle();
    }
    this.time = until;
  }
}

/** Lets all promises that can be kept now be kept. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 100; i++) await Promise.resolve();
}

export function memoryStore(): Store {
  const values = new Map<string, string>();
  return {
    get: (key) => values.get(key) ?? null,
    set: (key, value) => values.set(key, value),
    remove: (key) => values.delete(key),
    keys: (prefix) => [...values.keys()].filter((key) => key.startsWith(prefix)),
  };
}

export interface Request {
  method: string;
  path: string;
  query: URLSearchParams;
  body: Record<string, unknown>;
  headers: Record<string, string>;
}

export class TestLine {
  sent: Record<string, unknown>[] = [];
  closed = false;

  constructor(
    readonly url: string,
    readonly events: LineEvents,
  ) {}

  push(frame: ServerFrame): void {
    this.events.received(JSON.stringify(frame));
  }

  /** The other end hung up, or the network went. */
  drop(): void {
    this.closed = true;
    this.events.closed();
  }
}

/** One conversation's worth of service, answering as the real one does. */
export class TestService {
  readonly clock = new TestClock();
  readonly store = memoryStore();
  readonly requests: Request[] = [];
  readonly lines: TestLine[] = [];
  log: Message[] = [];
  view: ConversationView = {
    id: "c1",
    status: "active",
    agent: null,
    last_seq: 0,
    visitor_read_seq: 0,
    agent_read_seq: 0,
    feedback: null,
    created_at: "2025-06-01T12:00:00Z",
    ended_at: null,
  };
  /** Answers instead of the service, for as long as it is set: a status, "down", or "silent". */
  trouble: ((request: Request) => number | "down" | "silent" | undefined) | null = null;
  socketsBlocked = false;
  /** Whether lines open and subscriptions are confirmed by themselves. */
  answersSockets = true;
  private ids = 0;

  readonly edge: Edge = {
    fetch: ((url: string, init: RequestInit) => this.fetch(url, init)) as typeof fetch,
    connect: (url, events) => {
      const line = new TestLine(url, events);
      this.lines.push(line);
      Promise.resolve().then(() => {
        if (this.socketsBlocked) line.drop();
        else if (this.answersSockets && !line.closed) events.opened();
      });
      return {
        send: (text) => {
          const frame = JSON.parse(text);
          line.sent.push(frame);
          if (!this.answersSockets) return;
          if (frame.action === "subscribe") {
            line.push({
              type: "subscribed",
              topic: frame.topic,
              last_seq: this.log.length,
              connection_id: "k",
              conversation: { ...this.view, last_seq: this.log.length },
            });
          } else if (frame.action === "ping") {
            line.push({ type: "pong", seqs: { [this.view.id]: this.log.length } });
          }
        },
        close: () => {
          line.closed = true;
        },
      };
    },
    clock: this.clock,
    random: () => 0.5,
    newId: () => `id${++this.ids}`,
    store: this.store,
  };

  get line(): TestLine {
    const line = this.lines[this.lines.length - 1];
    if (!line) throw new Error("no line was opened");
    return line;
  }

  asked(path: string): Request[] {
    return this.requests.filter((request) => request.path === path);
  }

  /** Somebody writes; `pushed` says whether the news arrives by the socket. */
  append(content: string, from: Partial<Message> = {}, pushed = true): Message {
    const seq = this.log.length + 1;
    const message: Message = {
      id: `m${seq}`,
      conversation_id: this.view.id,
      seq,
      sender_type: "agent",
      sender: { id: "a1", name: "Maya", avatar: null },
      message_type: "text",
      content,
      metadata: {},
      client_message_id: null,
      created_at: new Date(this.clock.now()).toISOString(),
      ...from,
    };
    this.log.push(message);
    if (pushed) this.push(message);
    return message;
  }

  push(message: Message): void {
    this.line.push({
      type: "message.created",
      topic: `conversation:${message.conversation_id}`,
      conversation_id: message.conversation_id,
      seq: message.seq,
      data: message,
    });
  }

  private async fetch(url: string, init: RequestInit): Promise<Response> {
    const { pathname, searchParams } = new URL(url);
    const request: Request = {
      method: init.method ?? "GET",
      path: pathname.replace("/functions/v1", ""),
      query: searchParams,
      body: init.body ? JSON.parse(String(init.body)) : {},
      headers: init.headers as Record<string, string>,
    };
    this.requests.push(request);
    const trouble = this.trouble?.(request);
    if (trouble === "down") throw new TypeError("Failed to fetch");
    if (trouble === "silent") {
      return new Promise((_, reject) => init.signal?.addEventListener("abort", () => reject(new Error("aborted"))));
    }
    if (trouble) return problem(trouble);
    return this.answer(request);
  }

  protected answer({ path, query, body }: Request): Response {
    const { view } = this;
    view.last_seq = this.log.length;
    if (path === "/chat/start") {
      return json(201, {
        conversation_id: view.id,
        status: view.status,
        agent: view.agent,
        visitor_token: "token",
        visitor_id: "v1",
        last_seq: view.last_seq,
        ...ticket,
      });
    }
    if (path === "/chat/ticket") return json(200, ticket);
    if (path === "/chat/message") {
      if (view.status === "closed") return problem(409, "conversation_closed");
      const known = this.log.find((message) => message.client_message_id === body.client_message_id);
      if (known) return json(200, known);
      const own = { sender_type: "visitor" as const, sender: null, client_message_id: String(body.client_message_id) };
      return json(201, this.append(String(body.content), own, false));
    }
    if (path === "/chat/messages") {
      const limit = Number(query.get("limit") ?? 50);
      const after = query.get("after");
      const before = query.get("before");
      const all = this.log.filter(
        ({ seq }) => (after === null || seq > Number(after)) && (before === null || seq < Number(before)),
      );
      const messages = after === null ? all.slice(-limit) : all.slice(0, limit);
      return json(200, { messages, last_seq: view.last_seq, has_more: all.length > limit, conversation: { ...view } });
    }
    if (path === "/chat/end") {
      view.status = "closed";
      this.append("ended", { sender_type: "system", metadata: { event: "conversation.ended" } }, false);
      return json(200, { ...view, last_seq: this.log.length });
    }
    if (path === "/chat/feedback") {
      view.feedback = {
        rating: Number(body.rating),
        comment: (body.comment as string) ?? null,
        nps: null,
        submitted_at: "2025-06-01T12:00:00Z",
      };
      return json(200, { ...view });
    }
    if (path === "/chat/read") return new Response(null, { status: 204 });
    return problem(404, "not_found");
  }
}

export const ticket = { ticket: "t", websocket_url: "ws://test/socket", expires_in: 60 };

export function json(status: number, body: unknown): Response {
  return new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });
}

export function problem(status: number, code = `code_${status}`): Response {
  const body = { type: "about:blank", title: code, status, detail: code, code };
  return new Response(JSON.stringify(body), { status, headers: { "content-type": "application/problem+json" } });
}

/** The tabs of one browser: who holds what, and who hears what. A frozen tab hears nothing until it thaws. */
export class TestBrowser {
  private readonly queues = new Map<string, Waiting[]>();
  private readonly tabs: TestTab[] = [];

  open(service: TestService): TestTab {
    const tab = new TestTab(this, service);
    this.tabs.push(tab);
    return tab;
  }

  hold(name: string, wanted: Omit<Waiting, "has">, steal = false): () => void {
    const queue = this.queues.get(name) ?? [];
    this.queues.set(name, queue);
    const waiting = { ...wanted, has: false };
    if (steal) {
      const holder = queue.find(({ has }) => has);
      if (holder) this.leave(name, holder, holder.lost);
      queue.unshift(waiting);
    } else {
      queue.push(waiting);
    }
    Promise.resolve().then(() => this.serve(name));
    return () => this.leave(name, waiting);
  }

  say(from: TestTab, word: unknown): void {
    const said = structuredClone(word);
    for (const tab of this.tabs) {
      if (tab !== from) Promise.resolve().then(() => tab.happen(() => tab.hears.call(said)));
    }
  }

  /** Its locks are free, and nothing happens in it any more. */
  close(tab: TestTab): void {
    this.tabs.splice(this.tabs.indexOf(tab), 1);
    for (const [name, queue] of this.queues) {
      for (const waiting of queue.slice()) if (waiting.tab === tab) this.leave(name, waiting);
    }
  }

  private leave(name: string, waiting: Waiting, lost = () => {}): void {
    const queue = this.queues.get(name) ?? [];
    const at = queue.indexOf(waiting);
    if (at < 0) return;
    queue.splice(at, 1);
    waiting.tab.happen(lost);
    Promise.resolve().then(() => this.serve(name));
  }

  private serve(name: string): void {
    const [first] = this.queues.get(name) ?? [];
    if (!first || first.has) return;
    first.has = true;
    first.tab.happen(first.held);
  }
}

interface Waiting {
  tab: TestTab;
  held: () => void;
  lost: () => void;
  has: boolean;
}

export class TestTab {
  readonly hears = new Listeners<[unknown]>();
  readonly edge: Edge;
  private frozen = false;
  private late: (() => void)[] = [];

  constructor(
    private readonly browser: TestBrowser,
    service: TestService,
  ) {
    const bonds = {
      hold: (name: string, held: () => void, lost: () => void, steal?: boolean) =>
        browser.hold(name, { tab: this, held, lost }, steal),
      say: (word: unknown) => browser.say(this, word),
      hear: (listener: (word: unknown) => void) => this.hears.add(listener),
    };
    const { clock } = service;
    this.edge = {
      ...service.edge,
      clock: { now: clock.now, after: (ms, callback) => clock.after(ms, () => this.happen(callback)) },
      fetch: async (...asked) => {
        try {
          const answer = await service.edge.fetch(...asked);
          await this.awake();
          return answer;
        } catch (error) {
          await this.awake();
          throw error;
        }
      },
      tabs: Promise.resolve({ ...bonds, share: (name, dial, open) => shareLine(this.edge, bonds, name, dial, open) }),
    };
  }

  freeze(): void {
    this.frozen = true;
  }

  thaw(): void {
    this.frozen = false;
    for (const happening of this.late.splice(0)) happening();
  }

  close(): void {
    this.freeze();
    this.browser.close(this);
  }

  happen(callback: () => void): void {
    if (this.frozen) this.late.push(callback);
    else callback();
  }

  private awake(): Promise<void> {
    return new Promise((resolve) => this.happen(resolve));
  }
}
