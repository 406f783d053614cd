/** Time and the keyboard, as components see them. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

/** The time, anew every `every` milliseconds. */
export function useNow(every = 15_000): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}

/** True once `waiting` has lasted long enough to be worth showing: a quick answer never flashes a skeleton. */
export function useLate(waiting: boolean, after = 150): boolean {
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    if (!waiting) return setLate(false);
    const timer = setTimeout(() => setLate(true), after);
    return () => clearTimeout(timer);
  }, [waiting, after]);
  return waiting && isLate;
}

/** For what has just appeared and is to be filled in: the `autofocus` attribute works only while a page loads. */
export function focusOnAppearance(element: HTMLElement | null): void {
  element?.focus();
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

/** Single keys, as long as nobody is typing and no dialog is open. The handler answers whether the key was its own. */
export function useKeys(handle: (key: string) => boolean): void {
  const latest = useRef(handle);
  latest.current = handle;
  // Before the first paint: whoever sees the page may press a key.
  useLayoutEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
      if (isTyping(event.target) || document.querySelector("dialog[open], [popover]:popover-open")) return;
      if (latest.current(event.key)) event.preventDefault();
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, []);
}
