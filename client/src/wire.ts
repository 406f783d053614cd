/** The shapes that travel: HTTP answers and socket frames, as the server's contract names them. */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export interface AgentRef {
  id: string;
  name: string;
  avatar: string | null;
}

export type SenderType = "visitor" | "agent" | "bot" | "system";
export type ConversationStatus = "queued" | "active" | "resolved" | "closed";

/** What happened, in a system entry; clients put it into words of their own language. */
export type SystemEvent =
  | "conversation.assigned"
  | "conversation.unassigned"
  | "conversation.transferred"
  | "conversation.resolved"
  | "conversation.reopened"
  | "conversation.ended";

export interface Message {
  id: string;
  conversation_id: string;
  seq: number;
  sender_type: SenderType;
  sender: { id: string; name: string | null; avatar: string | null } | null;
  message_type: "text" | "file" | "image" | "card" | "form";
  content: string;
  metadata: { event?: SystemEvent; agent?: AgentRef; ended_by?: "visitor" | "agent" } & {
    [key: string]: Json | AgentRef;
  };
  client_message_id: string | null;
  created_at: string;
}

export interface Feedback {
  rating: number;
  comment?: string | null;
  nps?: number | null;
}

/** A conversation as its visitor may see it; the agent's view adds to it. */
export interface ConversationView {
  id: string;
  status: ConversationStatus;
  agent: AgentRef | null;
  last_seq: number;
  visitor_read_seq: number;
  agent_read_seq: number;
  feedback: Feedback | null;
  created_at: string;
  ended_at: string | null;
}

export interface AgentConversationView extends ConversationView {
  widget_id: string;
  widget_name: string;
  customer_id: string;
  visitor: { id: string; name: string | null; email: string | null; phone: string | null; verified: boolean };
  visitor_info: { [key: string]: Json };
  context: { [key: string]: Json };
  last_message: { seq: number; sender_type: SenderType; content: string; created_at: string } | null;
  unread_count: number;
  queued_at: string | null;
  assigned_at: string | null;
  first_response_at: string | null;
  wait_time_seconds: number | null;
  first_response_time_seconds: number | null;
  resolution_time_seconds: number | null;
}

export interface MessagePage<View extends ConversationView = ConversationView> {
  messages: Message[];
  last_seq: number;
  has_more: boolean;
  conversation: View;
}

/** A short-lived right to open one socket. */
export interface Ticket {
  ticket: string;
  websocket_url: string;
  expires_in: number;
}

export interface StartedConversation extends Ticket {
  conversation_id: string;
  status: ConversationStatus;
  agent: AgentRef | null;
  visitor_token: string;
  visitor_id: string;
  last_seq: number;
}

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

export interface WidgetConfig {
  widget_id: string;
  customer_id: string;
  version: string;
  cdn_url: string;
  websocket_url: string;
  api_url: string;
  branding: {
    primary_color?: string;
    secondary_color?: string;
    font_family?: string;
    widget_shape?: string;
    logo_url?: string | null;
    color_scheme?: "light" | "dark" | "auto";
    [key: string]: Json | undefined;
  };
  behavior: {
    position?: string;
    offset_x?: number;
    offset_y?: number;
    auto_open_enabled?: boolean;
    auto_open_delay_seconds?: number;
    z_index?: number;
    welcome_message?: string;
    effective_message?: string;
    away_message?: string;
    online_message?: string;
    [key: string]: Json | undefined;
  };
  localization: {
    default_language?: string;
    supported_languages?: string[];
    custom_text_overrides?: { [key: string]: Json };
    [key: string]: Json | undefined;
  };
  features: {
    file_upload_enabled?: boolean;
    max_file_size?: number;
    emoji_enabled?: boolean;
    chatbot_enabled?: boolean;
    typing_indicator_enabled?: boolean;
    rating_enabled?: boolean;
    gdpr_consent_required?: boolean;
    gdpr_text?: string;
    [key: string]: Json | undefined;
  };
  working_hours?: { enabled: boolean; timezone: string; is_open: boolean };
  agents: { online_count: number; is_online: boolean; available_agents: AgentRef[] };
  routing?: { [key: string]: Json };
  timestamp?: string;
  cache_key?: string;
}

/** RFC 9457, with this product's stable `code`. */
export interface ProblemBody {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  request_id?: string;
  errors?: { field?: string; loc?: (string | number)[]; message?: string }[];
}

// --- Socket frames ---------------------------------------------------------------------------------------------

export type ClientFrame =
  | { action: "subscribe"; topic: string; after_seq?: number }
  | { action: "unsubscribe"; topic: string }
  | { action: "typing"; conversation_id: string; is_typing: boolean }
  | { action: "read"; conversation_id: string; seq: number }
  | { action: "ping"; seqs: Record<string, number> };

export interface SubscribedFrame {
  type: "subscribed";
  topic: string;
  last_seq: number;
  connection_id: string;
  conversation?: ConversationView;
}
export interface MessageCreatedFrame {
  type: "message.created";
  topic: string;
  conversation_id: string;
  seq: number;
  data: Message;
}
export interface ConversationUpdatedFrame {
  type: "conversation.updated";
  topic: string;
  conversation_id: string;
  data: ConversationView;
}
export interface TypingFrame {
  type: "typing";
  conversation_id: string;
  sender_type: SenderType;
  sender: { id: string; name: string | null; avatar: string | null } | null;
  is_typing: boolean;
}
export interface ReadFrame {
  type: "read";
  topic: string;
  conversation_id: string;
  reader: "visitor" | "agent";
  seq: number;
}
export interface PresenceUpdatedFrame {
  type: "presence.updated";
  topic: string;
  data: {
    agent_id: string;
    name: string;
    avatar: string | null;
    status: string;
    current_chat_count: number;
    max_concurrent_chats: number;
  };
}
export interface QueueUpdatedFrame {
  type: "queue.updated";
  topic: string;
  data: { waiting: number };
}
export interface PongFrame {
  type: "pong";
  seqs: Record<string, number>;
}
export interface ErrorFrame {
  type: "error";
  code: string;
  detail: string;
  action: string | null;
}

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
