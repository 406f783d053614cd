/** A real link, so that it opens in a new tab as well; an ordinary click stays on this page. */
import type { ComponentChildren } from "preact";
import { type Place, pathOf } from "../router";
import { useSurroundings } from "./context";

interface LinkProps {
  to: Place;
  class?: string;
  title?: string;
  isCurrent?: boolean;
  onFollow?: () => void;
  children: ComponentChildren;
}

export function Link({ to, class: className, title, isCurrent, onFollow, children }: LinkProps) {
  const { router } = useSurroundings();
  return (
    <a
      class={className}
      href={pathOf(to)}
      title={title}
      aria-current={isCurrent ? "page" : undefined}
      onClick={(event) => {
        if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        router.go(to);
        onFollow?.();
      }}
    >
      {children}
    </a>
  );
}
