"""`make run`: starts a stack, says what it does, ends with where to click, and runs until it is told to stop."""

import argparse
import asyncio
import contextlib
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local import demos, emulators, frontends, steps
from local.databases import DatabaseFailed
from local.stacks import ROOT, Settings, Stack, StartFailed, running
from local.websocket_gateway import Limits

FAILURES = (StartFailed, DatabaseFailed, frontends.BuildFailed, emulators.BuildFailed)


def port(text: str) -> int:
    """A port as an argument. Raises argparse.ArgumentTypeError, which argparse tells in one line."""
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: choose a number from 1 to 65535")
    return int(text)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument("--port", type=port, default=8000, help="0 takes any free one")
    parser.add_argument("--directory", type=Path, default=ROOT / ".local", help="where data and logs are kept")
    parser.add_argument("--runtime", choices=("workers", "rie"), default="workers")
    parser.add_argument("--template", type=Path, default=ROOT / "template.yaml")
    parser.add_argument("--environments", type=int, default=12, help="of one function at most")
    parser.add_argument("--socket-idle-seconds", type=float, default=Limits.idle)
    parser.add_argument("--socket-life-seconds", type=float, default=Limits.life)
    parser.add_argument("--faults", action="store_true", help="for tests: misbehave as told at /faults")
    parser.add_argument("--began", type=float, default=time.time(), help="when the command began, for the sum")
    return parser.parse_args()


async def run(settings: Settings, began: float) -> int:
    steps.report("Python packages", time.time() - began)
    stop = asyncio.Event()
    me = asyncio.current_task()
    assert me is not None
    started = False

    def on_signal() -> None:
        if not stop.is_set():
            stop.set()
            if not started:
                me.cancel()

    loop = asyncio.get_running_loop()
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(signum, on_signal)
    if sys.stdout.isatty():
        watcher = threading.Thread(target=wait_for_hangup, args=(sys.stdout.fileno(), loop, on_signal), daemon=True)
        watcher.start()
    try:
        async with running(settings) as stack:
            started = True
            steps.report("Ready", time.time() - began)
            print(welcome(stack), flush=True)
            stopped = asyncio.ensure_future(stop.wait())
            ends: list[asyncio.Future[Any]] = [stopped, stack.lost]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if not stop.is_set():
                raise StartFailed(f"{stack.lost.result()} ended by itself. Logs are in {settings.logs}")
            tell("  Stopping …")
    except asyncio.CancelledError:
        return 130
    except BaseExceptionGroup as group:
        known, others = group.split(FAILURES)
        if known is None or others is not None:
            raise
        return fail(first_of(known))
    except FAILURES as failure:
        return fail(failure)
    tell("  Stopped.")
    return 0


def wait_for_hangup(terminal: int, loop: asyncio.AbstractEventLoop, hung_up: Callable[[], None]) -> None:
    """Tell when the terminal is gone.

    SIGHUP goes to the session's leader alone. When that is make, as with `ssh host make run`, it waits for us in vain.
    """
    poll = select.poll()
    poll.register(terminal, 0)  # no event but the hang-up, which is always told
    poll.poll()
    with contextlib.suppress(RuntimeError):  # the loop has ended, which is what was wanted
        loop.call_soon_threadsafe(hung_up)


def first_of(group: BaseException) -> BaseException:
    return first_of(group.exceptions[0]) if isinstance(group, BaseExceptionGroup) else group


def fail(failure: BaseException) -> int:
    tell(f"\n{failure}", to=sys.stderr)
    return 1


def tell(text: str, to: object = None) -> None:
    """Print, though the terminal may be gone."""
    with contextlib.suppress(OSError):
        print(text, file=to or sys.stdout, flush=True)  # type: ignore[arg-type]  # a stream


def welcome(stack: Stack) -> str:
    note = stack.note
    if "demo_url" not in note:
        return f"\n  {note['base_url']}\n"
    lines = [
        "",
        f"  Shop with the widget   {note['demo_url']}",
        f"  A second customer's    {note['demo_url']}second.html",
        f"  The plain example      {note['demo_url']}example.html",
        f"  Agents' console        {note['console_url']}",
    ]
    for customer in stack.demo.customers:
        lines += ["", f"  Sign-ins of {customer['company_name']}"]
        lines += [f"    {agent['role']:<7}{agent['email']:<28}{agent['password']}" for agent in demos.sign_ins(customer)]
    lines += ["", f"  Logs: {stack.settings.logs}   Everything else: {stack.settings.note}", "  Ctrl-C stops it all.", ""]
    return "\n".join(lines)


def main() -> None:
    arguments = parse_arguments()
    settings = Settings(
        port=arguments.port,
        directory=arguments.directory.resolve(),
        runtime=arguments.runtime,
        template=arguments.template.resolve(),
        limits=Limits(arguments.socket_idle_seconds, arguments.socket_life_seconds),
        environments=arguments.environments,
        faults=arguments.faults,
    )
    sys.exit(asyncio.run(run(settings, arguments.began)))


if __name__ == "__main__":
    main()
