import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { IdentityError } from "../src/identity/cognito.ts";
import { Session } from "../src/identity/session.ts";
import { signInProblem } from "../src/identity/words.ts";

const identity = {
  endpoint: "https://identity.example/",
  client_id: "client",
  user_pool_id: "pool",
  token_use: "AccessToken",
} as const;

interface Asked {
  operation: string;
  body: Record<string, unknown>;
}

/** Cognito's edge: answers by operation, and remembers what it was asked. */
function cognito(answer: (asked: Asked) => [status: number, body: unknown]): Asked[] {
  const asked: Asked[] = [];
  vi.stubGlobal("fetch", async (_url: string, init: RequestInit) => {
    const target = (init.headers as Record<string, string>)["x-amz-target"] ?? "";
    const one = { operation: target.split(".")[1] ?? "", body: JSON.parse(String(init.body)) };
    asked.push(one);
    const [status, body] = answer(one);
    return new Response(JSON.stringify(body), { status });
  });
  return asked;
}

function tokens(name: string, expiresIn = 3600) {
  return {
    AuthenticationResult: { AccessToken: name, IdToken: `id ${name}`, RefreshToken: "again", ExpiresIn: expiresIn },
  };
}

function storage(): Storage {
  const kept = new Map<string, string>();
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  } as Storage;
}

let tab: Storage;
beforeEach(() => {
  tab = storage();
  vi.useFakeTimers({ toFake: ["Date"] });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe("signing in", () => {
  test("keeps the tokens over a reload", async () => {
    cognito(() => [200, tokens("first")]);
    expect(await new Session(identity, tab).signIn("ada@example.com", "secret")).toBeNull();
    expect(await new Session(identity, tab).token()).toBe("first");
  });

  test("an invited agent chooses a password first", async () => {
    const asked = cognito(({ operation }) =>
      operation === "InitiateAuth"
        ? [200, { ChallengeName: "NEW_PASSWORD_REQUIRED", Session: "s-1", ChallengeParameters: {} }]
        : [200, tokens("first")],
    );
    const session = new Session(identity, tab);
    const challenge = await session.signIn("ada@example.com", "invitation");
    expect(session.isSignedIn).toBe(false);
    expect(challenge?.name).toBe("NEW_PASSWORD_REQUIRED");
    if (challenge) await session.answer(challenge, "a better one");
    expect(await session.token()).toBe("first");
    expect(asked[1]?.body).toMatchObject({
      Session: "s-1",
      ChallengeResponses: { USERNAME: "ada@example.com", NEW_PASSWORD: "a better one" },
    });
  });

  test("a wrong password and a missing account read the same", async () => {
    cognito(() => [400, { __type: "NotAuthorizedException", message: "Incorrect username or password." }]);
    const wrong = await new Session(identity, tab).signIn("a", "b").catch(signInProblem);
    cognito(() => [400, { __type: "com.amazonaws#UserNotFoundException", message: "User does not exist." }]);
    const missing = await new Session(identity, tab).signIn("a", "b").catch(signInProblem);
    expect(wrong).toBe(missing);
    expect(wrong).toMatch(/not right/);
  });

  test("an unreachable service is told apart from a wrong password", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("network")));
    expect(await new Session(identity, tab).signIn("a", "b").catch(signInProblem)).toMatch(/cannot be reached/);
  });

  test("a password that breaks the rules names the rule", () => {
    const text = "Password did not conform with policy: Password must have numeric characters";
    expect(signInProblem(new IdentityError("InvalidPasswordException", text))).toMatch(/must have numeric characters/);
  });
});

describe("staying signed in", () => {
  test("the token is renewed before it runs out, once for all who ask", async () => {
    const asked = cognito(({ body }) => [200, tokens(body.AuthFlow === "REFRESH_TOKEN_AUTH" ? "second" : "first")]);
    const session = new Session(identity, tab);
    await session.signIn("a", "b");
    vi.setSystemTime(Date.now() + 3_500_000);
    expect(await Promise.all([session.token(), session.token()])).toEqual(["second", "second"]);
    expect(asked).toHaveLength(2);
  });

  test("a token refused by the API is renewed, unless that has happened meanwhile", async () => {
    const asked = cognito(({ body }) => [200, tokens(body.AuthFlow === "REFRESH_TOKEN_AUTH" ? "second" : "first")]);
    const session = new Session(identity, tab);
    await session.signIn("a", "b");
    expect(await session.renew("first")).toBe("second");
    expect(await session.renew("first")).toBe("second");
    expect(asked).toHaveLength(2);
  });

  test("a revoked sign-in ends, a service that is down does not end it", async () => {
    let code = "InternalErrorException";
    cognito(({ body }) => (body.AuthFlow === "REFRESH_TOKEN_AUTH" ? [400, { __type: code }] : [200, tokens("first")]));
    const session = new Session(identity, tab);
    const ended = vi.fn();
    session.onEnded = ended;
    await session.signIn("a", "b");
    await expect(session.renew("first")).rejects.toThrow();
    expect(session.isSignedIn).toBe(true);
    code = "NotAuthorizedException";
    await expect(session.renew("first")).rejects.toThrow();
    expect(session.isSignedIn).toBe(false);
    expect(ended).toHaveBeenCalledOnce();
  });

  test("signing out revokes this sign-in, and all of them where that alone is not possible", async () => {
    const asked = cognito(({ operation }) =>
      operation === "RevokeToken" ? [400, { __type: "UnsupportedOperationException" }] : [200, tokens("first")],
    );
    const session = new Session(identity, tab);
    await session.signIn("a", "b");
    await session.signOut();
    expect(asked.map(({ operation }) => operation)).toEqual(["InitiateAuth", "RevokeToken", "GlobalSignOut"]);
    expect(new Session(identity, tab).isSignedIn).toBe(false);
  });
});
