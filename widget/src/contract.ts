/** What the loader and the full widget hand to each other, and the API both offer to the page. */

import type { ComponentType, Fragment, h } from "preact";
import type { browserTabs } from "../../client/src/tabs.ts";
import type { WidgetConfig } from "../../client/src/wire.ts";
import type { Bubble } from "./app/groups.ts";
import type { Session } from "./app/session.ts";
import type { View } from "./app/view.ts";
import type { english as endingWords } from "./parts/ending/words.ts";

export type EventName = "ready" | "error" | "opened" | "closed" | "message" | "unread" | "started" | "ended" | "rated";

export interface Identity {
  id: string;
  traits?: unknown;
  hash?: string | undefined;
  jwt?: string | undefined;
}

/** The loader's side. */
export interface Surroundings {
  config: WidgetConfig;
  /** Up to and without the area. */
  baseUrl: string;
  host: HTMLElement;
  root: ShadowRoot;
  launcher: HTMLButtonElement;
  /** Adds a style sheet's text; where sheets cannot be constructed the linked file holds it already. */
  style: (text: string) => void;
  /** Sets custom properties of the host without an inline style. */
  vars: (values: Record<string, string>) => void;
  /** Brings a further script of this build, and what it hands over. */
  bring: <Part>(path: string, integrity: string) => Promise<Part>;
  emit: (name: EventName, detail?: unknown) => void;
  log: (...values: unknown[]) => void;
}

/** The full widget's side: the methods of the page's API that need it. */
export interface App {
  /** `byVisitor`: not the page, but a click. */
  open(byVisitor?: boolean): void;
  close(): void;
  toggle(byVisitor?: boolean): void;
  /** An open conversation has news: follow it without opening the panel. */
  resume(): void;
  sendMessage(text: string): void;
  prefill(text: string): void;
  identify(id: string, traits?: Record<string, unknown>, proof?: { hash?: string; jwt?: string }): void;
  setCustomAttributes(attributes: unknown): void;
  setLocale(locale: string): void;
  setColorScheme(scheme: "light" | "dark" | "auto"): void;
  trackEvent(name: string, metadata?: Record<string, unknown>): void;
  reset(): void;
  shutdown(): void;
}

export type Mount = (surroundings: Surroundings) => App;

export interface Drawing {
  h: typeof h;
  Fragment: typeof Fragment;
}

/** What a part may reach once it has come. */
export interface Place {
  session: Session;
  redraw(): void;
}

/** A piece of the widget that is loaded when it is needed. Each widget on a page runs its own copy, so its modules may keep state. */
export interface Part {
  styles?: string;
  /** Its own words, in English. */
  english?: Record<string, string>;
  drawWith: (drawing: Drawing) => void;
  /** Called once when it has come; the answer undoes it. */
  start?: (place: Place) => () => void;
}

type Component = ComponentType<{ view: View }>;

/** The parts by their folders' names. */
export interface Parts {
  /** What a message shows beyond plain text. */
  rich: Part & { Content: ComponentType<{ bubble: Pick<Bubble, "content" | "message">; view: View }> };
  /** What this tab has in common with the other tabs of the browser. */
  tabs: Part & { browserTabs: typeof browserTabs };
  /** What stands before the first message. */
  gate: Part & { Gate: Component };
  ending: Part & { Ending: Component; EndQuestion: Component; Menu: Component };
}

export type PartName = keyof Parts;
export type PartWord = keyof typeof endingWords;

/** Each part's address without its ending, and its integrity: what `widget-parts` hands over. */
export type PartIndex = { [name in PartName]: [path: string, integrity: string] };

/** The event by which a loaded script hands over what it is, on its own script element: no global is needed. */
export const HANDOVER = "livechat-mount";

/** In localStorage, below `livechat:<widget>:`. */
export const SESSION_KEY = "session";
/** In sessionStorage, below the same prefix: whether this tab's panel was open. */
export const OPEN_KEY = "open";

/** What is undefined is not stored. */
export interface StoredSession {
  visitor_id: string;
  session_id: string;
  token?: string | undefined;
  conversation_id?: string | undefined;
  /** The conversation has ended; it is still shown until a new one begins. */
  ended?: boolean | undefined;
  /** The last seq the visitor has seen. */
  seen?: number | undefined;
  consented_at?: string | undefined;
}

export const storagePrefix = (widgetId: string): string => `livechat:${widgetId}:`;
