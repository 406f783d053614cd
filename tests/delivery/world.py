"""A stack that misbehaves on command, and people at work on it with the shipped client core; all that happens is kept."""

import contextlib
import json
import os
import re
import subprocess
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import cycle
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import psycopg
import urllib3

from tests.client import Agent
from tests.delivery.checker import Entry, Violation, check
from tests.stack import ROOT, Stack

Json = dict[str, Any]
CLIENTS = Path(__file__).parent / "clients"
PATIENCE_SECONDS = 60.0


class TooLate(Exception):
    """What was waited for has not happened; the message says what had."""


class History:
    """Every event of every client, in the order in which they were told."""

    def __init__(self) -> None:
        self.events: list[Json] = []
        self.counts: Counter[str] = Counter()
        self.entered: dict[str, set[str]] = defaultdict(set)
        self.idle: set[str] = set()
        self.ended: set[str] = set()
        self.finals: dict[tuple[str, str], Json] = {}
        self.acknowledged: set[tuple[str, str]] = set()
        self.writers: Counter[str] = Counter()
        self._changed = threading.Condition()

    def add(self, event: Json) -> None:
        with self._changed:
            self.events.append(event)
            kind, client = event["event"], event["client"]
            self.counts[kind] += 1
            match kind:
                case "entered":
                    self.entered[client].add(event["conversation"])
                case "acknowledged":
                    if (message := (event["conversation"], event["id"])) not in self.acknowledged:
                        self.acknowledged.add(message)
                        self.writers[client] += 1
                case "idle":
                    self.idle.add(client)
                case "ended":
                    self.ended.add(event["conversation"])
                case "final":
                    self.finals[client, event["conversation"]] = event
            self._changed.notify_all()

    def wait(self, until: Callable[[Self], bool], what: str, seconds: float = PATIENCE_SECONDS) -> None:
        """Raises TooLate."""
        with self._changed:
            if not self._changed.wait_for(lambda: until(self), seconds):
                raise TooLate(f"{what}: not within {seconds:.0f} s. So far {dict(self.counts)}")

    def of(self, kind: str, client: str | None = None) -> list[Json]:
        with self._changed:
            return [event for event in self.events if event["event"] == kind and client in (None, event["client"])]


