/** Conversations and messages as the server would tell them. */
import type { AgentConversation, Message } from "../src/wire.ts";

export const ME = "agent-1";

export function conversation(change: Partial<AgentConversation> = {}): AgentConversation {
  return {
    id: "conversation-1",
    status: "active",
    agent: { id: ME, name: "Ada Lovelace", avatar: null },
    last_seq: 2,
    visitor_read_seq: 1,
    agent_read_seq: 1,
    feedback: null,
    created_at: "2026-03-01T09:00:00.000Z",
    ended_at: null,
    widget_id: "widget-1",
    widget_name: "Shop",
    customer_id: "customer-1",
    visitor: { id: "visitor-1", name: "Grace", email: null, phone: null, verified: false },
    visitor_info: {},
    context: {},
    last_message: { seq: 2, sender_type: "visitor", content: "Hello", created_at: "2026-03-01T09:01:00.000Z" },
    unread_count: 1,
    queued_at: "2026-03-01T09:00:00.000Z",
    assigned_at: null,
    first_response_at: null,
    wait_time_seconds: null,
    first_response_time_seconds: null,
    resolution_time_seconds: null,
    ...change,
  };
}

export function queued(id: string, at: string): AgentConversation {
  return conversation({ id, status: "queued", agent: null, queued_at: at });
}

export function message(change: Partial<Message> = {}): Message {
  return {
    id: `message-${change.seq ?? 3}`,
    conversation_id: "conversation-1",
    seq: 3,
    sender_type: "visitor",
    sender: { id: "visitor-1", name: "Grace", avatar: null },
    message_type: "text",
    content: "Are you there?",
    metadata: {},
    client_message_id: null,
    created_at: "2026-03-01T09:02:00.000Z",
    ...change,
  };
}
