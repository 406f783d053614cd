import type { WidgetConfig } from "../../../client/src/wire.ts";
import {
  type App,
  type EventName,
  HANDOVER,
  type Mount,
  OPEN_KEY,
  SESSION_KEY,
  type StoredSession,
  type Surroundings,
  storagePrefix,
} from "../contract.ts";
import { drawLauncher } from "./launcher.ts";
import { configQuery, getJson, retry } from "./requests.ts";

type Listener = (detail: unknown) => void;
type Queued = ((api: Api) => void) | [string, ...unknown[]];
type Parts = ReturnType<typeof drawLauncher>;
type Call = [name: string, values: unknown[]];
// biome-ignore lint/suspicious/noExplicitAny: the page puts what it likes on this object.
export type Api = Record<string, any>;

/** Calls that make the full widget come, and calls that wait until it does. */
const NEEDY = ["open", "toggle", "sendMessage", "prefill"];
const PATIENT = ["close", "identify", "setCustomAttributes", "setLocale", "setColorScheme", "trackEvent", "reset"];

interface Policy {
  createScriptURL(url: string): string;
}

interface TrustedTypes {
  createPolicy(name: string, rules: object): Policy;
}

declare global {
  interface Window {
    LiveChatWidget?: Api;
    trustedTypes?: TrustedTypes;
  }
}

export function load(): void {
  const script =
    (document.currentScript as HTMLScriptElement | null) ||
    document.querySelector<HTMLScriptElement>('script[src*="/widget.js?"]');
  const api: Api = window.LiveChatWidget || {};
  if (!script || api.version) return;
  window.LiveChatWidget = api;

  const { origin, search } = new URL(script.src);
  const baseUrl = `${origin}/functions/v1`;
  const listeners: Record<string, Listener[] | undefined> = {};
  let calls: Call[] = [];
  let parts: Parts | undefined;
  let app: App | undefined;
  let loading: Promise<Mount> | undefined;
  let prefix = "";
  let ready = false;
  let over = false;

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

  /** A click shows its effect at once, however long the rest takes. */
  const busy = (busy: boolean) => (parts as Parts).launcher.toggleAttribute("aria-busy", busy);

  const emit = (name: EventName, detail?: unknown) => {
    log(name, detail);
    for (const listener of listeners[name] || []) guard(() => listener(detail));
    window.dispatchEvent(new CustomEvent(`livechat:${name}`, { detail }));
  };

  const bring: Surroundings["bring"] = (path, integrity) =>
    retry(
      () =>
        new Promise((resolve, reject) => {
          const part = document.createElement("script");
          part.addEventListener(HANDOVER, (event) => resolve((event as CustomEvent).detail));
          Object.assign(part, {
            crossOrigin: "anonymous",
            integrity,
            nonce: script.nonce || "",
            onerror: reject,
            src: trusted(`${origin + path}.js`),
          });
          document.head.append(part);
        }),
    );

  const fetchFull = () => {
    if (!loading) {
      loading = bring<Mount>(FULL, INTEGRITY);
      loading.catch(() => {
        loading = undefined;
      });
    }
    return loading;
  };

  const start = async () => {
    if (!parts || app) return;
    try {
      const mount = await fetchFull();
      if (app || over) return;
      const surroundings: Surroundings = { ...parts, config: api.config, baseUrl, bring, emit, log };
      api.instance = app = mount(surroundings);
      for (const [name, values] of calls) call(name, values);
    } catch (error) {
      emit("error", error);
    }
    calls = [];
    busy(false);
  };

  const call = (name: string, values: unknown[]) => {
    if (app) guard(() => (app as unknown as Api)[name](...values));
    else {
      calls.push([name, values]);
      if (NEEDY.includes(name)) start();
    }
  };

  const on = (name: string, listener: Listener) => {
    listeners[name] = (listeners[name] || []).concat(listener);
    if (name === "ready" && ready) guard(() => listener(api));
    return () => off(name, listener);
  };
  const off = (name: string, listener?: Listener) => {
    listeners[name] = listener && (listeners[name] || []).filter((other) => other !== listener);
  };

  for (const name of NEEDY.concat(PATIENT)) api[name] = (...values: unknown[]) => call(name, values);
  const hide = (hidden: boolean) => () => {
    if (parts) parts.launcher.hidden = hidden;
  };
  Object.assign(api, {
    version: VERSION,
    debug: /\bdebug=true/.test(search),
    on,
    off,
    setUser: api.identify,
    show: hide(false),
    hide: hide(true),
    shutdown() {
      over = true;
      if (app) app.shutdown();
      if (parts) parts.host.remove();
      delete window.LiveChatWidget;
    },
  });

  const stored = (area: "localStorage" | "sessionStorage", key: string): string | null | undefined => {
    try {
      return window[area].getItem(prefix + key);
    } catch {
      // The browser keeps nothing for this page.
    }
  };

  /** A browser that holds an open conversation asks once whether something was said; nobody else asks anything. */
  const lookForNews = async () => {
    const { token, conversation_id, ended, seen }: StoredSession = JSON.parse(
      stored("localStorage", SESSION_KEY) || "{}",
    );
    // What was written and not sent before a reload goes out without asking.
    if (!RegExp(`${prefix}outbox`).test(`${Object.keys(localStorage)}`)) {
      if (!conversation_id || ended) return;
      const page = await getJson<{ messages: { sender_type: string }[] }>(
        `${baseUrl}/chat/messages?conversation_id=${conversation_id}&after=${seen || 0}`,
        { authorization: `Bearer ${token}` },
      );
      if (!page.messages.some(({ sender_type }) => /agent|bot/.test(sender_type))) return;
    }
    call("resume", []);
    start();
  };

  const begin = async () => {
    let failure: unknown;
    try {
      const config = await retry(() => getJson<WidgetConfig>(`${baseUrl}/widget-config?${configQuery(search)}`));
      if (over) return;
      api.config = config;
      prefix = storagePrefix(config.widget_id);
      parts = drawLauncher(config, origin);
      const { launcher } = parts;
      launcher.onpointerenter = launcher.onfocus = () => fetchFull().catch(log);
      launcher.onclick = () => {
        if (!app) busy(true);
        // Until there is something to close, every click means open.
        call(app ? "toggle" : "open", [true]);
      };
    } catch (error) {
      failure = error;
    }
    const take = (queued: Queued) =>
      guard(() => (typeof queued === "function" ? queued(api) : api[queued[0]](...queued.slice(1))));
    const queue: Queued[] = api.queue || [];
    api.queue = { push: take };
    queue.forEach(take);
    if (failure) return emit("error", failure);
    ready = true;
    emit("ready", api);
    if (calls.some(([name]) => NEEDY.includes(name))) start();

    const wide = innerWidth > 480;
    const was = stored("sessionStorage", OPEN_KEY);
    const { auto_open_enabled, auto_open_delay_seconds } = api.config.behavior;
    if (was === "1" && wide) call("open", []);
    else {
      if (auto_open_enabled && wide && !was) setTimeout(() => call("open", []), auto_open_delay_seconds * 1000);
      lookForNews().catch(log);
    }
  };

  begin();
}

let policy: Policy | undefined;

/** Trusted Types: a page that enforces them may allow the policy `livechat`. */
function trusted(url: string): string {
  try {
    policy = policy || (window.trustedTypes as TrustedTypes).createPolicy("livechat", { createScriptURL: String });
    return policy.createScriptURL(url);
  } catch {
    // A browser that does not know them, or a page that allows none.
    return url;
  }
}
