/** The list of keys, on `?`. */
import { Dialog } from "./Dialog";

const KEYS: [string[], string][] = [
  [["J", "↓"], "Next conversation"],
  [["K", "↑"], "Previous conversation"],
  [["Enter"], "Open the conversation and write"],
  [["Esc"], "Back to the list"],
  [["T"], "Take the open conversation"],
  [["1", "–", "4"], "Mine, Queue, All, Closed"],
  [["Enter"], "Send, while writing"],
  [["Shift", "Enter"], "New line, while writing"],
  [["?"], "This list"],
];

export function Shortcuts({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keyboard" onClose={onClose}>
      <dl class="shortcuts">
        {KEYS.map(([keys, meaning]) => (
          <div key={meaning}>
            <dt>{meaning}</dt>
            <dd>{keys.map((key) => (key === "–" ? "–" : <kbd key={key}>{key}</kbd>))}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
