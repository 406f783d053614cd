/** The end as the visitor wants it: asked, done, or failed. */

import { asProblem, ChatApi } from "../../../../client/src/http.ts";
import type { Session } from "../../app/session.ts";

export class End {
  state: "asked" | "doing" | "failed" = "asked";
  private readonly _api: ChatApi;

  constructor(
    private readonly _session: Session,
    private readonly _changed: () => void,
  ) {
    this._api = new ChatApi(_session.http);
  }

  /** Whether the conversation has ended now. */
  async confirm(): Promise<boolean> {
    const { conversation } = this._session.snapshot();
    if (!conversation) return true;
    this._set("doing");
    try {
      this._session.update(await this._api.end(conversation.id));
    } catch (error) {
      if (asProblem(error).code !== "conversation_closed") {
        this._set("failed");
        return false;
      }
      this._session.nudge();
    }
    this._set("asked");
    return true;
  }

  private _set(state: End["state"]): void {
    this.state = state;
    this._changed();
  }
}
