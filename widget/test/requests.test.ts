import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { configQuery, getJson, retry } from "../src/loader/requests.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("the script's query names the widget, and nothing else of it is passed on", () => {
  expect(configQuery("?id=lc_a-b&debug=true&v=3")).toBe("id=lc_a-b");
  expect(configQuery("?debug=true&widget_id=w1")).toBe("widget_id=w1");
  expect(configQuery("?customer_id=lc_k&widget_id=w1")).toBe("customer_id=lc_k&widget_id=w1");
  expect(configQuery("?paid=1&grid=2")).toBe("");
});

test("three attempts are made, two seconds apart", async () => {
  const at: number[] = [];
  const began = Date.now();
  const outcome = retry(async () => {
    at.push(Date.now() - began);
    throw new Error("down");
  }).catch((error: Error) => error.message);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await outcome).toBe("down");
  expect(at).toEqual([0, 2000, 4000]);
});

test("what is refused for good is asked once", async () => {
  const ask = vi.fn(
    async () => new Response(JSON.stringify({ code: "domain_not_allowed", detail: "Not here." }), { status: 403 }),
  );
  vi.stubGlobal("fetch", ask);
  const error = await retry(() => getJson("http://test/")).catch((problem) => problem);
  expect(error).toMatchObject({ message: "Not here.", code: "domain_not_allowed" });
  expect(ask).toHaveBeenCalledTimes(1);
});

test("a request is given up after ten seconds", async () => {
  let signal: AbortSignal | undefined;
  vi.stubGlobal("fetch", (_url: string, init: RequestInit) => {
    signal = init.signal ?? undefined;
    return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(new Error("aborted"))));
  });
  const outcome = getJson("http://test/").catch((error: Error) => error.message);
  await vi.advanceTimersByTimeAsync(9_999);
  expect(signal?.aborted).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(await outcome).toBe("aborted");
});
