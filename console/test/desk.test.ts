import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { json, problem, type Request, settle, TestService, ticket } from "../../client/test/edge.ts";
import { Session } from "../src/identity/session.ts";
import { Desk } from "../src/state/desk.ts";
import { find } from "../src/state/inbox.ts";
import type { AgentConversation, Me } from "../src/wire.ts";
import { conversation, ME, queued } from "./conversations.ts";

const me: Me = {
  id: ME,
  customer_id: "customer-1",
  company_name: "Alpine Goods",
  display_name: "Ada Lovelace",
  email: "ada@example.com",
  avatar_url: null,
  role: "agent",
  status: "online",
  max_concurrent_chats: 5,
  current_chat_count: 0,
  departments: [],
  skills: [],
};

/** The agents' area at the other end of the wire. */
class AgentService extends TestService {
  conversations: AgentConversation[] = [];
  isKnown = true;

  protected override answer(request: Request): Response {
    const { path, query, body } = request;
    if (!path.startsWith("/agent/")) return super.answer(request);
    if (!this.isKnown) return problem(403, "agent_unknown");
    if (path === "/agent/me") return json(200, me);
    if (path === "/agent/presence") return json(200, { ...me, status: body.status });
    if (path === "/agent/ticket") return json(200, ticket);
    if (path === "/agent/colleagues") return json(200, { items: [], next_cursor: null });
    if (path === "/agent/conversations") {
      const status = query.get("view") === "queue" ? "queued" : "active";
      const items = this.conversations.filter((one) => one.status === status);
      return json(200, {
        items: items.map((one) => ({ ...one, context: {}, visitor_info: {} })),
        next_cursor: null,
      });
    }
    if (path === "/agent/conversation") {
      const found = this.conversations.find(({ id }) => id === query.get("conversation_id"));
      return found ? json(200, found) : problem(404, "conversation_not_found");
    }
    return problem(404, "not_found");
  }
}

class HiddenPage extends EventTarget {
  readonly visibilityState = "hidden";
}

let service: AgentService;
let session: Session;
beforeEach(() => {
  service = new AgentService();
  vi.stubGlobal("window", new EventTarget());
  vi.stubGlobal("document", new HiddenPage());
  const tokens = { bearer: "token", access: "token", refresh: "again", expiresAt: Date.now() + 3_600_000 };
  const kept = new Map([["livechat.session", JSON.stringify(tokens)]]);
  session = new Session(
    {
      endpoint: "https://identity.example/",
      client_id: "client",
      user_pool_id: "pool",
      token_use: "AccessToken",
    },
    {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
      removeItem: (key: string) => void kept.delete(key),
    } as Storage,
  );
});
afterEach(() => vi.unstubAllGlobals());

const opened = () => Desk.open({ identity: {} as never, api_url: "http://test" }, session, () => service.edge);

test("an agent in a hidden tab is heard of every 25 seconds, well before the heartbeat lapses", async () => {
  const desk = await opened();
  desk.start();
  await settle();
  const pings = () => service.line.sent.filter(({ action }) => action === "ping").length;
  for (let minutes = 1; minutes <= 5; minutes++) {
    const before = pings();
    await service.clock.advance(75_000);
    expect(pings() - before).toBe(3);
  }
  expect(service.lines, "on one and the same connection").toHaveLength(1);
  desk.stop();
});

test("an opened conversation is asked for whole, and stays whole when the lists are asked again", async () => {
  const context = { page_url: "https://shop.example/tents", language: "de" };
  const waiting = { ...queued("conversation-1", "2026-03-01T09:00:00.000Z"), context };
  service.conversations = [waiting, conversation({ id: "conversation-2" })];
  const desk = await opened();
  desk.start();
  await settle();
  const held = () => find(desk.inbox.value, "conversation-1");
  expect(held()?.context).toEqual({});
  await desk.refresh("conversation-1");
  expect(held()?.context).toEqual(context);
  await service.clock.advance(120_000);
  expect(service.asked("/agent/conversations").length).toBeGreaterThan(2);
  expect(held()?.context).toEqual(context);
  desk.stop();
});

test("whoever is no agent here is told so, at the start and later, and is not signed out over and over", async () => {
  const refused = vi.fn();
  const ended = vi.fn();
  session.onRefused = refused;
  session.onEnded = ended;
  const desk = await opened();
  desk.start();
  await settle();
  expect(refused).not.toHaveBeenCalled();
  service.isKnown = false;
  await service.clock.advance(60_000);
  expect(refused).toHaveBeenCalled();
  desk.stop();

  refused.mockClear();
  await expect(opened()).rejects.toMatchObject({ code: "agent_unknown" });
  expect(refused).toHaveBeenCalledOnce();
  expect(ended).not.toHaveBeenCalled();
  expect(session.isSignedIn).toBe(true);
});

test("a choice that meets the presence told on connecting is told after it, and stays", async () => {
  const { fetch } = service.edge;
  const held: (() => void)[] = [];
  service.edge.fetch = (async (url: string, init: RequestInit) => {
    if (url.endsWith("/agent/presence")) await new Promise<void>((resolve) => held.push(resolve));
    return fetch(url, init);
  }) as typeof service.edge.fetch;
  const desk = await opened();
  desk.start();
  await settle();
  const chosen = desk.setPresence("busy");
  await settle();
  expect(held, "the second waits for the first").toHaveLength(1);
  held[0]?.();
  await settle();
  service.line.push({
    type: "presence.updated",
    topic: "customer:customer-1",
    data: { agent_id: ME, name: "Ada Lovelace", status: "online", current_chat_count: 1, max_concurrent_chats: 5 },
  } as never);
  expect(desk.me.value).toMatchObject({ status: "busy", current_chat_count: 1 });
  held[1]?.();
  await chosen;
  expect(service.asked("/agent/presence").map(({ body }) => body.status)).toEqual(["online", "busy"]);
  expect(desk.me.value.status).toBe("busy");
  desk.stop();
});
