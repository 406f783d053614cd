import type { View } from "../../app/view.ts";

export function Gate({ view: { config, session, actions } }: { view: View }) {
  return (
    <label class="consent">
      <input
        type="checkbox"
        checked={session.consented}
        onChange={(event) => actions.consent(event.currentTarget.checked)}
      />
      {config.features.gdpr_text}
    </label>
  );
}