class People:
    """One Node process with simulated clients in it."""

    def __init__(self, script: Path, history: History, surroundings: Json) -> None:
        node = [os.environ.get("NODE", "node")]
        version = subprocess.run([*node, "--version"], check=True, capture_output=True, text=True).stdout
        if int(re.findall(r"\d+", version)[0]) < 22:
            node.append("--experimental-websocket")  # what browsers have, and Node from 22 on
        self._history = history
        self._errors = script.with_name(f"{surroundings['seed']}-{id(self)}.log")
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                [*node, "--no-warnings", str(script), json.dumps(surroundings)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                bufsize=1,
            )
        assert self._process.stdout is not None
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True)
        self._reader.start()

    def order(self, do: str, client: str, **more: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, "client": client, **more}) + "\n")

    def stop(self) -> str:
        """End it; answers what it complained about."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        return self._errors.read_text()

    def _read(self, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                self._history.add(json.loads(line))


class World:
    """Used with `with`: people come to a stack, write through whatever goes wrong, and are judged at the end."""

    def __init__(self, stack: Stack, script: Path, *, seed: int, speed: float = 8, processes: int = 1) -> None:
        self.stack = stack
        self.seed = seed
        self.history = History()
        self.conversations: list[str] = []
        self.clients: dict[str, People] = {}
        self.follows: dict[str, list[str]] = {}
        self._http = urllib3.PoolManager(retries=False, timeout=30)
        surroundings = {"base_url": stack.base_url, "speed": speed, "seed": seed}
        self._people = [People(script, self.history, surroundings) for _ in range(processes)]
        print(f"seed {seed}: SEED={seed} repeats it")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.heal()
        complaints = "".join(people.stop() for people in self._people)
        self._http.clear()
        print(f"{len(self.history.acknowledged)} acknowledged; {dict(self.history.counts)}")
        if kind is None:
            assert not complaints, complaints
        elif complaints:
            print(complaints)

    # Faults

    def misbehave(self, chances: Mapping[str, float]) -> None:
        self._control("PUT", "", {"seed": self.seed, "chances": chances})

    def heal(self) -> None:
        self._control("DELETE", "")

    def cut(self, code: int = 1001) -> None:
        """Every socket ends at once, as after two hours."""
        self._control("POST", f"/close?code={code}")

    def freeze_sockets(self) -> None:
        self._control("POST", "/freeze")

    def crash_database(self) -> None:
        self._control("POST", "/database")

    def faults_so_far(self) -> dict[str, int]:
        return dict(json.loads(self._control("GET", "")))

    def _control(self, method: str, path: str, body: Json | None = None) -> bytes:
        data = None if body is None else json.dumps(body).encode()
        answer = self._http.request(method, f"{self.stack.base_url}/faults{path}", body=data)
        assert answer.status < 300, answer.data
        return answer.data

    # People

    def visitors(self, count: int) -> list[str]:
        """As many visitors, each in a conversation of its own; answers their names."""
        names = [f"visitor-{len(self.clients) + number}" for number in range(count)]
        for name, people in zip(names, cycle(self._people), strict=False):
            self.clients[name] = people
            people.order("enter", name, widget_id=self.stack.widget_id)
        self.history.wait(lambda history: all(history.entered.get(name) for name in names), "visitors come in")
        for name in names:
            self.follows[name] = sorted(self.history.entered[name])
            self.conversations += self.follows[name]
        return names

    def agents(self, count: int, conversations: list[str] | None = None, *, everything: bool = False) -> list[str]:
        """As many agents' tabs, which share the conversations between them; `everything`: each follows all of them."""
        chosen = self.conversations if conversations is None else conversations
        names = [f"agent-{len(self.clients) + number}" for number in range(count)]
        for number, (name, sign_in, people) in enumerate(
            zip(names, cycle(self.stack.agents), cycle(self._people), strict=False)
        ):
            agent = Agent.sign_in(self.stack.base_url, self.stack.identity, sign_in["email"], sign_in["password"])
            self.clients[name] = people
            self.follows[name] = chosen if everything else chosen[number::count]
            self.order("follow", name, token=agent.caller.token, agent_id=agent.id, conversations=self.follows[name])
        return names

    def order(self, do: str, client: str, **more: Any) -> None:
        self.clients[client].order(do, client, **more)

    def write(self, count: int, clients: Iterable[str] | None = None, *, ahead: int = 3, crash: int = 0) -> int:
        """Each of the clients writes as many messages in each of its conversations; answers how many that are in all."""
        written = 0
        for name in self.clients if clients is None else clients:
            for conversation in self.follows[name]:
                self.order("write", name, conversation=conversation, count=count, ahead=ahead, crash=crash)
                written += count
        return written

    def until_acknowledged(self, count: int, seconds: float = PATIENCE_SECONDS) -> None:
        self.history.wait(lambda history: len(history.acknowledged) >= count, f"{count} are acknowledged", seconds)

    # The end

    def settle(self, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until all that was written is stored or refused and everybody shows the whole log; but no longer than that."""
        for name in self.clients:
            self.history.idle.discard(name)
            self.order("finish", name)
        try:
            self.history.wait(lambda history: history.idle.issuperset(self.clients), "nothing waits any more", seconds)
        except TooLate as late:
            print(late)
        self.converge(seconds)

    def converge(self, seconds: float = PATIENCE_SECONDS) -> None:
        lengths = {conversation: len(log) for conversation, log in self.stored().items()}
        wanted = {(name, conversation) for name in self.clients for conversation in self.follows[name]}
        self.history.finals.clear()
        for name, conversation in wanted:
            self.order("converge", name, conversation=conversation, last_seq=lengths[conversation])
        try:
            self.history.wait(lambda history: history.finals.keys() >= wanted, "all converge", seconds)
        except TooLate as late:
            print(late)
            for name, conversation in wanted - self.history.finals.keys():
                self.order("report", name, conversation=conversation)
            self.history.wait(lambda history: history.finals.keys() >= wanted, "all report")

    def stored(self) -> Mapping[str, list[Entry]]:
        """The logs as they are in the database."""
        logs: dict[str, list[Entry]] = {conversation: [] for conversation in self.conversations}
        with psycopg.connect(self.stack.database_url) as connection:
            rows = connection.execute(
                "select conversation_id::text, seq, id::text, sender_type, sender_id::text, client_message_id, content"
                " from messages where conversation_id = any(%s::uuid[]) order by conversation_id, seq",
                [self.conversations],
            )
            for conversation, *row in rows:
                logs[conversation].append(Entry(*row))
        return logs

    def violations(self) -> list[Violation]:
        return check(self.history.events, self.stored())


def bundle(directory: Path) -> Path:
    """The clients as one script for Node, from the sources that the widget and the console are built from."""
    script = directory / "people.mjs"
    subprocess.run(
        [
            *(str(ROOT / "node_modules/.bin/esbuild"), str(CLIENTS / "main.ts"), f"--outfile={script}"),
            *("--bundle", "--format=esm", "--platform=node", "--target=node20", "--log-level=warning", "--sourcemap=inline"),
        ],
        check=True,
        cwd=ROOT,
    )
    return script
