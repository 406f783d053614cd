import type { WidgetConfig } from "../../../client/src/wire.ts";

/** Ten seconds for a request, body included; what the server refuses for good is `final`. */
export async function getJson<T>(url: string, headers: Record<string, string> = {}): Promise<T> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), 10000);
  try {
    const response = await fetch(url, { headers, credentials: "omit", signal: abort.signal });
    const body = await response.json();
    if (response.ok) return body;
    const { status } = response;
    throw Object.assign(new Error(body.detail), {
      code: body.code,
      status,
      final: status < 500 && status !== 408 && status !== 429,
    });
  } finally {
    clearTimeout(timer);
  }
}

/** The script's own query names the widget; nothing else of it is passed on. */
export function configUrl(script: URL): string | null {
  const query = ["id", "customer_id", "widget_id"]
    .filter((name) => script.searchParams.get(name))
    .map((name) => `${name}=${encodeURIComponent(script.searchParams.get(name) as string)}`);
  return query.length ? `${script.origin}/functions/v1/widget-config?${query.join("&")}` : null;
}

export function isUsable(config: WidgetConfig | null): config is WidgetConfig {
  return !!config && typeof config.widget_id === "string" && !!config.branding && !!config.behavior;
}
