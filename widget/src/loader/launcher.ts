import type { WidgetConfig } from "../../../client/src/wire.ts";
import launcherStyles from "./launcher.css";

export interface Launcher {
  host: HTMLElement;
  root: ShadowRoot;
  button: HTMLButtonElement;
  badge: HTMLElement;
  style: (text: string) => void;
  vars: (values: Record<string, string>) => void;
}

const BUBBLE = "M7.9 20A9 9 0 1 0 4 16.1L2 22Z";
const CHEVRON = "m6 9 6 6 6-6";

/** The host hangs below the root element: pages that replace their body keep it, and no transform of the body moves it. */
export function drawLauncher(document: Document, config: WidgetConfig, origin: string): Launcher {
  const host = document.createElement("livechat-widget");
  const root = host.attachShadow({ mode: "open" });
  const button = document.createElement("button");
  const badge = document.createElement("i");
  button.type = "button";
  button.className = "launcher";
  button.setAttribute("aria-label", "Open chat");
  button.setAttribute("aria-haspopup", "dialog");
  button.setAttribute("aria-expanded", "false");
  button.append(icon(document, BUBBLE), icon(document, CHEVRON), badge);

  let style = (_text: string): void => {};
  let vars = (values: Record<string, string>): void => {
    for (const name of Object.keys(values)) host.style.setProperty(name, values[name] as string);
  };
  try {
    // In the page's own realm: a sheet of another document is refused.
    const add = () => {
      const sheet = new CSSStyleSheet();
      root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
      return sheet;
    };
    const own = add();
    const held: Record<string, string> = {};
    style = (text) => add().replaceSync(text);
    vars = (values) => {
      Object.assign(held, values);
      own.replaceSync(
        `:host{${Object.keys(held)
          .map((name) => `${name}:${held[name]}`)
          .join(";")}}`,
      );
    };
    style(launcherStyles);
    root.append(button);
  } catch {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = origin + STYLES.path;
    link.integrity = STYLES.integrity;
    link.crossOrigin = "anonymous";
    link.onload = () => root.append(button);
    root.append(link);
  }

  const { branding, behavior } = config;
  const fill = /^#([\da-f]{3}|[\da-f]{6})$/i.test(branding.primary_color || "")
    ? (branding.primary_color as string)
    : "#3157d5";
  vars({
    "--lc-fill": fill,
    "--lc-ink": isLight(fill) ? "#14171c" : "#fff",
    "--lc-x": pixels(behavior.offset_x),
    "--lc-y": pixels(behavior.offset_y),
    "--lc-z": String(Math.max(0, Math.floor(Number(behavior.z_index ?? 2147483000))) || 2147483000),
    "--lc-round": { square: "6px", rounded: "18px" }[branding.widget_shape || ""] || "50%",
  });
  host.dataset.position = behavior.position || "bottom-right";
  document.documentElement.append(host);
  return { host, root, button, badge, style, vars };
}

function icon(document: Document, path: string): SVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const shape = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  shape.setAttribute("d", path);
  svg.append(shape);
  return svg;
}

/** Whether an icon on this colour must be dark to keep 3:1. */
function isLight(hex: string): boolean {
  const digits = hex.length < 5 ? hex.replace(/[^#]/g, "$&$&") : hex;
  const value = Number.parseInt(digits.slice(1), 16);
  const linear = (shift: number) => (((value >> shift) & 255) / 255) ** 2.2;
  return 0.2126 * linear(16) + 0.7152 * linear(8) + 0.0722 * linear(0) > 0.3;
}

function pixels(offset: unknown): string {
  return `${Number.isFinite(offset) ? Math.max(0, Math.min(500, offset as number)) : 20}px`;
}
