/** How a socket comes by a line of its own. */

import type { Dial, Edge, Line } from "./edge.ts";
import { asProblem } from "./http.ts";
import type { Ticket } from "./wire.ts";

export function dialler(edge: Edge, ticket: () => Promise<Pick<Ticket, "ticket" | "websocket_url">>): Dial {
  return (events) => {
    let line: Line | undefined;
    let given = false;
    ticket().then(
      ({ ticket, websocket_url: url }) => {
        if (given) return;
        try {
          line = edge.connect(`${url}${url.includes("?") ? "&" : "?"}ticket=${encodeURIComponent(ticket)}`, events);
        } catch {
          events.closed();
        }
      },
      (error) => given || events.refused(asProblem(error)),
    );
    return {
      send: (text) => line?.send(text),
      close() {
        given = true;
        line?.close();
      },
    };
  };
}
