/** The agent's sign-in for as long as this tab lives: kept over a reload, renewed before it runs out. */
import type { Identity } from "../settings";
import {
  answerChallenge,
  type Challenge,
  IdentityError,
  refresh,
  type SignInStep,
  signIn,
  signOut,
  type Tokens,
} from "./cognito";

const KEY = "livechat.session";
/** Renewed this long before the end, so that no request starts with a token that dies on the way. */
const MARGIN_MS = 120_000;

export class Session {
  /** Called once when the sign-in cannot be renewed any more. */
  onEnded: () => void = () => undefined;
  /** Called when whoever signed in is no agent here, or no longer: signing in again would change nothing. */
  onRefused: () => void = () => undefined;
  private tokens: Tokens | null;
  private renewal: Promise<string> | null = null;

  constructor(
    private readonly identity: Identity,
    private readonly storage: Storage = sessionStorage,
  ) {
    this.tokens = this.read();
  }

  get isSignedIn(): boolean {
    return this.tokens !== null;
  }

  async signIn(username: string, password: string): Promise<Challenge | null> {
    return this.take(await signIn(this.identity, username, password));
  }

  async answer(challenge: Challenge, value: string): Promise<Challenge | null> {
    return this.take(await answerChallenge(this.identity, challenge, value));
  }

  /** A token good for the next request. Rejects when the sign-in has ended, or when nobody can be asked just now. */
  async token(): Promise<string> {
    if (!this.tokens) throw new IdentityError("NotAuthorizedException", "You are signed out.");
    if (this.tokens.expiresAt - MARGIN_MS > Date.now()) return this.tokens.bearer;
    return this.renew();
  }

  /** A fresh token, one call for all who ask at once. `refused` is the one the API did not take. */
  async renew(refused?: string): Promise<string> {
    if (refused && this.tokens && this.tokens.bearer !== refused) return this.tokens.bearer;
    this.renewal ??= this.askForRenewal().finally(() => {
      this.renewal = null;
    });
    return this.renewal;
  }

  async signOut(): Promise<void> {
    const tokens = this.tokens;
    this.forget();
    if (tokens) await signOut(this.identity, tokens);
  }

  /** The API refused a token that had just been renewed: nothing here can mend that. */
  end(): void {
    if (!this.tokens) return;
    this.forget();
    this.onEnded();
  }

  /** The API knows the sign-in, and no agent by it. */
  refuse(): void {
    if (this.tokens) this.onRefused();
  }

  private async askForRenewal(): Promise<string> {
    const held = this.tokens;
    if (!held?.refresh) {
      this.end();
      throw new IdentityError("NotAuthorizedException", "Your session has ended.");
    }
    try {
      const renewed = await refresh(this.identity, held.refresh);
      // Signed out while the answer was under way: it must not bring the sign-in back.
      if (this.tokens === held) this.keep(renewed);
      return renewed.bearer;
    } catch (error) {
      if (error instanceof IdentityError && ENDING.has(error.code)) this.end();
      throw error;
    }
  }

  private take(step: SignInStep): Challenge | null {
    if ("challenge" in step) return step.challenge;
    this.keep(step.tokens);
    return null;
  }

  private keep(tokens: Tokens): void {
    this.tokens = tokens;
    this.storage.setItem(KEY, JSON.stringify(tokens));
  }

  private forget(): void {
    this.tokens = null;
    this.storage.removeItem(KEY);
  }

  private read(): Tokens | null {
    const kept = this.storage.getItem(KEY);
    return kept ? (JSON.parse(kept) as Tokens) : null;
  }
}

/** Answers after which asking again is pointless; a throttled or unreachable service is worth another try. */
const ENDING = new Set([
  "NotAuthorizedException",
  "UserNotFoundException",
  "PasswordResetRequiredException",
  "UserNotConfirmedException",
  "InvalidParameterException",
  "ResourceNotFoundException",
]);
