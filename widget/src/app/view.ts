/** What the panel's components are given, and what they may do. */

import type { WidgetConfig } from "../../../client/src/wire.ts";
import type { SessionSnapshot } from "./session.ts";
import type { Words } from "./text.ts";

export interface Actions {
  close(): void;
  send(text: string): void;
  typing(isTyping: boolean): void;
  retry(clientMessageId: string): void;
  discard(clientMessageId: string): void;
  loadOlder(): Promise<void>;
  reload(): void;
  end(): Promise<void>;
  rate(rating: number, comment?: string): void;
  startAnew(): void;
  consent(given: boolean): void;
}

export interface View {
  config: WidgetConfig;
  session: SessionSnapshot;
  open: boolean;
  /** The panel fills the screen. */
  phone: boolean;
  online: boolean;
  now: number;
  locale: string;
  words: Words;
  /** Text the page put into the composer; a new object each time. */
  prefilled: { text: string } | null;
  actions: Actions;
}
