"""Execution environments of functions: how one is started, asked, and stopped; `workers` here, `emulators` beside it."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from local import processes, workers
from local.templates import REGION, Function

INITIALISATION_SECONDS = 30  # Lambda allows ten on machines that do nothing else


class InvocationFailed(Exception):
    """The function raised, ended or took too long; `payload` is the error JSON Lambda answers with."""

    def __init__(self, payload: bytes) -> None:
        super().__init__(payload.decode(errors="replace"))
        self.payload = payload


class EnvironmentLost(InvocationFailed):
    """…and its environment went with it."""


@dataclass(frozen=True)
class Code:
    """Where a function's code stands, its layers' and what it finds in its environment."""

    function: Function
    directory: Path
    path: tuple[Path, ...]
    variables: Mapping[str, str]
    log: Path

    def environment(self) -> dict[str, str]:
        """All variables, those of Lambda's runtime included.

        https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
        """
        function = self.function
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "_HANDLER": function.handler,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
            "AWS_LAMBDA_FUNCTION_NAME": function.id,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
            "AWS_LAMBDA_FUNCTION_TIMEOUT": f"{function.timeout:.0f}",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.id}",
            "AWS_LAMBDA_LOG_STREAM_NAME": time.strftime("%Y/%m/%d/[$LATEST]") + uuid.uuid4().hex,
            "LAMBDA_TASK_ROOT": str(self.directory),
            "LIVECHAT_LOCAL_FUNCTION_ARN": function.arn,
            "PYTHONPATH": os.pathsep.join(map(str, self.path)),
            **self.variables,
        }


class Environment(Protocol):
    """Runs one invocation at a time."""

    async def invoke(self, event: bytes, request_id: uuid.UUID) -> bytes:
        """The handler's answer as JSON; raises InvocationFailed or EnvironmentLost."""

    def stop(self) -> None: ...


class Runtime(Protocol):
    async def start(self) -> None: ...

    async def make(self, code: Code) -> Environment:
        """A new environment, initialised; raises InvocationFailed if its handler cannot be imported."""

    async def stop(self) -> None: ...


class Workers:
    """The fork server and its forks: `RUNTIME=workers`."""

    def __init__(self, logs: Path) -> None:
        self._log = logs / "workers.log"
        self._process: asyncio.subprocess.Process | None = None
        self._orders, self._remote = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    async def start(self) -> None:
        self._process = await processes.start(
            *(sys.executable, "-m", "local.workers", str(self._remote.fileno())),
            log=self._log,
            pass_fds=(self._remote.fileno(),),
        )
        self._remote.close()
        self._orders.setblocking(False)
        if not await asyncio.get_running_loop().sock_recv(self._orders, 1):
            raise RuntimeError(f"the workers' fork server ended; see {self._log}")
        self._orders.setblocking(True)

    async def make(self, code: Code) -> Environment:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        order = {
            "environment": code.environment(),
            "directory": str(code.directory),
            "path": [str(entry) for entry in code.path],
            "handler": code.function.handler,
            "log": str(code.log),
        }
        with theirs:
            socket.send_fds(self._orders, [json.dumps(order).encode()], [theirs.fileno()])
        worker = Worker(ours, code)
        await worker.until_ready()
        return worker

    async def stop(self) -> None:
        self._orders.close()
        self._remote.close()
        if self._process is not None:
            # Its forks die with it, also in mid-request.
            await processes.stop(self._process, signal.SIGKILL)


class Worker:
    """Our side of one fork."""

    def __init__(self, requests: socket.socket, code: Code) -> None:
        self._requests = requests
        self._code = code
        self._buffer = bytearray()
        self._pid = 0

    async def until_ready(self) -> None:
        try:
            async with asyncio.timeout(INITIALISATION_SECONDS):
                _, pid = await self._read()
                self._pid = int(pid)
                kind, body = await self._read()
        except TimeoutError:
            kind, body = workers.FAILURE, error("Sandbox.Timedout", "the handler's module takes too long to import")
        except ConnectionError:
            kind, body = workers.FAILURE, error("Runtime.ExitError", "Runtime exited during its initialisation")
        if kind != workers.READY:
            self.stop()
            raise EnvironmentLost(body)

    async def invoke(self, event: bytes, request_id: uuid.UUID) -> bytes:
        timeout = self._code.function.timeout
        deadline = int((time.time() + timeout) * 1000)
        header = workers.REQUEST.pack(len(event), request_id.bytes, deadline)
        try:
            async with asyncio.timeout(timeout):
                await asyncio.get_running_loop().sock_sendall(self._requests, header + event)
                kind, body = await self._read()
        except TimeoutError:
            self.stop()
            raise EnvironmentLost(timed_out(request_id, timeout)) from None
        except ConnectionError:
            self.stop()
            raise EnvironmentLost(exited(request_id)) from None
        if kind == workers.FAILURE:
            raise InvocationFailed(body)
        return body

    def stop(self) -> None:
        if self._requests.fileno() >= 0:
            self._requests.close()
            if self._pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self._pid, signal.SIGKILL)

    async def _read(self) -> tuple[bytes, bytes]:
        """Kind and body of the next reply; raises ConnectionError at its end."""
        loop = asyncio.get_running_loop()
        wanted = workers.REPLY.size
        while len(self._buffer) < wanted:
            received = await loop.sock_recv(self._requests, 1 << 18)
            if not received:
                raise ConnectionResetError
            self._buffer += received
            if len(self._buffer) >= workers.REPLY.size:
                wanted = workers.REPLY.size + workers.REPLY.unpack_from(self._buffer)[0]
        _, kind = workers.REPLY.unpack_from(self._buffer)
        body = bytes(self._buffer[workers.REPLY.size : wanted])
        del self._buffer[:wanted]
        return kind, body


def error(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()


def timed_out(request_id: uuid.UUID, timeout: float) -> bytes:
    return error("Sandbox.Timedout", f"{request_id} Task timed out after {timeout:.2f} seconds")


def exited(request_id: uuid.UUID) -> bytes:
    return error("Runtime.ExitError", f"RequestId: {request_id} Error: Runtime exited without an answer")
