/** Surroundings for tests: a clock that stands still until told, and a service in memory at the other end of the wire. */

import type { Edge, LineEvents, Store } from "../src/edge.ts";
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
