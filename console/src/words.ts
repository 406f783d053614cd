/** What a failed call means to the agent, and what the log's system entries say. */
import { Problem } from "../../client/src/http.ts";
import { IdentityError } from "./identity/cognito";
import type { Message, Presence } from "./wire";

const PROBLEMS: Record<string, string> = {
  unreachable: "No connection to the server. Check your network and try again.",
  timed_out: "The server did not answer in time. Try again.",
  already_assigned: "A colleague took this conversation first.",
  conversation_closed: "This conversation has ended. Reopen it to write again.",
  conversation_not_found: "This conversation does not exist any more.",
  another_conversation_open: "The visitor has begun another conversation meanwhile. Go on there.",
  content_too_long: "This message is too long. Send it in parts.",
  forbidden: "You are not allowed to do that. Ask your administrator.",
};

export function problemText(error: unknown): string {
  if (error instanceof IdentityError) {
    return error.code === "Unreachable" ? (PROBLEMS.unreachable as string) : "Your session has ended. Sign in again.";
  }
  if (!(error instanceof Problem)) return "Something went wrong. Try again.";
  const known = PROBLEMS[error.code];
  if (known) return known;
  if (error.status === 429) return "Too many requests. Wait a moment and try again.";
  return error.status >= 500 ? "The server has a problem. Try again in a moment." : error.message;
}

export const PRESENCE_NAMES: Record<Presence, string> = {
  online: "Online",
  away: "Away",
  busy: "Busy",
  offline: "Offline",
};

/** One sentence for a system entry, from the seat of the agent who reads it. */
export function systemText(message: Message, myId: string): string {
  const { event, agent, ended_by: endedBy } = message.metadata;
  const isMine = agent?.id === myId;
  const who = isMine ? "You" : (agent?.name ?? "A colleague");
  switch (event) {
    case "conversation.assigned":
      // Whether they took it or were given it is not told.
      return `${who} joined the conversation`;
    case "conversation.unassigned":
      return "Returned to the queue";
    case "conversation.transferred":
      return `Transferred to ${isMine ? "you" : (agent?.name ?? "a colleague")}`;
    case "conversation.resolved":
      return agent ? `${who} resolved the conversation` : "Resolved";
    case "conversation.reopened":
      return agent ? `${who} reopened the conversation` : "Reopened";
    case "conversation.ended":
      return endedBy === "visitor"
        ? "The visitor ended the conversation"
        : agent
          ? `${who} ended the conversation`
          : "The conversation was ended";
    default:
      return message.content;
  }
}
