"""The event loop of an execution environment whose handler is not an ASGI app."""

import asyncio
from collections.abc import Coroutine
from functools import cache
from typing import Any, TypeVar

Result = TypeVar("Result")


@cache
def _runner() -> asyncio.Runner:
    return asyncio.Runner()


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run to completion on the one loop that lives as long as the environment: the database connection belongs to it."""
    return _runner().run(work)
