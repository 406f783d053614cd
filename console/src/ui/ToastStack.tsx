/** Short news, read out politely, gone by themselves. */
import { useEffect, useState } from "preact/hooks";
import { useStore } from "../state/store";
import type { Toast } from "../state/toasts";
import { useSurroundings } from "./context";
import { Icon } from "./Icon";

const SHOWN_MS = 7_000;

export function ToastStack() {
  const { desk } = useSurroundings();
  const toasts = useStore(desk.toasts.shown, (value) => value);
  return (
    <div class="toasts" role="status">
      {toasts.map((toast) => (
        <ToastView key={toast.id} toast={toast} onDismiss={() => desk.toasts.dismiss(toast.id)} />
      ))}
    </div>
  );
}

function ToastView({ toast, onDismiss }: { toast: Toast; onDismiss: () => void }) {
  const [isHeld, setHeld] = useState(false);
  useEffect(() => {
    if (isHeld) return;
    const timer = setTimeout(onDismiss, SHOWN_MS);
    return () => clearTimeout(timer);
  }, [isHeld]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: pointing at it only keeps it from going away
    <div
      class="toast"
      data-tone={toast.tone}
      onMouseEnter={() => setHeld(true)}
      onMouseLeave={() => setHeld(false)}
      onFocusIn={() => setHeld(true)}
      onFocusOut={() => setHeld(false)}
    >
      <Icon name={toast.tone === "bad" ? "alert" : "check"} />
      <span>{toast.text}</span>
      {toast.action && (
        <button
          type="button"
          class="text-button"
          onClick={() => {
            toast.action?.run();
            onDismiss();
          }}
        >
          {toast.action.label}
        </button>
      )}
      <button type="button" class="icon-button small" aria-label="Dismiss" onClick={onDismiss}>
        <Icon name="close" size={14} />
      </button>
    </div>
  );
}
