/** The agent area's shapes, beside those both sides share. */

import type { components } from "../../client/src/wire.gen.ts";
import type { AgentConversationView, Message } from "../../client/src/wire.ts";

type Schema = components["schemas"];

export type { AgentRef, Message } from "../../client/src/wire.ts";
export type AgentConversation = AgentConversationView;

/** What the agents' topic tells of a new message: the message with its content cut short. */
export type MessagePreview = Pick<Message, "seq" | "sender_type" | "sender" | "content" | "created_at">;

export type Me = Schema["Me"];
export type Presence = Me["status"];
export type Colleague = Schema["Colleague"];
export type Stats = Schema["Stats"];
export type Counts = Schema["Counts"];
export type ConversationPage = Schema["Page_AgentConversation_"];
export type ColleaguePage = Schema["Page_Colleague_"];

export const PRESENCES = ["online", "away", "busy", "offline"] as const satisfies readonly Presence[];
