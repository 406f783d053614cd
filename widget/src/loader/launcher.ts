import type { WidgetConfig } from "../../../client/src/wire.ts";
import type { Surroundings } from "../contract.ts";
import styles from "./launcher.css";

const SVG = "http://www.w3.org/2000/svg";

/** The host hangs below the root element: pages that replace their body keep it, and no transform of the body moves it. */
export function drawLauncher(
  { branding, behavior }: WidgetConfig,
  origin: string,
): Pick<Surroundings, "host" | "root" | "launcher" | "style" | "vars"> {
  const host = document.createElement("livechat-widget");
  const root = host.attachShadow({ mode: "open" });
  const launcher = document.createElement("button");
  const icon = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  set(launcher, { class: "launcher", "aria-label": "Open chat", "aria-expanded": "false" });
  set(icon, { viewBox: "0 0 24 24", "aria-hidden": "true" });
  set(path, { d: "M7.9 20A9 9 0 1 0 4 16.1L2 22Z" });
  icon.append(path);
  launcher.append(icon);

  let style = (_text: string): void => {};
  let vars = (values: Record<string, string>): void => {
    for (const name in values) host.style.setProperty(name, values[name] as string);
  };
  try {
    const add = (text: string) => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(text);
      // In front: what is set for this customer stays the last word.
      root.adoptedStyleSheets = [sheet, ...root.adoptedStyleSheets];
      return sheet;
    };
    const own = add(":host{}");
    const rule = own.cssRules[0] as CSSStyleRule;
    style = add;
    vars = (values) => {
      for (const name in values) rule.style.setProperty(name, values[name] as string);
    };
    style(styles);
    root.append(launcher);
  } catch {
    // No sheet can be constructed here: the linked file holds the launcher's styles and the panel's.
    const link = document.createElement("link");
    set(link, { rel: "stylesheet", href: `${origin + FULL}.css` });
    link.onload = () => root.append(launcher);
    root.append(link);
  }

  const left = behavior.position === "bottom-left";
  const side = `calc(${behavior.offset_x}px + env(safe-area-inset-${left ? "left" : "right"},0px))`;
  const fill = branding.primary_color || "";
  const shape = branding.widget_shape;
  vars({
    "--lc-fill": fill,
    "--lc-ink": isLight(fill) ? "#14171c" : "#fff",
    "--lc-left": left ? side : "auto",
    "--lc-right": left ? "auto" : side,
    "--lc-bottom": `calc(${behavior.offset_y}px + env(safe-area-inset-bottom,0px))`,
    "--lc-z": `${behavior.z_index}`,
    "--lc-round": shape === "square" ? "6px" : shape === "rounded" ? "18px" : "50%",
  });
  document.documentElement.append(host);
  return { host, root, launcher, style, vars };
}

function set(element: Element, attributes: Record<string, string>): void {
  for (const name in attributes) element.setAttribute(name, attributes[name] as string);
}

/** Whether an icon on this colour must be dark to keep about 3:1; the full widget finds out exactly. */
function isLight(hex: string): boolean {
  const value = Number(`0x${hex.slice(1)}`);
  return (value >> 16) * 299 + ((value >> 8) & 255) * 587 + (value & 255) * 114 > 128000;
}
