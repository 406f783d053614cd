/** The agent area's shapes, beside those both sides share. */
import type { AgentConversationView, Message } from "../../client/src/wire.ts";

export type { AgentRef, Message } from "../../client/src/wire.ts";
export type AgentConversation = AgentConversationView;

/** What the agents' topic tells of a new message: the message with its content cut short. */
export type MessagePreview = Pick<Message, "seq" | "sender_type" | "sender" | "content" | "created_at">;

export const PRESENCES = ["online", "away", "busy", "offline"] as const;
export type Presence = (typeof PRESENCES)[number];

export interface Me {
  id: string;
  customer_id: string;
  company_name: string;
  display_name: string;
  email: string;
  avatar_url: string | null;
  role: "admin" | "agent";
  status: Presence;
  max_concurrent_chats: number;
  current_chat_count: number;
}

export interface Colleague {
  id: string;
  name: string;
  avatar: string | null;
  status: Presence;
  current_chat_count: number;
  max_concurrent_chats: number;
}

export interface Stats {
  agent_id: string;
  display_name: string;
  status: Presence;
  current_chat_count: number;
  max_concurrent_chats: number;
  conversations: { active: number; total: number; ended: number };
  average_first_response_seconds: number | null;
  average_resolution_seconds: number | null;
  feedback: { count: number; average_rating: number | null; average_nps: number | null };
}

export interface Items<Item> {
  items: Item[];
  next_cursor: string | null;
}
