/** Short news at the edge of the screen: what has been done, with Undo where that is possible, or what went wrong. */
import { Store } from "./store";

export interface Toast {
  id: number;
  text: string;
  tone: "plain" | "bad";
  action: { label: string; run: () => void } | null;
  /** Whether what it offers can still be done; once it cannot, the toast goes. */
  holds: () => boolean;
}

const MOST = 3;

export class Toasts {
  readonly shown = new Store<readonly Toast[]>([]);
  private last = 0;

  show({
    text,
    tone = "plain",
    action = null,
    holds = () => true,
  }: Pick<Toast, "text"> & Partial<Omit<Toast, "id">>): void {
    this.last += 1;
    const others = this.shown.value.filter((toast) => toast.text !== text);
    this.shown.set([...others, { id: this.last, text, tone, action, holds }].slice(-MOST));
  }

  /** Something has changed. */
  review(): void {
    if (!this.shown.value.every((toast) => toast.holds())) {
      this.shown.set(this.shown.value.filter((toast) => toast.holds()));
    }
  }

  dismiss(id: number): void {
    this.shown.set(this.shown.value.filter((toast) => toast.id !== id));
  }
}
