/** What the panel shows, whole: its components are functions of one view and keep nothing of their own. */

import type { WidgetConfig } from "../../../client/src/wire.ts";
import type { PartName, Parts } from "../contract.ts";
import type { SessionSnapshot } from "./session.ts";
import type { Words } from "./text.ts";

/** What only the panel knows. */
export interface Local {
  draft: string;
  /** What lies over the panel or at its foot until it is put away. */
  sheet: "" | "menu" | "end";
  /** Something new stands below what is in sight. */
  newBelow: boolean;
  /** For those who listen: the last thing said. */
  said: string;
}

export interface Actions {
  set(changes: Partial<Local>): void;
  close(): void;
  send(): void;
  write(text: string): void;
  retry(clientMessageId: string): void;
  discard(clientMessageId: string): void;
  scrolled(): void;
  toEnd(): void;
  loadOlder(): void;
  reload(): void;
  startAnew(): void;
  consent(given: boolean): void;
}

export interface View {
  config: WidgetConfig;
  session: SessionSnapshot;
  local: Local;
  open: boolean;
  /** The panel fills the screen. */
  phone: boolean;
  online: boolean;
  now: number;
  locale: string;
  words: Words;
  /** A part once it has come; asking for it makes it come. */
  part<Name extends PartName>(name: Name): Parts[Name] | undefined;
  /** Whether a bubble arrived while the panel was there, and so slides in. */
  isFresh(key: string): boolean;
  actions: Actions;
}
