"""`make bench`: floors and product in one run, over a stack of its own, as a table in Markdown.

A floor is what cannot be gone below on this machine: a bare HTTP answer, and an insert with its commit.
"""

import http.server
import platform
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import urllib3

from tests.client import Agent, Caller, Visitor
from tests.stack import Stack, running

WARM_UP = 20
REPEATS = 300


@dataclass(frozen=True)
class Timing:
    """Milliseconds."""

    name: str
    p50: float
    p95: float


def measure(name: str, act: Callable[[], object], repeats: int = REPEATS) -> Timing:
    """Time `act`, one call after the other, by one client."""
    for _ in range(WARM_UP):
        act()
    taken = []
    for _ in range(repeats):
        began = time.perf_counter()
        act()
        taken.append((time.perf_counter() - began) * 1000)
    return Timing(name, statistics.median(taken), statistics.quantiles(taken, n=20)[-1])


class Bare(http.server.BaseHTTPRequestHandler):
    """Answers at once, over a connection that is kept."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        pass


@contextmanager
def bare_server() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bare)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


def floors(stack: Stack) -> tuple[Timing, Timing]:
    pool = urllib3.PoolManager()
    with bare_server() as url:
        hop = measure("floor: a bare HTTP answer", lambda: pool.request("GET", url))
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        connection.execute("create table if not exists bench_floor (id uuid default uuidv7() primary key, content text)")
        insert = measure(
            "floor: insert and commit", lambda: connection.execute("insert into bench_floor (content) values ('Hello')")
        )
        connection.execute("drop table bench_floor")
    return hop, insert


def product(stack: Stack) -> list[Timing]:
    page = Caller(stack.base_url)
    account = stack.agents[1]
    agent = Agent.sign_in(stack.base_url, stack.identity, account["email"], account["password"])
    agent.be("away")
    visitor = Visitor.start(stack.base_url, stack.widget_id)
    config = f"/widget-config?id={stack.api_key}"
    etag = {"if-none-match": page.get(config).headers["etag"]}
    timings = [
        measure("config, 200", lambda: page.get(config)),
        measure("config, 304", lambda: page.get(config, headers=etag)),
        measure("chat start", lambda: page.post("/chat/start", {"widget_id": stack.widget_id}), 100),
        measure(
            "history, newest page", lambda: visitor.caller.get(f"/chat/messages?conversation_id={visitor.conversation_id}")
        ),
        measure("agent's list", lambda: agent.caller.get("/agent/conversations")),
        measure("send, answered", lambda: visitor.say("Hello")),
    ]
    with agent.socket() as desk:
        desk.subscribe(f"conversation:{visitor.conversation_id}")

        def deliver() -> None:
            sending = threading.Thread(target=visitor.say, args=("Hello",))
            sending.start()
            desk.wait("message.created")
            arrived.append(time.perf_counter())
            sending.join()

        arrived: list[float] = []
        taken = []
        for _ in range(REPEATS):
            began = time.perf_counter()
            deliver()
            taken.append((arrived[-1] - began) * 1000)
    timings.append(Timing("sender to receiver's socket", statistics.median(taken), statistics.quantiles(taken, n=20)[-1]))
    return timings


def main() -> None:
    with tempfile.TemporaryDirectory() as directory, running(Path(directory)) as stack:
        assert isinstance(stack, Stack)
        hop, insert = floors(stack)
        timings = product(stack)
    floor = hop.p50 + insert.p50
    print(f"{platform.machine()}, Python {platform.python_version()}, one client, {REPEATS} repeats, milliseconds\n")
    print("| what | p50 | p95 | p50 ÷ (bare answer + insert and commit) |\n|---|---|---|---|")
    for timing in (hop, insert, *timings):
        print(f"| {timing.name} | {timing.p50:.2f} | {timing.p95:.2f} | {timing.p50 / floor:.1f} |")


if __name__ == "__main__":
    main()
