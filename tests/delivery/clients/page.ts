/** A page's surroundings under Node: real HTTP and sockets, a faster clock, and a network and a tab that can be taken away. */

import type { Edge, Line, LineEvents } from "../../../client/src/edge.ts";
import type { Dice } from "./dice.ts";

export interface PageOptions {
  speed: number;
  dice: Dice;
  /** What the page keeps across a reload. */
  kept: Map<string, string>;
  /** Sees each request before it goes out; may add headers. */
  asks(url: string, init: RequestInit): RequestInit;
  /** Sees each answer when it is there. */
  answered(url: string, init: RequestInit, status: number, text: string): void;
  /** Sees each frame. */
  heard(text: string): void;
}

export class Page implements Edge {
  private readonly sockets = new Map<WebSocket, LineEvents>();
  private readonly aborts = new Set<AbortController>();
  private readonly began = Date.now();
  private isOffline = false;
  private isFrozen = false;
  private isGone = false;
  private late: (() => void)[] = [];

  constructor(private readonly options: PageOptions) {}

  readonly clock = {
    now: () => this.began + (Date.now() - this.began) * this.options.speed,
    after: (ms: number, callback: () => void) => {
      let cancelled = false;
      const timer = setTimeout(() => this.happen(() => cancelled || callback()), ms / this.options.speed);
      return () => {
        cancelled = true;
        clearTimeout(timer);
      };
    },
  };

  readonly store = {
    get: (key: string) => this.options.kept.get(key) ?? null,
    set: (key: string, value: string) => void this.options.kept.set(key, value),
    remove: (key: string) => void this.options.kept.delete(key),
    keys: (prefix: string) => [...this.options.kept.keys()].filter((key) => key.startsWith(prefix)),
  };

  random = () => this.options.dice.roll();

  newId = () => this.options.dice.id();

  fetch = async (input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
    if (this.isOffline) throw new TypeError("offline");
    const url = String(input);
    const asked = this.options.asks(url, init);
    const abort = new AbortController();
    const forward = () => abort.abort();
    init.signal?.addEventListener("abort", forward);
    this.aborts.add(abort);
    try {
      const response = await fetch(url, { ...asked, signal: abort.signal });
      const text = await response.text();
      await this.awake();
      if (this.isGone) throw new TypeError("the page is gone");
      this.options.answered(url, init, response.status, text);
      return new Response(response.status === 204 ? null : text, {
        status: response.status,
        headers: response.headers,
      });
    } catch (error) {
      await this.awake();
      throw error;
    } finally {
      this.aborts.delete(abort);
      init.signal?.removeEventListener("abort", forward);
    }
  };

  connect = (url: string, events: LineEvents): Line => {
    if (this.isOffline) {
      setTimeout(() => this.happen(() => events.closed()));
      return { send: () => {}, close: () => {} };
    }
    const socket = new WebSocket(url);
    this.sockets.set(socket, events);
    socket.onopen = () => this.happen(() => events.opened());
    socket.onmessage = (message) =>
      this.happen(() => {
        if (!this.sockets.has(socket)) return;
        this.options.heard(String(message.data));
        events.received(String(message.data));
      });
    socket.onclose = () => this.closed(socket);
    return { send: (text) => socket.send(text), close: () => this.close(socket) };
  };

  /** Requests fail, sockets end, and none can be opened. */
  goOffline(): void {
    this.isOffline = true;
    for (const abort of this.aborts) abort.abort();
    for (const socket of [...this.sockets.keys()]) {
      this.closed(socket);
      socket.close();
    }
  }

  goOnline(): void {
    this.isOffline = false;
  }

  /** The tab stands still: nothing happens in it, and what arrives waits. */
  freeze(): void {
    this.isFrozen = true;
  }

  thaw(): void {
    this.isFrozen = false;
    for (const happening of this.late.splice(0)) this.happen(happening);
  }

  /** The page is unloaded: whatever still arrives reaches nobody. */
  unload(): void {
    this.isGone = true;
    for (const abort of this.aborts) abort.abort();
    for (const socket of this.sockets.keys()) socket.close();
    this.sockets.clear();
    this.thaw();
  }

  private close(socket: WebSocket): void {
    this.sockets.delete(socket);
    socket.close();
  }

  private closed(socket: WebSocket): void {
    const events = this.sockets.get(socket);
    this.sockets.delete(socket);
    if (events) this.happen(() => events.closed());
  }

  private happen(callback: () => void): void {
    if (this.isGone) return;
    if (this.isFrozen) this.late.push(callback);
    else callback();
  }

  private awake(): Promise<void> {
    if (!this.isFrozen) return Promise.resolve();
    return new Promise((resolve) => this.late.push(resolve));
  }
}
