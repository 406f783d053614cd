/**
 * Amazon Cognito's sign-in from the browser: four JSON calls need no SDK.
 * https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_InitiateAuth.html
 */
import type { Identity } from "../settings";

export interface Tokens {
  /** What agents send as `Authorization: Bearer`: the field the settings name. */
  bearer: string;
  /** GlobalSignOut takes the access token, whichever one the API wants. */
  access: string;
  refresh: string | null;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

/** What stands between a password and its tokens. */
export interface Challenge {
  name: string;
  session: string;
  username: string;
}

export type SignInStep = { tokens: Tokens } | { challenge: Challenge };

/** `code` is Cognito's exception name, or "Unreachable" when nothing answered. */
export class IdentityError extends Error {
  readonly code: string;

  constructor(code: string, detail: string) {
    super(detail);
    this.name = "IdentityError";
    this.code = code;
  }
}

interface AuthenticationResult {
  AccessToken: string;
  IdToken: string;
  RefreshToken?: string;
  ExpiresIn: number;
}

interface AuthAnswer {
  AuthenticationResult?: AuthenticationResult;
  ChallengeName?: string;
  Session?: string;
}

const TIMEOUT_MS = 15_000;

/** The field of ChallengeResponses that carries the one-time code, by challenge. */
const CODE_FIELDS: Record<string, string> = {
  SOFTWARE_TOKEN_MFA: "SOFTWARE_TOKEN_MFA_CODE",
  SMS_MFA: "SMS_MFA_CODE",
  EMAIL_OTP: "EMAIL_OTP_CODE",
};

export function asksForCode(challenge: Challenge): boolean {
  return challenge.name in CODE_FIELDS;
}

async function call<Answer>(identity: Identity, operation: string, body: unknown): Promise<Answer> {
  let answer: Response;
  try {
    answer = await fetch(identity.endpoint, {
      method: "POST",
      headers: {
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": `AWSCognitoIdentityProviderService.${operation}`,
      },
      body: JSON.stringify(body),
      credentials: "omit",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch {
    throw new IdentityError("Unreachable", "The sign-in service did not answer.");
  }
  const text = await answer.text();
  if (answer.ok) return (text ? JSON.parse(text) : {}) as Answer;
  let code = `HTTP ${answer.status}`;
  let detail = "";
  try {
    const problem = JSON.parse(text) as { __type?: string; message?: string; Message?: string };
    // Some AWS services prefix the exception with its namespace and "#".
    code = problem.__type?.split("#").pop() ?? code;
    detail = problem.message ?? problem.Message ?? "";
  } catch {
    // A proxy's HTML page; the status says enough.
  }
  throw new IdentityError(code, detail);
}

function tokensFrom(identity: Identity, result: AuthenticationResult, refresh: string | null): Tokens {
  return {
    bearer: result[identity.token_use],
    access: result.AccessToken,
    refresh: result.RefreshToken ?? refresh,
    expiresAt: Date.now() + result.ExpiresIn * 1000,
  };
}

function stepFrom(identity: Identity, username: string, answer: AuthAnswer): SignInStep {
  if (answer.AuthenticationResult) return { tokens: tokensFrom(identity, answer.AuthenticationResult, null) };
  return { challenge: { name: answer.ChallengeName ?? "unknown", session: answer.Session ?? "", username } };
}

export async function signIn(identity: Identity, username: string, password: string): Promise<SignInStep> {
  const answer = await call<AuthAnswer>(identity, "InitiateAuth", {
    AuthFlow: "USER_PASSWORD_AUTH",
    ClientId: identity.client_id,
    AuthParameters: { USERNAME: username, PASSWORD: password },
  });
  return stepFrom(identity, username, answer);
}

/** Answers a challenge: a new password for an invitation, the code for a second factor. */
export async function answerChallenge(identity: Identity, challenge: Challenge, value: string): Promise<SignInStep> {
  const field = CODE_FIELDS[challenge.name] ?? "NEW_PASSWORD";
  const answer = await call<AuthAnswer>(identity, "RespondToAuthChallenge", {
    ChallengeName: challenge.name,
    ClientId: identity.client_id,
    Session: challenge.session,
    ChallengeResponses: { USERNAME: challenge.username, [field]: value },
  });
  return stepFrom(identity, challenge.username, answer);
}

export async function refresh(identity: Identity, refreshToken: string): Promise<Tokens> {
  const answer = await call<AuthAnswer>(identity, "InitiateAuth", {
    AuthFlow: "REFRESH_TOKEN_AUTH",
    ClientId: identity.client_id,
    AuthParameters: { REFRESH_TOKEN: refreshToken },
  });
  if (!answer.AuthenticationResult) throw new IdentityError("NotAuthorizedException", "No tokens were renewed.");
  return tokensFrom(identity, answer.AuthenticationResult, refreshToken);
}

/**
 * Ends this sign-in. A pool whose client has token revocation switched off can only end all of a user's sign-ins
 * together, so that is the second choice.
 */
export async function signOut(identity: Identity, tokens: Tokens): Promise<void> {
  try {
    if (!tokens.refresh) throw new IdentityError("NotAuthorizedException", "There is nothing to revoke.");
    await call(identity, "RevokeToken", { Token: tokens.refresh, ClientId: identity.client_id });
  } catch (error) {
    if (error instanceof IdentityError && error.code === "Unreachable") return;
    await call(identity, "GlobalSignOut", { AccessToken: tokens.access }).catch(() => undefined);
  }
}
