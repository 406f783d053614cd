/** What the loader and the full widget hand to each other, and the API both offer to the page. */

import type { WidgetConfig } from "../../client/src/wire.ts";

export type EventName = "ready" | "error" | "opened" | "closed" | "message" | "unread" | "started" | "ended" | "rated";

export interface Identity {
  id: string;
  traits?: Record<string, unknown>;
  hash?: string;
  jwt?: string;
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
  setCustomAttributes(attributes: Record<string, unknown>): void;
  setLocale(locale: string): void;
  setColorScheme(scheme: "light" | "dark" | "auto"): void;
  trackEvent(name: string, metadata?: Record<string, unknown>): void;
  reset(): void;
  shutdown(): void;
}

export type Mount = (surroundings: Surroundings) => App;

/** The event by which the loaded script hands over `Mount`, on its own script element: no global is needed. */
export const HANDOVER = "livechat-mount";

/** In localStorage, below `livechat:<widget>:`. */
export const SESSION_KEY = "session";
/** In sessionStorage, below the same prefix: whether this tab's panel was open. */
export const OPEN_KEY = "open";

export interface StoredSession {
  visitor_id: string;
  session_id: string;
  token?: string;
  conversation_id?: string;
  /** The conversation has ended; it is still shown until a new one begins. */
  ended?: boolean;
  /** The last seq the visitor has seen. */
  seen?: number;
  consented_at?: string;
}

export const storagePrefix = (widgetId: string): string => `livechat:${widgetId}:`;
