"""A whole stack for tests, started as `make run` starts it: own directory, own ports, stopped at the end."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
STOP_SECONDS = 30


class StackFailed(Exception):
    """It did not start; the message is what it printed and the ends of its logs."""


@dataclass(frozen=True)
class Edge:
    """A running `python -m local`."""

    base_url: str
    websocket_url: str
    identity: dict[str, str]
    directory: Path
    process: "subprocess.Popen[str]"

    def log(self, name: str) -> str:
        """What a function (by its logical id) or another part wrote."""
        path = self.directory / "logs" / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def stop(self, signum: signal.Signals = signal.SIGTERM) -> int:
        """Stop it and answer its exit status; a second time does nothing more."""
        if self.process.poll() is None:
            self.process.send_signal(signum)
        return self.process.wait(STOP_SECONDS)


@dataclass(frozen=True)
class Stack(Edge):
    """…with the product behind it and the demo's customers in it: what demo.json says."""

    api_key: str
    api_secret: str
    widget_id: str
    customer_id: str
    console_url: str
    demo_url: str
    agents: list[dict[str, str]]
    second_customer: dict[str, Any]
    database_url: str


def start(directory: Path, *arguments: str) -> Edge:
    """Start a stack and wait until it is ready; a Stack if its template has the product in it. Raises StackFailed."""
    runtime = os.environ.get("RUNTIME", "workers")
    process = subprocess.Popen(
        [sys.executable, "-m", "local", "--port", "0", "--directory", str(directory), "--runtime", runtime, *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    printed = ""
    for line in process.stdout:
        printed += line
        if line.split()[:1] == ["Ready"]:
            break
    else:
        process.communicate(timeout=STOP_SECONDS)
        raise StackFailed(f"{printed}\n{logs(directory)}")
    # Whatever it prints from now on, nobody waits for: left unread it would fill the pipe and block it.
    threading.Thread(target=_read_on, args=(process.stdout,), daemon=True).start()
    content = json.loads((directory / "demo.json").read_text())
    return (Stack if "api_key" in content else Edge)(directory=directory, process=process, **content)


def _read_on(stream: IO[str]) -> None:
    with stream:
        for _ in stream:
            pass


@contextlib.contextmanager
def running(directory: Path, *arguments: str) -> Iterator[Edge]:
    edge = start(directory, *arguments)
    try:
        yield edge
    finally:
        status = edge.stop()
    assert status == 0, f"exit status {status}\n{logs(directory)}"


def logs(directory: Path) -> str:
    """The ends of all logs, for a report."""
    parts = []
    for path in sorted((directory / "logs").glob("*.log")):
        if text := path.read_text(errors="replace").strip():
            parts.append(f"--- {path.name}\n{text[-3000:]}")
    return "\n".join(parts)


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One stack for the whole run; RUNTIME=rie runs the built artefacts. Its logs are printed when a test failed."""
    failed_before = request.session.testsfailed
    with running(tmp_path_factory.mktemp("stack")) as started:
        assert isinstance(started, Stack)
        yield started
        if request.session.testsfailed > failed_before:
            print(logs(started.directory))
