/** Puts the panel on the page and ties it to the session, the window and the page's API. */

import { render } from "preact";
import { browserEdge, browserStore } from "../../../client/src/browser.ts";
import { accentOf } from "../../../client/src/colour.ts";
import type { Json } from "../../../client/src/wire.ts";
import { type App, type Mount, OPEN_KEY, SESSION_KEY, storagePrefix } from "../contract.ts";
import styles from "./panel.css";
import { Panel } from "./panel.tsx";
import { Session } from "./session.ts";
import { wordsOf } from "./text.ts";
import type { Actions, View } from "./view.ts";

const PHONE = "(max-width: 480px), (max-height: 480px) and (max-width: 900px)";
const REFRESH = 30_000;

export const mount: Mount = ({ config, baseUrl, host, root, launcher, style, vars, emit, log }): App => {
  const prefix = storagePrefix(config.widget_id);
  const session = new Session({
    edge: browserEdge(prefix),
    baseUrl,
    widgetId: config.widget_id,
    context: pageContext,
  });
  const tab = browserStore(() => sessionStorage, prefix);
  const words = wordsOf(config.localization.custom_text_overrides);
  const phone = matchMedia(PHONE);
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  const container = document.createElement("div");
  const releases: (() => void)[] = [];

  let open = false;
  /** Nothing is written to the browser for a visitor who did nothing. */
  let acted = false;
  let scheme = config.branding.color_scheme ?? "auto";
  let locale = config.localization.default_language ?? "en";
  let prefilled: View["prefilled"] = null;
  let unread = 0;
  let scheduled = false;

  const listen = (target: EventTarget, names: string, listener: (event: Event) => void) => {
    for (const name of names.split(" ")) {
      target.addEventListener(name, listener, { passive: true });
      releases.push(() => target.removeEventListener(name, listener));
    }
  };

  const draw = () => {
    scheduled = false;
    const snapshot = session.snapshot();
    const messages = snapshot.conversation?.messages ?? [];
    const looking = open && document.visibilityState === "visible";
    if (looking && (messages.at(-1)?.seq ?? 0) > session.seen) session.markSeen();
    const seen = session.seen;
    const news = looking
      ? 0
      : messages.filter(({ seq, sender_type }) => seq > seen && (sender_type === "agent" || sender_type === "bot"))
          .length;
    if (news !== unread) {
      unread = news;
      emit("unread", news);
    }
    const label = words(open ? "launcher_close" : "launcher_open");
    const count = news === 1 ? words("unread_one") : words("unread_many", { n: news });
    launcher.setAttribute("aria-label", news ? `${label}, ${count}` : label);
    const view: View = {
      config,
      session: snapshot,
      open,
      phone: phone.matches,
      online: navigator.onLine,
      now: Date.now(),
      locale,
      words,
      prefilled,
      actions,
    };
    render(<Panel view={view} />, container);
  };

  const changed = () => {
    if (scheduled) return;
    scheduled = true;
    Promise.resolve().then(draw);
  };

  const setOpen = (wanted: boolean) => {
    if (open === wanted) return;
    open = wanted;
    if (acted) tab.set(OPEN_KEY, open ? "1" : "0");
    if (open) {
      session.resume();
      fitKeyboard();
      // The closed state must have been painted once, or there is nothing to grow from.
      void container.offsetWidth;
    }
    draw();
    if (!open && root.activeElement && root.activeElement !== launcher) launcher.focus({ preventScroll: true });
    emit(open ? "opened" : "closed");
  };

  const paint = () => {
    const dark = scheme === "dark" || (scheme !== "light" && prefersDark.matches);
    const accent = accentOf(config.branding.primary_color, dark ? "dark" : "light");
    const font = config.branding.font_family;
    host.dataset.scheme = dark ? "dark" : "light";
    vars({
      "--lc-accent": accent.accent,
      "--lc-accent-hover": accent.hover,
      "--lc-accent-text": accent.text,
      "--lc-accent-soft": accent.soft,
      "--lc-on-accent": accent.on,
      "--lc-fill": accent.accent,
      "--lc-ink": accent.on,
      ...(font && /^[\w\s,"'-]+$/.test(font) ? { "--lc-family": font } : {}),
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
    close: () => setOpen(false),
    send: (text) => session.send(text),
    typing: (isTyping) => session.typing(isTyping),
    retry: (id) => session.retry(id),
    discard: (id) => session.discard(id),
    loadOlder: () => session.loadOlder(),
    reload: () => session.nudge(),
    end: () => session.end(),
    rate: (rating, comment) => session.rate({ rating, ...(comment ? { comment } : {}) }),
    startAnew: () => session.startAnew(),
    consent: (given) => session.consent(given),
  };

  const app: App = {
    open: () => setOpen(true),
    close: () => setOpen(false),
    toggle(byVisitor) {
      acted ||= byVisitor === true;
      setOpen(!open);
    },
    resume: () => session.resume(),
    sendMessage(text) {
      const trimmed = String(text).trim();
      if (!trimmed) return;
      acted = true;
      setOpen(true);
      session.send(trimmed);
    },
    prefill(text) {
      prefilled = { text: String(text) };
      setOpen(true);
      draw();
    },
    identify(id, traits, proof) {
      session.identify({ id: String(id), ...(traits ? { traits } : {}), ...proof });
    },
    setCustomAttributes: (attributes) => session.setAttributes(attributes as { [key: string]: Json }),
    setLocale(wanted) {
      locale = wanted;
      changed();
    },
    setColorScheme(wanted) {
      scheme = wanted;
      paint();
    },
    trackEvent: (name, metadata = {}) => session.track(name, metadata as Json),
    reset() {
      session.reset();
      tab.remove(OPEN_KEY);
      changed();
    },
    shutdown() {
      session.stop();
      for (const release of releases.splice(0)) release();
      render(null, container);
      container.remove();
    },
  };

  style(styles);
  paint();
  root.append(container);

  releases.push(
    session.onChange(changed),
    session.events.message.add((message) => {
      if (message.sender_type === "agent" || message.sender_type === "bot") emit("message", message);
    }),
    session.events.started.add((detail) => emit("started", detail)),
    session.events.ended.add((detail) => emit("ended", detail)),
    session.events.rated.add((detail) => emit("rated", detail)),
  );
  listen(container, "pointerdown keydown", () => {
    acted = true;
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
    if ((event as StorageEvent).key === prefix + SESSION_KEY) session.adopt();
  });
  if (window.visualViewport) listen(window.visualViewport, "resize scroll", fitKeyboard);
  if (typeof phone.addEventListener === "function") {
    listen(phone, "change", changed);
    listen(prefersDark, "change", paint);
  }
  const refresh = setInterval(() => open && changed(), REFRESH);
  releases.push(() => clearInterval(refresh));

  draw();
  log("full widget mounted");
  return app;
};

function pageContext(): { [key: string]: Json } {
  const touch = matchMedia("(pointer: coarse)").matches;
  const small = Math.min(screen.width, screen.height) < 600;
  return {
    page_url: location.href.slice(0, 2000),
    page_title: document.title.slice(0, 200),
    referrer: document.referrer.slice(0, 2000),
    user_agent: navigator.userAgent.slice(0, 500),
    device_type: touch ? (small ? "mobile" : "tablet") : "desktop",
    language: navigator.language,
    screen: `${screen.width}x${screen.height}`,
    time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone ?? "",
  };
}
