"""Ends a worker exactly where a test wants it: at the n-th boundary that one request crosses on its way.

A boundary is each moment before and after the process waits for the database or posts to @connections, and the one
before it answers. With LIVECHAT_LOCAL_CRASHES in its environment a worker reads from a request's header `x-crash-at` at
which of them to die, as if the machine had: nothing is closed, flushed or said. Counting up from 1 until a request
survives tries them all.
"""

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

SETTING = "LIVECHAT_LOCAL_CRASHES"
HEADER = "x-crash-at"


class Boundaries:
    def __init__(self) -> None:
        self._lock = threading.Lock()  # pushes go out in threads
        self._left = 0

    def begin(self, event: Any) -> None:
        """A request comes in; those that do not ask for it crash nowhere."""
        headers = (event.get("headers") if isinstance(event, dict) else None) or {}
        self._left = int(headers.get(HEADER, 0))

    def cross(self, where: str) -> None:
        with self._lock:
            if self._left == 0:
                return
            self._left -= 1
            if self._left == 0:
                os.write(1, f"crashing {where}\n".encode())
                os.kill(os.getpid(), signal.SIGKILL)


def crashing(handler: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """The same handler, in a process that counts what it crosses from now on."""
    import psycopg
    import urllib3

    boundaries = Boundaries()
    wait, urlopen = psycopg.AsyncConnection.wait, urllib3.PoolManager.urlopen

    async def counted_wait(*args: Any, **kwargs: Any) -> Any:
        boundaries.cross("before the database")
        result = await wait(*args, **kwargs)
        boundaries.cross("after the database")
        return result

    def counted_urlopen(*args: Any, **kwargs: Any) -> Any:
        boundaries.cross("before a push")
        answer = urlopen(*args, **kwargs)
        boundaries.cross("after a push")
        return answer

    def counted(event: Any, context: Any) -> Any:
        boundaries.begin(event)
        answer = handler(event, context)
        boundaries.cross("before the answer")
        return answer

    psycopg.AsyncConnection.wait = counted_wait  # type: ignore[method-assign]  # all waiting for the database goes through it
    urllib3.PoolManager.urlopen = counted_urlopen  # type: ignore[method-assign]  # the pushes', and nobody else's
    return counted
