/** Puts the panel on the page and ties it to the session, the window and the page's API. */

import { Fragment, h, render } from "preact";
import { browserEdge, browserStore } from "../../../client/src/browser.ts";
import { accentOf } from "../../../client/src/colour.ts";
import type { Json } from "../../../client/src/wire.ts";
import { type App, type Mount, OPEN_KEY, type Place, SESSION_KEY, storagePrefix } from "../contract.ts";
import { maySend } from "./composer.tsx";
import styles from "./panel.css";
import { Panel } from "./panel.tsx";
import { Scroll } from "./scroll.ts";
import { Session } from "./session.ts";
import { Shelf } from "./shelf.ts";
import { Vocabulary } from "./text.ts";
import type { Actions, Local, View } from "./view.ts";

const PHONE = "(max-width: 480px), (max-height: 480px) and (max-width: 900px)";
const REFRESH = 30_000;
/** Where the visitor goes on: writing, or else rating, or beginning anew. */
const FOOT = "textarea,.ending input,.ending button";
const SHEET = ".menu-item,.question button";
const CLEAN: Local = {
  draft: "",
  sheet: "",
  newBelow: false,
  said: "",
};

export const mount: Mount = ({ config, baseUrl, host, root, launcher, style, vars, bring, emit, log }): App => {
  const prefix = storagePrefix(config.widget_id);
  const tab = browserStore(() => sessionStorage, prefix);
  const vocabulary = new Vocabulary(config.localization.custom_text_overrides);
  const { words } = vocabulary;
  const phone = matchMedia(PHONE);
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  const container = document.createElement("div");
  const badge = document.createElement("i");
  const chevron = document.createElementNS("http://www.w3.org/2000/svg", "path");
  const releases: (() => void)[] = [];
  const scroll = new Scroll();
  const fresh = new Set<string>();

  let local = { ...CLEAN };
  let open = false;
  /** Nothing is written to the browser for a visitor who did nothing. */
  let acted = false;
  let scheme = config.branding.color_scheme || "auto";
  let locale = config.localization.default_language || "en";
  let unread = 0;
  let scheduled = false;
  let drawing = false;
  let over = false;
  let view: View;

  const listen = (target: EventTarget, names: string, listener: (event: Event) => void) => {
    for (const name of names.split(" ")) {
      target.addEventListener(name, listener, { passive: true });
      releases.push(() => target.removeEventListener(name, listener));
    }
  };
  const find = (selector: string) => container.querySelector<HTMLElement>(selector);
  const focus = (selector: string) => find(selector)?.focus({ preventScroll: true });

  const draw = () => {
    // Removing what has the focus tells its listeners in the middle of a drawing; they get the next one.
    if (drawing) return changed();
    drawing = true;
    scheduled = false;
    const looking = open && document.visibilityState === "visible";
    if (looking) session.markSeen();
    const snapshot = session.snapshot();
    countUnread(looking ? 0 : session.unread());
    view = {
      config,
      session: snapshot,
      local,
      open,
      phone: phone.matches,
      online: navigator.onLine,
      now: Date.now(),
      locale,
      words,
      part: (name) => shelf.get(name),
      isFresh: (key) => fresh.has(key),
      actions,
    };
    const held = container.contains(root.activeElement);
    render(<Panel view={view} />, container);
    drawing = false;
    // What had the focus is gone; Escape is to be heard all the same.
    if (open && held && !container.contains(root.activeElement)) focus(".panel");
    const box = find(".log");
    const { conversation, opening } = snapshot;
    const pending = opening.length + (conversation ? conversation.pending.length : 0);
    const messages = conversation ? conversation.messages : [];
    if (box && open && scroll.settle(box, messages[0]?.seq, messages.length + pending, pending > 0)) {
      set({ newBelow: true });
    }
  };

  const changed = () => {
    if (scheduled) return;
    scheduled = true;
    Promise.resolve().then(draw);
  };

  const set = (changes: Partial<Local>) => {
    const was = local;
    local = { ...local, ...changes };
    draw();
    if (local.sheet !== was.sheet) focus(local.sheet ? SHEET : was.sheet === "menu" ? ".more" : FOOT);
  };

  const countUnread = (count: number) => {
    const label = words(open ? "launcher_close" : "launcher_open");
    launcher.setAttribute("aria-label", count ? `${label}, ${words("unread", { n: count })}` : label);
    if (count === unread) return;
    unread = count;
    badge.textContent = count > 9 ? "9+" : String(count || "");
    emit("unread", count);
  };

  const keepOpen = () => acted && tab.set(OPEN_KEY, open ? "1" : "0");

  const setOpen = (wanted: boolean, byVisitor?: boolean) => {
    if (byVisitor) acted = true;
    if (open === wanted) return;
    open = wanted;
    keepOpen();
    if (open) {
      session.resume();
      shelf.index().catch(log);
      fitKeyboard();
      // The closed state must have been laid out once, or there is nothing to grow from.
      void container.offsetWidth;
    }
    const inside = container.contains(root.activeElement);
    set({ sheet: "" });
    if (open) focus(phone.matches ? ".close" : FOOT);
    else if (inside) launcher.focus({ preventScroll: true });
    launcher.setAttribute("aria-expanded", String(open));
    emit(open ? "opened" : "closed");
  };

  const paint = () => {
    const dark = scheme === "dark" || (scheme !== "light" && prefersDark.matches);
    const { accent, hover, text, soft, on } = accentOf(config.branding.primary_color, dark ? "dark" : "light");
    const font = config.branding.font_family || "";
    host.dataset.scheme = dark ? "dark" : "light";
    host.dataset.position = config.behavior.position;
    vars({
      "--lc-accent": accent,
      "--lc-accent-hover": hover,
      "--lc-accent-text": text,
      "--lc-accent-soft": soft,
      "--lc-on-accent": on,
      "--lc-fill": accent,
      "--lc-ink": on,
      "--lc-family": `${/^[\w\s,"'-]+$/.test(font) ? font : "system-ui"},system-ui,-apple-system,"Segoe UI",Roboto,sans-serif`,
    });
  };

  /** On a phone the panel covers what the keyboard leaves visible. */
  const fitKeyboard = () => {
    const visible = window.visualViewport;
    if (visible && open && phone.matches) {
      vars({ "--lc-height": `${Math.round(visible.height)}px`, "--lc-top": `${Math.round(visible.offsetTop)}px` });
    }
  };

  const actions: Actions = {
    set,
    close: () => setOpen(false),
    send() {
      if (!maySend(view)) return;
      const text = local.draft.trim();
      local = { ...local, draft: "" };
      session.send(text);
      draw();
      focus("textarea");
    },
    write(draft) {
      set({ draft });
      if (config.features.typing_indicator_enabled !== false) session.typing(draft.trim() !== "");
    },
    retry: (id) => session.retry(id),
    discard: (id) => session.discard(id),
    scrolled() {
      const box = find(".log");
      if (!box) return;
      const { atEnd, early } = scroll.moved(box);
      if (atEnd && local.newBelow) set({ newBelow: false });
      if (early && view.session.conversation?.hasOlder) session.loadOlder();
    },
    toEnd() {
      scroll.toEnd(find(".log") as HTMLElement);
      set({ newBelow: false });
      focus("textarea");
    },
    loadOlder: () => session.loadOlder(),
    reload: () => session.nudge(),
    startAnew() {
      local = { ...CLEAN };
      session.startAnew();
      draw();
      focus("textarea");
    },
    consent: (given) => session.consent(given),
  };

  const shelf = new Shelf(bring, (part) => {
    if (over) return;
    part.drawWith({ h, Fragment });
    if (part.styles) style(part.styles);
    vocabulary.add(part.english);
    if (part.start) releases.push(part.start(place));
    draw();
    if (local.sheet) focus(SHEET);
  });
  const edge = browserEdge(prefix);
  // A tab for which the part does not come is on its own.
  edge.tabs = shelf.bring("tabs").then(
    (part) => part.browserTabs(edge, prefix),
    () => undefined,
  );
  const session = new Session({ edge, baseUrl, widgetId: config.widget_id, context: pageContext });
  const place: Place = { session, redraw: changed };
  const app: App = {
    open: (byVisitor) => setOpen(true, byVisitor),
    close: () => setOpen(false),
    toggle: (byVisitor) => setOpen(!open, byVisitor),
    resume: () => session.resume(),
    sendMessage(text) {
      const draft = textOf(text).trim();
      // What may not be sent just now, as without the visitor's consent, waits for them to send it.
      if (!maySend({ ...view, local: { ...local, draft } })) return draft && app.prefill(draft);
      setOpen(true);
      session.send(draft);
    },
    prefill(text) {
      setOpen(true);
      set({ draft: textOf(text) });
    },
    identify(id, traits, proof) {
      const { hash, jwt } = proof || {};
      if (textOf(id)) session.identify({ id: textOf(id), traits, hash, jwt });
    },
    setCustomAttributes: (attributes) => session.setAttributes(attributes),
    setLocale(wanted) {
      // Throws at a name that no date could be written in.
      new Date().toLocaleString(wanted);
      locale = wanted;
      changed();
    },
    setColorScheme(wanted) {
      scheme = wanted;
      paint();
    },
    trackEvent: (name, metadata) => session.track(textOf(name), metadata),
    reset() {
      local = { ...CLEAN };
      session.reset();
      tab.remove(OPEN_KEY);
      changed();
    },
    shutdown() {
      over = true;
      session.stop();
      for (const release of releases) release();
      render(null, container);
    },
  };

  style(styles);
  paint();
  root.append(container);
  launcher.setAttribute("aria-haspopup", "dialog");
  chevron.setAttribute("class", "chevron");
  chevron.setAttribute("d", "m6 9 6 6 6-6");
  launcher.firstElementChild?.append(chevron);
  launcher.append(badge);

  releases.push(
    session.onChange(changed),
    session.events.add((name, message) => {
      if (name !== "arrived") return emit(name, message);
      const { sender_type, sender, content } = message;
      fresh.add(message.id);
      if (message.client_message_id) fresh.add(message.client_message_id);
      if (sender_type !== "agent" && sender_type !== "bot") return;
      if (open) local = { ...local, said: `${sender?.name || words("someone")}: ${content}` };
      emit("message", message);
    }),
  );
  listen(container, "pointerdown keydown", () => {
    acted = true;
    keepOpen();
  });
  listen(launcher, "keydown", (event) => {
    if ((event as KeyboardEvent).key === "Escape") setOpen(false);
  });
  listen(window, "online focus", () => session.nudge());
  listen(window, "online offline", changed);
  listen(document, "visibilitychange", () => {
    session.setHidden(document.visibilityState === "hidden");
    changed();
  });
  // A page that keeps a socket cannot be put aside for the way back.
  listen(window, "pagehide", () => session.suspend());
  listen(window, "pageshow", () => session.wake());
  listen(window, "storage", (event) => {
    if ((event as StorageEvent).key === prefix + SESSION_KEY && session.adopt()) {
      set({ ...CLEAN, draft: local.draft });
    }
  });
  if (window.visualViewport) listen(window.visualViewport, "resize scroll", fitKeyboard);
  listen(window, "resize", changed);
  // addListener rather than addEventListener: Safari 13 knows only the older name.
  prefersDark.addListener(paint);
  releases.push(() => prefersDark.removeListener(paint));
  const refresh = setInterval(() => open && changed(), REFRESH);
  releases.push(() => clearInterval(refresh));

  draw();
  log("full widget mounted");
  return app;
};

/** The page may hand over anything: only text and numbers are text. */
const textOf = (value: unknown): string => (typeof value === "string" || typeof value === "number" ? `${value}` : "");

function pageContext(): { [key: string]: Json } {
  const { href } = location;
  const touch = matchMedia("(pointer: coarse)").matches;
  const small = Math.min(screen.width, screen.height) < 600;
  return {
    page_url: href.slice(0, 2000),
    page_title: document.title.slice(0, 200),
    referrer: document.referrer.slice(0, 2000),
    user_agent: navigator.userAgent.slice(0, 500),
    device_type: touch ? (small ? "mobile" : "tablet") : "desktop",
    language: navigator.language,
    time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone || "",
  };
}
