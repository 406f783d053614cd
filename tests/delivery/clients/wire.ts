/** What passes between the tests and this process: a line of JSON each, orders in and events out. */

export interface Surroundings {
  base_url: string;
  /** How much faster the clients' clocks run than the world's. */
  speed: number;
  seed: number;
}

export type Order =
  | { do: "enter"; client: string; widget_id: string }
  | { do: "follow"; client: string; token: string; agent_id: string; conversations: string[]; customer_id?: string }
  /** Sends `count` numbered messages, at most `ahead` of them on their way. `crash` asks for the worker's end at each first try. */
  | { do: "write"; client: string; conversation: string; count: number; ahead: number; crash?: number }
  | { do: "end"; client: string; conversation: string }
  | { do: "offline" | "online" | "freeze" | "thaw" | "reload"; client: string }
  /** Tells once nothing waits any more, and stops sending what was not written yet. */
  | { do: "finish"; client: string }
  /** Tells once the whole log up to here is shown. */
  | { do: "converge"; client: string; conversation: string; last_seq: number }
  /** Tells what is shown now, whatever that is. */
  | { do: "report"; client: string; conversation: string }
  | { do: "leave"; client: string };

/** An entry as a client shows it. */
export type Shown = [seq: number, id: string, clientMessageId: string | null, content: string];

export type Event = { client: string; conversation?: string } & (
  | { event: "entered"; sender_id: string; conversation: string }
  | { event: "sent"; conversation: string; id: string; content: string; number: number }
  | { event: "acknowledged"; conversation: string; id: string; seq: number; status: number }
  /** Answered, and not with success; it may be tried again. */
  | { event: "failed"; conversation: string; id: string; status: number }
  | { event: "refused"; conversation: string; id: string; code: string }
  /** `kept` of the `of` entries shown before are still there; `added` came after them. */
  | { event: "shown"; conversation: string; kept: number; of: number; added: Shown[] }
  | { event: "older"; conversation: string; added: Shown[] }
  /** The page was loaded anew: nothing is shown yet. */
  | { event: "reloaded" }
  | { event: "pushed"; conversation: string; seq: number }
  | { event: "idle" }
  | { event: "ended"; conversation: string }
  | { event: "final"; conversation: string; converged: boolean; status: string | null; entries: Shown[] }
);
