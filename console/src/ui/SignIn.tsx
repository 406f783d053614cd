/** E-mail and password; then whatever else the identity provider asks for. */
import { useEffect, useRef, useState } from "preact/hooks";
import { asksForCode, type Challenge } from "../identity/cognito";
import type { Session } from "../identity/session";
import { signInProblem } from "../identity/words";
import { focusOnAppearance } from "./hooks";
import { Icon } from "./Icon";

interface SignInProps {
  session: Session;
  /** Why the agent is here again, when that was not their own doing. */
  notice: string | null;
  onSignedIn: () => void;
}

export function SignIn({ session, notice, onSignedIn }: SignInProps) {
  const [challenge, setChallenge] = useState<Challenge | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);

  const attempt = async (step: () => Promise<Challenge | null>) => {
    setBusy(true);
    setProblem(null);
    try {
      const next = await step();
      setChallenge(next);
      if (!next) onSignedIn();
    } catch (error) {
      setProblem(signInProblem(error));
      // A challenge's session is over after a while: only the first form can begin another.
      if (challenge && /from the start/.test(signInProblem(error))) setChallenge(null);
    } finally {
      setBusy(false);
    }
  };

  return (
    <main class="sign-in">
      <div class="sign-in-card">
        <span class="brand-mark">
          <Icon name="conversation" size={20} />
        </span>
        {challenge ? (
          <ChallengeForm
            key={challenge.session}
            challenge={challenge}
            isBusy={isBusy}
            problem={problem}
            onAnswer={(value) => attempt(() => session.answer(challenge, value))}
            onBack={() => {
              setChallenge(null);
              setProblem(null);
            }}
          />
        ) : (
          <PasswordForm
            isBusy={isBusy}
            problem={problem}
            notice={notice}
            onSubmit={(email, password) => attempt(() => session.signIn(email, password))}
          />
        )}
      </div>
    </main>
  );
}

interface PasswordFormProps {
  isBusy: boolean;
  problem: string | null;
  notice: string | null;
  onSubmit: (email: string, password: string) => void;
}

function PasswordForm({ isBusy, problem, notice, onSubmit }: PasswordFormProps) {
  const password = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (problem) password.current?.select();
  }, [problem]);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        const form = new FormData(event.currentTarget);
        onSubmit(String(form.get("email")).trim(), String(form.get("password")));
      }}
    >
      <h1>Sign in to your inbox</h1>
      {notice && !problem && <p class="notice">{notice}</p>}
      <label class="field">
        E-mail
        <input name="email" type="email" autocomplete="username" required ref={focusOnAppearance} inputmode="email" />
      </label>
      <label class="field">
        Password
        <input ref={password} name="password" type="password" autocomplete="current-password" required />
      </label>
      <Problem text={problem} />
      <button type="submit" class="button primary wide" disabled={isBusy}>
        {isBusy ? "Signing in…" : "Sign in"}
      </button>
    </form>
  );
}

interface ChallengeFormProps {
  challenge: Challenge;
  isBusy: boolean;
  problem: string | null;
  onAnswer: (value: string) => void;
  onBack: () => void;
}

function ChallengeForm({ challenge, isBusy, problem, onAnswer, onBack }: ChallengeFormProps) {
  const [mismatch, setMismatch] = useState<string | null>(null);
  const back = (
    <button type="button" class="button quiet wide" onClick={onBack}>
      Back
    </button>
  );

  if (asksForCode(challenge)) {
    return (
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onAnswer(String(new FormData(event.currentTarget).get("code")).replace(/\s/g, ""));
        }}
      >
        <h1>Enter your code</h1>
        <p class="sign-in-text">
          {challenge.name === "SOFTWARE_TOKEN_MFA"
            ? "Your authenticator app shows it."
            : "It has just been sent to you."}
        </p>
        <label class="field">
          Code
          <input name="code" inputmode="numeric" autocomplete="one-time-code" required ref={focusOnAppearance} />
        </label>
        <Problem text={problem} />
        <button type="submit" class="button primary wide" disabled={isBusy}>
          Continue
        </button>
        {back}
      </form>
    );
  }

  if (challenge.name !== "NEW_PASSWORD_REQUIRED") {
    return (
      <div>
        <h1>One more step is needed</h1>
        <p class="sign-in-text">
          This account asks for a kind of confirmation that the console cannot give. Ask your administrator to change
          it.
        </p>
        {back}
      </div>
    );
  }

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        const form = new FormData(event.currentTarget);
        const chosen = String(form.get("password"));
        const differs = chosen !== String(form.get("repeated"));
        setMismatch(differs ? "The two passwords differ. Type the same one twice." : null);
        if (!differs) onAnswer(chosen);
      }}
    >
      <h1>Choose your password</h1>
      <p class="sign-in-text">The one from your invitation was for the first sign-in only.</p>
      <input type="hidden" name="username" autocomplete="username" value={challenge.username} />
      <label class="field">
        New password
        <input name="password" type="password" autocomplete="new-password" required ref={focusOnAppearance} />
      </label>
      <label class="field">
        New password again
        <input name="repeated" type="password" autocomplete="new-password" required />
      </label>
      <Problem text={mismatch ?? problem} />
      <button type="submit" class="button primary wide" disabled={isBusy}>
        {isBusy ? "Saving…" : "Save and continue"}
      </button>
      {back}
    </form>
  );
}

function Problem({ text }: { text: string | null }) {
  return (
    <p class="problem" role="alert">
      {text && (
        <>
          <Icon name="alert" /> {text}
        </>
      )}
    </p>
  );
}
