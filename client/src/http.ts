/** Calls to the HTTP API: one error class, a time-out on each call, the caller's token kept fresh. */

import type { Edge } from "./edge.ts";
import type {
  ConversationView,
  Feedback,
  Message,
  MessagePage,
  PostMessage,
  ProblemBody,
  StartConversation,
  StartedConversation,
  Ticket,
} from "./wire.ts";

/**
 * Why a call failed. `code` is the server's word for it, or one of ours where no answer came
 * (`unreachable`, `timed_out`) or the answer was not the API's (`unreadable`); `status` is 0 without an answer.
 */
export class Problem extends Error {
  override readonly name = "Problem";
  constructor(
    readonly code: string,
    readonly status: number,
    detail = code,
    /** Seconds to wait, where the server said so. */
    readonly retryAfter: number | null = null,
    readonly errors: NonNullable<ProblemBody["errors"]> = [],
  ) {
    super(detail);
  }

  /** Whether the same call may succeed later, unchanged. */
  get passing(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

export function asProblem(error: unknown): Problem {
  return error instanceof Problem ? error : new Problem("unreadable", 0, String(error));
}

export interface HttpOptions {
  /** Up to and without the area: `https://host/functions/v1`. */
  baseUrl: string;
  token?: () => string | null | Promise<string | null>;
  /** The server renewed the visitor's token. */
  onToken?: (token: string) => void;
  timeout?: number;
}

export interface Call {
  query?: Record<string, string | number | boolean | null | undefined>;
  body?: unknown;
  timeout?: number;
}

export class Http {
  constructor(
    private readonly _edge: Edge,
    private readonly _options: HttpOptions,
  ) {}

  get<Answer>(path: string, query: Call["query"] = {}): Promise<Answer> {
    return this.call<Answer>("GET", path, { query });
  }

  post<Answer>(path: string, body: unknown = {}): Promise<Answer> {
    return this.call<Answer>("POST", path, { body });
  }

  async call<Answer>(method: string, path: string, call: Call = {}): Promise<Answer> {
    const headers: Record<string, string> = { accept: "application/json" };
    const token = await this._options.token?.();
    if (token) headers.authorization = `Bearer ${token}`;
    if (call.body !== undefined) headers["content-type"] = "application/json";

    const abort = new AbortController();
    let late = false;
    const cancel = this._edge.clock.after(call.timeout ?? this._options.timeout ?? 10_000, () => {
      late = true;
      abort.abort();
    });
    try {
      const response = await this._edge.fetch(this._options.baseUrl + path + queryString(call.query), {
        method,
        headers,
        credentials: "omit",
        signal: abort.signal,
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      });
      const text = await response.text();
      if (!response.ok) throw problemFrom(response, text);
      const renewed = response.headers.get("x-visitor-token");
      if (renewed) this._options.onToken?.(renewed);
      return (text === "" ? undefined : parse(text, response.status)) as Answer;
    } catch (error) {
      if (error instanceof Problem) throw error;
      throw new Problem(late ? "timed_out" : "unreachable", 0);
    } finally {
      cancel();
    }
  }
}

function queryString(query: Call["query"] = {}): string {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== null) pairs.set(name, `${value}`);
  const text = `${pairs}`;
  return text && `?${text}`;
}

function parse(text: string, status: number): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem("unreadable", status);
  }
}

/** API Gateway's own answers carry no `code`; they get one by their status. */
function problemFrom(response: Response, text: string): Problem {
  let body: Partial<ProblemBody> = {};
  try {
    body = JSON.parse(text) || {};
  } catch {
    // A proxy's HTML page: the status says enough.
  }
  const wait = Number(response.headers.get("retry-after"));
  return new Problem(
    typeof body.code === "string" ? body.code : `http_${response.status}`,
    response.status,
    body.detail,
    Number.isFinite(wait) && wait > 0 ? wait : null,
    body.errors || [],
  );
}

/** The chat routes, which a visitor and an agent both call. */
export class ChatApi<View extends ConversationView = ConversationView> {
  constructor(readonly http: Http) {}

  start(body: StartConversation): Promise<StartedConversation> {
    return this.http.post("/chat/start", body);
  }
  post(body: PostMessage): Promise<Message> {
    return this.http.post("/chat/message", body);
  }
  messages(query: {
    conversation_id: string;
    limit?: number;
    before?: number;
    after?: number;
  }): Promise<MessagePage<View>> {
    return this.http.get("/chat/messages", query);
  }
  read(conversation_id: string, seq: number): Promise<void> {
    return this.http.post("/chat/read", { conversation_id, seq });
  }
  ticket(conversation_id?: string): Promise<Ticket> {
    return this.http.post("/chat/ticket", conversation_id ? { conversation_id } : {});
  }
  end(conversation_id: string): Promise<View> {
    return this.http.post("/chat/end", { conversation_id });
  }
  feedback(body: { conversation_id: string } & Feedback): Promise<View> {
    return this.http.post("/chat/feedback", body);
  }
}
