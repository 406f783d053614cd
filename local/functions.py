"""Lambda's side of the functions: who asks gets a free environment, a new one, or waits for the next to be free."""

import asyncio
import uuid
from collections import deque
from collections.abc import Mapping

from local.environments import Code, Environment, EnvironmentLost, InvocationFailed, Runtime

# Starting is the costly part: more at once would take the processor from those that could answer already.
STARTING_AT_ONCE = 2


class Pool:
    """The environments of one function."""

    def __init__(self, code: Code, runtime: Runtime, limit: int) -> None:
        self.code = code
        self._runtime = runtime
        self._limit = limit
        self._idle: list[Environment] = []  # the last one used comes first: it is the warmest
        self._all: set[Environment] = set()
        self._waiting: deque[asyncio.Future[Environment]] = deque()
        self._starting: set[asyncio.Task[None]] = set()

    async def invoke(self, event: bytes) -> bytes:
        """The handler's answer as JSON; raises InvocationFailed."""
        request_id = uuid.uuid4()
        environment = self._idle.pop() if self._idle else await self._next()
        try:
            answer = await environment.invoke(event, request_id)
        except EnvironmentLost as lost:
            self._log(lost)
            self._all.discard(environment)
            self._grow(at_least=0 if self._all else 1)
            raise
        except InvocationFailed:
            self._free(environment)
            raise
        self._free(environment)
        return answer

    async def warm(self) -> None:
        """Have one environment ready; raises InvocationFailed when the function cannot start."""
        self._free(await self._next())

    def stop(self) -> None:
        for task in self._starting:
            task.cancel()
        for environment in self._all:
            environment.stop()

    async def _next(self) -> Environment:
        waiting: asyncio.Future[Environment] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        self._grow()
        try:
            return await waiting
        except asyncio.CancelledError:
            if waiting.done() and not waiting.cancelled() and waiting.exception() is None:
                self._free(waiting.result())
            raise

    def _free(self, environment: Environment) -> None:
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(environment)
                return
        self._idle.append(environment)

    def _grow(self, at_least: int = 0) -> None:
        """Start as many environments as are waited for, within the limits."""
        wanted = min(max(len(self._waiting), at_least), STARTING_AT_ONCE, self._limit - len(self._all))
        while len(self._starting) < wanted:
            task = asyncio.create_task(self._start())
            self._starting.add(task)
            task.add_done_callback(self._started)

    async def _start(self) -> None:
        try:
            environment = await self._runtime.make(self.code)
        except InvocationFailed as failed:
            self._log(failed)
            # Who waits gets the error, as on Lambda; the next request tries anew.
            while self._waiting:
                waiting = self._waiting.popleft()
                if not waiting.done():
                    waiting.set_exception(failed)
                    return
            return
        self._all.add(environment)
        self._free(environment)

    def _started(self, task: asyncio.Task[None]) -> None:
        self._starting.discard(task)
        if not task.cancelled():
            task.result()
            self._grow()

    def _log(self, failed: InvocationFailed) -> None:
        with self.code.log.open("ab") as log:
            log.write(failed.payload + b"\n")


class Functions:
    """All functions by logical id."""

    def __init__(self, codes: Mapping[str, Code], runtime: Runtime, limit: int) -> None:
        self._pools = {name: Pool(code, runtime, limit) for name, code in codes.items()}

    async def invoke(self, function: str, event: bytes) -> bytes:
        return await self._pools[function].invoke(event)

    async def warm(self, *functions: str) -> None:
        await asyncio.gather(*(self._pools[function].warm() for function in functions))

    def stop(self) -> None:
        for pool in self._pools.values():
            pool.stop()
