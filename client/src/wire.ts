/** The shapes that travel, by the names the clients use: from the service's own document, sharpened where it says less than the protocol. */

import type { components } from "./wire.gen.ts";

type Schema = components["schemas"];

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export type AgentRef = Schema["AgentRef"];
export type Sender = Schema["Sender"];
export type SenderType = Schema["Message"]["sender_type"];

/** What happened, in a system entry; clients put it into words of their own language. */
export type SystemEvent =
  | "conversation.assigned"
  | "conversation.unassigned"
  | "conversation.transferred"
  | "conversation.resolved"
  | "conversation.reopened"
  | "conversation.ended";

export type Message = Omit<Schema["Message"], "metadata"> & {
  metadata: { event?: SystemEvent; agent?: AgentRef; ended_by?: "visitor" | "agent"; [key: string]: unknown };
};

/** A conversation as its visitor may see it; the agent's view adds to it. */
export type ConversationView = Schema["VisitorConversation"];
export type AgentConversationView = Schema["AgentConversation"];
export type ConversationStatus = ConversationView["status"];
export type Feedback = Pick<Schema["FeedbackDraft"], "rating"> & { comment?: string; nps?: number };

export type MessagePage<View extends ConversationView = ConversationView> = Omit<
  Schema["History"],
  "messages" | "conversation"
> & { messages: Message[]; conversation: View };

export type Ticket = Schema["Ticket"];
export type StartedConversation = Schema["StartedConversation"];

export interface StartConversation {
  widget_id: string;
  visitor_id: string;
  session_id: string;
  visitor_info?: { [key: string]: Json };
  context?: { [key: string]: Json };
}

export interface PostMessage {
  conversation_id: string;
  sender_type: "visitor" | "agent";
  content: string;
  message_type?: Message["message_type"];
  metadata?: { [key: string]: Json };
  client_message_id?: string;
}

export type WidgetConfig = Schema["PublicConfig"];

/** RFC 9457, with this product's stable `code`. */
export type ProblemBody = Schema["Problem"];

export type ClientFrame =
  | { action: "subscribe"; topic: string; after_seq?: number }
  | { action: "unsubscribe"; topic: string }
  | { action: "typing"; conversation_id: string; is_typing: boolean }
  | { action: "read"; conversation_id: string; seq: number }
  | { action: "ping"; seqs: Record<string, number> };

export type SubscribedFrame = Schema["SubscribedFrame"];
export type MessageCreatedFrame = Omit<Schema["MessageCreatedFrame"], "data"> & { data: Message };
export type ConversationUpdatedFrame = Schema["ConversationUpdatedFrame"];
export type TypingFrame = Schema["TypingFrame"];
export type ReadFrame = Schema["ReadFrame"];
export type PresenceUpdatedFrame = Schema["PresenceUpdatedFrame"];
export type QueueUpdatedFrame = Schema["QueueUpdatedFrame"];
export type PongFrame = Schema["PongFrame"];
export type ErrorFrame = Schema["ErrorFrame"];

export type ServerFrame =
  | SubscribedFrame
  | MessageCreatedFrame
  | ConversationUpdatedFrame
  | TypingFrame
  | ReadFrame
  | PresenceUpdatedFrame
  | QueueUpdatedFrame
  | PongFrame
  | ErrorFrame;
