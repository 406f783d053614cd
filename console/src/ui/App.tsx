/** From the first paint to the desk: settings, sign-in, and whose desk it is. */
import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import { Session } from "../identity/session";
import { Router } from "../router";
import type { Settings } from "../settings";
import { Desk } from "../state/desk";
import { problemText } from "../words";
import { SurroundingsProvider } from "./context";
import { Empty } from "./Empty";
import { Inbox } from "./Inbox";
import { SignIn } from "./SignIn";

/** The desk is given up for the sign-in's sake after this long without an answer. */
const GOODBYE_MS = 2_000;

export function App({ settings }: { settings: Settings }) {
  const session = useMemo(() => new Session(settings.identity), [settings]);
  const router = useMemo(() => new Router(), []);
  const [isSignedIn, setSignedIn] = useState(session.isSignedIn);
  const [notice, setNotice] = useState<string | null>(null);
  const [desk, setDesk] = useState<Desk | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [isRefused, setRefused] = useState(false);

  const leave = useCallback((why: string | null) => {
    setDesk(null);
    setProblem(null);
    setRefused(false);
    setSignedIn(false);
    setNotice(why);
    document.title = "Sign in";
  }, []);

  const open = useCallback(async () => {
    setProblem(null);
    try {
      setDesk(await Desk.open(settings, session));
      setNotice(null);
    } catch (error) {
      if (session.isSignedIn) setProblem(problemText(error));
    }
  }, [settings, session]);

  useEffect(() => {
    session.onEnded = () => leave("Your session has ended. Sign in again; what you began to write is kept.");
    session.onRefused = () => {
      setDesk(null);
      setRefused(true);
    };
  }, [session, leave]);

  useEffect(() => {
    if (isSignedIn) void open();
  }, [isSignedIn, open]);

  useEffect(() => {
    desk?.start();
    return () => desk?.stop();
  }, [desk]);

  const signOut = async () => {
    if (desk) {
      desk.stop();
      // Whoever has gone home gets no new conversations; a server that does not answer must not keep them here.
      await Promise.race([
        desk.api.setPresence("offline").catch(() => undefined),
        new Promise((resolve) => setTimeout(resolve, GOODBYE_MS)),
      ]);
      desk.forgetDrafts();
    }
    await session.signOut();
    leave(null);
  };

  if (!isSignedIn) return <SignIn session={session} notice={notice} onSignedIn={() => setSignedIn(true)} />;
  if (isRefused) {
    return (
      <main class="start">
        <Empty icon="alert" title="You cannot use this inbox">
          <p>Your account is not set up here, or was deactivated. Ask an admin.</p>
          <button type="button" class="button primary" onClick={() => void signOut()}>
            Sign out
          </button>
        </Empty>
      </main>
    );
  }
  if (problem) {
    return (
      <main class="start">
        <Empty icon="alert" title="Your inbox could not be opened">
          <p>{problem}</p>
          <button type="button" class="button primary" onClick={() => void open()}>
            Try again
          </button>
          <button type="button" class="button" onClick={() => void signOut()}>
            Sign out
          </button>
        </Empty>
      </main>
    );
  }
  if (!desk) return <main class="start" aria-busy="true" />;
  return (
    <SurroundingsProvider value={{ desk, router }}>
      <Inbox onSignOut={() => void signOut()} />
    </SurroundingsProvider>
  );
}
