/** Ten seconds for a request, body included. What the server refuses for good is `final`. */
export async function getJson<T>(url: string, headers: Record<string, string> = {}): Promise<T> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), 10000);
  try {
    const response = await fetch(url, { headers, credentials: "omit", signal: abort.signal });
    const body = await response.json();
    if (response.ok) return body;
    const { status } = response;
    throw Object.assign(new Error(body.detail), body, { final: status < 500 && status !== 429 });
  } finally {
    clearTimeout(timer);
  }
}

/** Three attempts, two seconds apart; one where the answer would be the same. */
export async function retry<T>(attempt: () => Promise<T>, left = 2): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    if (!left || (error as { final?: boolean }).final) throw error;
    await new Promise((resume) => setTimeout(resume, 2000));
    return retry(attempt, left - 1);
  }
}

/** The script's own query names the widget; nothing else of it is passed on. */
export function configQuery(search: string): string {
  return (search.match(/\b(id|customer_id|widget_id)=[^&]+/g) || []).join("&");
}
