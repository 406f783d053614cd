/** The agent's own figures. */
import type { ComponentChildren } from "preact";
import { useCallback, useEffect, useState } from "preact/hooks";
import { preciseDuration } from "../format";
import type { Stats } from "../wire";
import { problemText } from "../words";
import { useSurroundings } from "./context";
import { Empty } from "./Empty";
import { useLate } from "./hooks";
import { Stars } from "./Stars";

export function Statistics() {
  const { desk } = useSurroundings();
  const [stats, setStats] = useState<Stats | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const isLate = useLate(!stats && !problem);

  const load = useCallback(async () => {
    setProblem(null);
    try {
      setStats(await desk.api.stats());
    } catch (error) {
      setProblem(problemText(error));
    }
  }, [desk]);
  useEffect(() => void load(), [load]);

  return (
    <main class="statistics">
      <header class="pane-head">
        <h1>Statistics</h1>
      </header>
      <div class="statistics-body">
        {problem && (
          <Empty icon="alert" title="Your figures could not be loaded">
            <p>{problem}</p>
            <button type="button" class="button" onClick={() => void load()}>
              Try again
            </button>
          </Empty>
        )}
        {isLate && (
          <div class="tiles skeleton" aria-hidden="true">
            {[1, 2, 3, 4, 5, 6].map((tile) => (
              <span class="skeleton-tile" key={tile} />
            ))}
          </div>
        )}
        {stats && <Figures stats={stats} />}
      </div>
    </main>
  );
}

function Figures({ stats }: { stats: Stats }) {
  const { conversations, feedback } = stats;
  return (
    <div class="statistics-inner">
      <h2>Your conversations</h2>
      <div class="tiles">
        <Tile name="Open now" note={`of at most ${stats.max_concurrent_chats}`}>
          {conversations.active.toLocaleString()}
        </Tile>
        <Tile name="Ended">{conversations.ended.toLocaleString()}</Tile>
        <Tile name="In all">{conversations.total.toLocaleString()}</Tile>
      </div>
      <h2>Your speed</h2>
      <div class="tiles">
        <Tile name="First answer" note="on average after the visitor's start">
          {timeOrNone(stats.average_first_response_seconds)}
        </Tile>
        <Tile name="Resolution" note="on average, from start to end">
          {timeOrNone(stats.average_resolution_seconds)}
        </Tile>
      </div>
      <h2>What visitors say</h2>
      {feedback.count === 0 ? (
        <p class="soft">Nobody has rated a conversation with you yet. The first rating will show here.</p>
      ) : (
        <div class="tiles">
          <Tile name="Rating" note={<Stars rating={feedback.average_rating ?? 0} />}>
            {feedback.average_rating?.toLocaleString(undefined, { maximumFractionDigits: 1 }) ?? "–"}
          </Tile>
          <Tile name="Ratings">{feedback.count.toLocaleString()}</Tile>
          {feedback.average_nps !== null && (
            <Tile name="Would recommend" note="on average, of 10">
              {feedback.average_nps.toLocaleString(undefined, { maximumFractionDigits: 1 })}
            </Tile>
          )}
        </div>
      )}
    </div>
  );
}

function Tile({ name, note, children }: { name: string; note?: ComponentChildren; children: ComponentChildren }) {
  return (
    <div class="tile">
      <span class="tile-name">{name}</span>
      <span class="tile-figure figures">{children}</span>
      {note && <span class="soft">{note}</span>}
    </div>
  );
}

function timeOrNone(seconds: number | null): string {
  return seconds === null ? "–" : preciseDuration(seconds);
}
