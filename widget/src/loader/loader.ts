import type { Message, WidgetConfig } from "../../../client/src/wire.ts";
import {
  type App,
  type EventName,
  HANDOVER,
  type Mount,
  OPEN_KEY,
  SESSION_KEY,
  type StoredSession,
  storagePrefix,
} from "../contract.ts";
import { configUrl, getJson, isUsable } from "./config.ts";
import { drawLauncher, type Launcher } from "./launcher.ts";
import { retry } from "./retry.ts";

type Listener = (detail: unknown) => void;
type Queued = ((api: Api) => void) | [string, ...unknown[]];
// biome-ignore lint/suspicious/noExplicitAny: the page puts what it likes on this object.
export type Api = Record<string, any>;

/** Calls that wait for the full widget; those marked true make it come. */
const CALLS: Record<string, boolean> = {
  open: true,
  close: false,
  toggle: true,
  sendMessage: true,
  prefill: true,
  identify: false,
  setCustomAttributes: false,
  setLocale: false,
  setColorScheme: false,
  trackEvent: false,
  reset: false,
};

export function load(window: Window & { LiveChatWidget?: Api }, document: Document): void {
  const script =
    (document.currentScript as HTMLScriptElement | null) ||
    document.querySelector<HTMLScriptElement>('script[src*="/widget.js?"]');
  const api: Api = window.LiveChatWidget || {};
  if (!script || api.version) return;
  window.LiveChatWidget = api;

  const source = new URL(script.src);
  const { origin } = source;
  const baseUrl = `${origin}/functions/v1`;
  const listeners: Record<string, Set<Listener>> = {};
  const waiting: [string, unknown[]][] = [];
  let ready = false;
  let over = false;
  let launcher: Launcher | undefined;
  let app: App | undefined;
  let loading: Promise<Mount> | undefined;
  let fullUrl: string | undefined;

  const log = (...values: unknown[]) => {
    // biome-ignore lint/suspicious/noConsole: asked for, by &debug=true or LiveChatWidget.debug.
    if (api.debug) console.debug("[livechat]", ...values);
  };

  /** The page's mistakes are reported as the page's, and stop nothing here. */
  const guard = (run: () => void) => {
    try {
      run();
    } catch (error) {
      setTimeout(() => {
        throw error;
      });
    }
  };

  const emit = (name: EventName, detail?: unknown) => {
    log(name, detail);
    if (name === "opened" || name === "closed") show(name === "opened");
    if (name === "unread") badge(detail as number);
    for (const listener of [...(listeners[name] || [])]) guard(() => listener(detail));
    window.dispatchEvent(new CustomEvent(`livechat:${name}`, { detail }));
  };

  const show = (open: boolean) => {
    launcher?.button.setAttribute("aria-expanded", String(open));
  };

  const badge = (count: number) => {
    if (launcher) launcher.badge.textContent = count ? (count > 9 ? "9+" : String(count)) : "";
  };

  const fetchFull = () => {
    if (!loading) {
      loading = retry(
        () =>
          new Promise<Mount>((resolve, reject) => {
            const full = document.createElement("script");
            full.async = true;
            full.crossOrigin = "anonymous";
            full.integrity = FULL.integrity;
            if (script.nonce) full.nonce = script.nonce;
            full.addEventListener(HANDOVER, (event) => resolve((event as CustomEvent<Mount>).detail));
            full.onerror = () => {
              full.remove();
              reject(new Error("widget-full did not load"));
            };
            full.src = fullUrl ||= trusted(origin + FULL.path);
            document.head.append(full);
          }),
      );
      loading.catch(() => {
        loading = undefined;
      });
    }
    return loading;
  };

  /** Trusted Types: a page that enforces them may allow the policy `livechat`. */
  const trusted = (url: string): string => {
    const types = (
      window as {
        trustedTypes?: { createPolicy(name: string, rules: object): { createScriptURL(url: string): string } };
      }
    ).trustedTypes;
    if (!types) return url;
    try {
      return types.createPolicy("livechat", { createScriptURL: (text: string) => text }).createScriptURL(url);
    } catch {
      return url;
    }
  };

  const start = async () => {
    if (!launcher || app || over) return;
    const { host, root, button, style, vars } = launcher;
    try {
      const mount = await fetchFull();
      if (app || over) return;
      app = mount({ config: api.config, baseUrl, host, root, launcher: button, style, vars, emit, log });
      api.instance = app;
      for (const [name, values] of waiting.splice(0)) run(name, values);
    } catch (error) {
      show(false);
      waiting.splice(0);
      emit("error", error);
    }
  };

  const run = (name: string, values: unknown[]) =>
    guard(() => (app as unknown as Record<string, (...values: unknown[]) => void>)[name]?.(...values));

  const call = (name: string, values: unknown[]) => {
    if (app) run(name, values);
    else {
      waiting.push([name, values]);
      if (CALLS[name]) start();
    }
  };

  const take = (queued: Queued) =>
    guard(() => (typeof queued === "function" ? queued(api) : api[queued[0]](...queued.slice(1))));

  const on = (name: string, listener: Listener) => {
    if (!listeners[name]) listeners[name] = new Set();
    listeners[name].add(listener);
    if (name === "ready" && ready) guard(() => listener(api));
    return () => off(name, listener);
  };
  const off = (name: string, listener?: Listener) => {
    if (listener) listeners[name]?.delete(listener);
    else delete listeners[name];
  };

  for (const name of Object.keys(CALLS)) api[name] = (...values: unknown[]) => call(name, values);
  Object.assign(api, {
    version: VERSION,
    debug: source.searchParams.get("debug") === "true",
    config: null,
    instance: null,
    on,
    off,
    setUser: api.identify,
    show: () => launcher?.host.removeAttribute("data-hidden"),
    hide: () => launcher?.host.setAttribute("data-hidden", ""),
    shutdown() {
      over = true;
      app?.shutdown();
      launcher?.host.remove();
      delete window.LiveChatWidget;
    },
  });

  const stored = (storage: () => Storage, key: string): string | null => {
    try {
      return storage().getItem(storagePrefix(api.config.widget_id) + key);
    } catch {
      return null;
    }
  };

  /** A browser that holds an open conversation asks once whether something was said; nobody else asks anything. */
  const lookForNews = async () => {
    const session: StoredSession = JSON.parse(stored(() => window.localStorage, SESSION_KEY) || "{}");
    if (!session.token || !session.conversation_id || session.ended) return;
    const query = `conversation_id=${session.conversation_id}&after=${session.seen || 0}`;
    const page = await getJson<{ messages: Message[] }>(`${baseUrl}/chat/messages?${query}`, {
      authorization: `Bearer ${session.token}`,
    });
    const news = page.messages.filter(({ sender_type }) => sender_type === "agent" || sender_type === "bot").length;
    if (news && !app) {
      badge(news);
      waiting.push(["resume", []]);
      start();
    }
  };

  const begin = async () => {
    let failure: unknown;
    try {
      const url = configUrl(source);
      if (!url) throw new Error("The script's address names no widget: ?id= or ?widget_id= is missing.");
      const config = await retry(() => getJson<WidgetConfig>(url));
      if (over) return;
      if (!isUsable(config)) throw new Error("The configuration is not usable.");
      api.config = config;
      launcher = drawLauncher(document, config, origin);
      const { button } = launcher;
      for (const intent of ["pointerenter", "focus", "touchstart"]) {
        button.addEventListener(intent, () => fetchFull().catch(log), { once: true, passive: true });
      }
      button.addEventListener("click", () => {
        if (!app) show(true);
        call("toggle", [true]);
      });
    } catch (error) {
      failure = error;
      log(error);
    }
    if (over) return;
    const queue: Queued[] = Array.isArray(api.queue) ? api.queue : [];
    api.queue = { push: (...more: Queued[]) => more.forEach(take) };
    queue.forEach(take);
    if (failure) return emit("error", failure);
    ready = true;
    emit("ready", api);

    const wide = window.innerWidth > 480;
    const was = stored(() => window.sessionStorage, OPEN_KEY);
    const { auto_open_enabled, auto_open_delay_seconds } = api.config.behavior;
    if (was === "1" && wide) call("open", []);
    else {
      if (auto_open_enabled && wide && was === null)
        setTimeout(() => app || call("open", []), (Number(auto_open_delay_seconds) || 0) * 1000);
      if (waiting.some(([name]) => CALLS[name])) start();
      lookForNews().catch(log);
    }
  };

  begin();
}
