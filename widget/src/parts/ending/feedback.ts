/** What the visitor thinks of the conversation: told at once, kept by the service, forgotten with the conversation. */

import { ChatApi } from "../../../../client/src/http.ts";
import type { ConversationView } from "../../../../client/src/wire.ts";
import type { Session } from "../../app/session.ts";

export interface Told {
  state: "none" | "sending" | "sent" | "failed";
  rating: number;
  comment: string;
  /** The comment was sent. */
  commented: boolean;
}

const NOTHING: Told = { state: "none", rating: 0, comment: "", commented: false };

export class FeedbackDesk {
  private readonly _api: ChatApi;
  private _of = "";
  private _told = NOTHING;

  constructor(
    private readonly _session: Session,
    private readonly _changed: () => void,
  ) {
    this._api = new ChatApi(_session.http);
  }

  /** Of this conversation; what another tab or an earlier visit has told counts as well. */
  told(view: ConversationView | null): Told {
    if (view && view.id !== this._of) {
      this._of = view.id;
      this._told = NOTHING;
    }
    const kept = view?.feedback;
    if (!kept || this._told.state !== "none") return this._told;
    return { ...this._told, state: "sent", rating: kept.rating, commented: Boolean(kept.comment) };
  }

  write(comment: string): void {
    this._tell({ comment });
  }

  /** The stars are sent by the click on them; the comment, if there is one, replaces that with a fuller one. */
  async rate(rating: number, withComment = false): Promise<void> {
    const of = this._of;
    const comment = this._told.comment.trim();
    this._tell({ state: "sending", rating, commented: withComment });
    try {
      this._session.update(await this._api.feedback({ conversation_id: of, rating, ...(comment && { comment }) }));
      if (of === this._of) this._tell({ state: "sent" });
      this._session.events.call("rated", { conversation_id: of, rating });
    } catch {
      if (of === this._of) this._tell({ state: "failed" });
    }
  }

  private _tell(changes: Partial<Told>): void {
    this._told = { ...this._told, ...changes };
    this._changed();
  }
}
