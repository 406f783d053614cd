/** One line for all tabs of a browser: one of them holds it, the others speak and hear by way of that one. */

import type { Dial, DialEvents, Edge, Line, Tabs } from "./edge.ts";
import type { ClientFrame } from "./wire.ts";

/** Whoever leads answers at once; a tab that stands still does not, and holds the others up no longer than this. */
const LEADER_ANSWERS_WITHIN = 2_000;
/** After a tab's ping. The leader may be hidden, and its own pings far apart. */
const SERVICE_ANSWERS_WITHIN = 10_000;

/** `hello`, `bye`, `say`: to the leader. `here`, `open`, `frame`, `closed`: from it. */
interface Word {
  line: string;
  is: "hello" | "bye" | "say" | "here" | "open" | "frame" | "closed";
  tab: string;
  text?: string;
}

/**
 * The tab that holds the lock leads: it dials, sends what the others say, and tells them all it hears.
 * A line is known by the name of its principal, so that nobody speaks on another's.
 *
 * `open` is called when a line has come up that this tab is not connected to yet.
 */
export function shareLine(
  edge: Pick<Edge, "clock" | "newId">,
  tabs: Pick<Tabs, "hold" | "say" | "hear">,
  name: string,
  dial: Dial,
  open: () => void,
): [Dial, () => void] {
  const tab = edge.newId();
  /** Which tabs hold which topic on the line that this tab leads. */
  const holders = new Map<string, Set<string>>();
  let own: DialEvents | null = null;
  let line: Line | null = null;
  let leads = false;
  let isOpen = false;
  let leave = () => {};
  let cancelPatience = () => {};
  let cancelSilence = () => {};

  const say = (is: Word["is"], text?: string) => tabs.say({ line: name, is, tab, text });

  const lead = () => {
    cancelPatience();
    leads = true;
    // What went over the former leader's line has to be begun anew.
    if (isOpen) lose();
    else call();
  };

  const call = () => {
    let mine = true;
    const dialled = dial({
      opened() {
        isOpen = true;
        own?.opened();
        say("open");
      },
      received(text) {
        cancelSilence();
        say("frame", text);
        own?.received(text);
      },
      closed: () => mine && lose(),
      refused: (problem) => {
        const told = own;
        quit();
        told?.refused(problem);
      },
    });
    line = {
      send: dialled.send,
      close() {
        mine = false;
        dialled.close();
      },
    };
  };

  const quit = () => {
    leave();
    cancelPatience();
    cancelSilence();
    if (leads) {
      line?.close();
      say("closed");
    } else say("bye");
    holders.clear();
    line = own = null;
    leads = isOpen = false;
  };

  const lose = () => {
    const told = own;
    quit();
    told?.closed();
  };

  /** A topic is given up when the last tab has done so. */
  const pass = (text: string, from: string) => {
    const { action, topic = "" } = JSON.parse(text) as ClientFrame & { topic?: string };
    const held = holders.get(topic) || new Set();
    if (action === "subscribe") holders.set(topic, held.add(from));
    if (action === "unsubscribe") {
      held.delete(from);
      if (held.size) return;
    }
    if (action === "ping") {
      cancelSilence();
      cancelSilence = edge.clock.after(SERVICE_ANSWERS_WITHIN, lose);
    }
    line?.send(text);
  };

  const stop = tabs.hear((heard) => {
    const { line: which, is, tab: from, text = "" } = heard as Word;
    if (which !== name) return;
    if (leads) {
      if (is === "hello") say(isOpen ? "open" : "here");
      else if (is === "say") pass(text, from);
      else if (is === "bye") {
        for (const [topic, held] of holders) {
          if (held.delete(from) && !held.size) pass(JSON.stringify({ action: "unsubscribe", topic }), from);
        }
      }
    } else if (is === "open" && !own) open();
    else if (own) {
      if (is === "here" || is === "open") cancelPatience();
      if (is === "open" && !isOpen) {
        isOpen = true;
        own.opened();
      }
      if (is === "frame" && isOpen) own.received(text);
      if (is === "closed" && isOpen) lose();
    }
  });

  const connect: Dial = (events) => {
    own = events;
    leave = tabs.hold(name, lead, lose);
    if (!leads) {
      say("hello");
      cancelPatience = edge.clock.after(LEADER_ANSWERS_WITHIN, () => {
        leave();
        leave = tabs.hold(name, lead, lose, true);
      });
    }
    return {
      send: (text) => (leads ? pass(text, tab) : say("say", text)),
      close: () => own === events && quit(),
    };
  };
  return [connect, stop];
}
