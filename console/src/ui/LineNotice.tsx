/** Tells when news cannot arrive. A short break is mended before anyone has to know. */
import { useStore } from "../state/store";
import { useSurroundings } from "./context";
import { useLate } from "./hooks";
import { Icon } from "./Icon";

const WORTH_TELLING_MS = 3_000;

export function LineNotice() {
  const { desk } = useSurroundings();
  const isTold = useLate(!useStore(desk.reachable, (reachable) => reachable), WORTH_TELLING_MS);
  return (
    <div role="status" class="line-notice-place">
      {isTold && (
        <p class="line-notice">
          <Icon name="offline" size={14} /> No connection. What you write is kept and sent as soon as it is back.
        </p>
      )}
    </div>
  );
}
