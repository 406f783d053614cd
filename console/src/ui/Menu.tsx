/** A button with a menu below it: the browser's popover brings light dismissal and Escape. */
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";

interface MenuProps {
  label: ComponentChildren;
  /** What a screen reader says for the button, where the label alone does not tell. */
  name?: string;
  class?: string;
  align?: "start" | "end";
  children: ComponentChildren;
}

const GAP = 4;

export function Menu({ label, name, class: className = "button", align = "end", children }: MenuProps) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const [isOpen, setOpen] = useState(false);

  useEffect(() => {
    const menu = list.current;
    if (!menu) return;
    const toggled = (event: Event) => {
      const opened = (event as ToggleEvent).newState === "open";
      setOpen(opened);
      if (!opened || !button.current) return;
      place(menu, button.current, align);
      items(menu)[0]?.focus();
    };
    menu.addEventListener("toggle", toggled);
    return () => menu.removeEventListener("toggle", toggled);
  }, [align]);

  return (
    <>
      <button
        ref={button}
        type="button"
        class={className}
        popovertarget={id}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        aria-label={name}
        title={name}
      >
        {label}
      </button>
      <div
        ref={list}
        id={id}
        popover="auto"
        role="menu"
        class="menu"
        onClick={() => list.current?.hidePopover()}
        onKeyDown={(event) => move(event, list.current)}
      >
        {children}
      </div>
    </>
  );
}

function items(menu: HTMLElement): HTMLElement[] {
  return [...menu.querySelectorAll<HTMLElement>("[role^=menuitem]:not([disabled])")];
}

/** Under its button and inside the window: above when there is no room below. */
function place(menu: HTMLElement, button: HTMLElement, align: "start" | "end"): void {
  const anchor = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const left = align === "start" ? anchor.left : anchor.right - width;
  const below = anchor.bottom + GAP;
  const top = below + height > window.innerHeight ? anchor.top - GAP - height : below;
  menu.style.left = `${Math.max(GAP, Math.min(left, window.innerWidth - width - GAP))}px`;
  menu.style.top = `${Math.max(GAP, top)}px`;
}

function move(event: KeyboardEvent, menu: HTMLElement | null): void {
  if (!menu || (event.key !== "ArrowDown" && event.key !== "ArrowUp")) return;
  event.preventDefault();
  const all = items(menu);
  const at = all.indexOf(document.activeElement as HTMLElement);
  all[(at + (event.key === "ArrowDown" ? 1 : -1) + all.length) % all.length]?.focus();
}
