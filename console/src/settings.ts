/** Where the console finds its identity provider and its API: /console/config.json, written by the deployment. */

export interface Identity {
  endpoint: string;
  client_id: string;
  user_pool_id: string;
  token_use: "AccessToken" | "IdToken";
}

export interface Settings {
  identity: Identity;
  /** "" when the API answers on the console's own origin. */
  api_url: string;
}

export async function loadSettings(): Promise<Settings> {
  const answer = await fetch("/console/config.json", { cache: "no-cache" });
  if (!answer.ok) throw new Error(`config.json answered ${answer.status}`);
  return (await answer.json()) as Settings;
}
