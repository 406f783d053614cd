"""`RUNTIME=rie`: the built artefacts under AWS's own Runtime Interface Emulator, one for each environment.

The emulator's binary is in the wheel of aws-sam-cli; the runtime interface client (awslambdaric) is what Lambda's own
Python runtime runs. Neither needs Docker.
"""

import asyncio
import importlib.util
import json
import os
import platform
import signal
import sys
import uuid
from pathlib import Path

import aiohttp

from local import processes
from local.environments import INITIALISATION_SECONDS, Code, Environment, EnvironmentLost, InvocationFailed, error, timed_out

INVOCATIONS = "/2015-03-31/functions/function/invocations"
MACHINES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
# pip's names of what this machine runs, newest first
PLATFORMS = {
    "x86_64": "manylinux_2_28_x86_64 manylinux2014_x86_64",
    "arm64": "manylinux_2_28_aarch64 manylinux2014_aarch64",
}


class BuildFailed(Exception):
    """`sam build` failed; the message is its output."""


def machine() -> str:
    return MACHINES[platform.machine().lower()]


async def build(template: Path, target: Path, log: Path) -> None:
    """Build the artefacts for this machine's processor and Python, unless nothing changed since."""
    async with processes.alone(template):  # several stacks may start at once
        await _build(template, target, log)


async def _build(template: Path, target: Path, log: Path) -> None:
    root = template.parent
    sources = [template, root / "requirements" / "runtime.txt"]
    for directory in ("functions", "layers", "migrations", "widget/dist", "console/dist"):
        sources.extend(path for path in (root / directory).rglob("*") if "__pycache__" not in path.parts)
    built = target / "template.yaml"
    if built.exists() and built.stat().st_mtime > max(path.stat().st_mtime for path in sources):
        return
    environment = {
        **os.environ,
        "SAM_CLI_TELEMETRY": "0",
        "LIVECHAT_BUILD_PLATFORM": PLATFORMS[machine()],
        "LIVECHAT_BUILD_PYTHON": f"{sys.version_info.major}.{sys.version_info.minor}",
    }
    sam = Path(sys.executable).with_name("sam")
    command = (sam, "build", "--template", template, "--build-dir", target, "--no-cached")
    running = await processes.start(*command, log=log, env=environment, cwd=root)
    if await running.wait() != 0:
        raise BuildFailed(processes.tail(log))


def _binary() -> Path:
    package = importlib.util.find_spec("samcli")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).parent / "local" / "rapid" / f"aws-lambda-rie-{machine()}"


class Emulators:
    def __init__(self) -> None:
        self._http: aiohttp.ClientSession | None = None
        self._all: list[Emulator] = []

    async def start(self) -> None:
        self._http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    async def make(self, code: Code) -> Environment:
        assert self._http is not None
        public, runtime_api = processes.free_port(), processes.free_port()
        libraries = Path(importlib.util.find_spec("boto3").origin).parents[1]  # type: ignore[union-attr,arg-type]  # installed
        variables = code.environment()
        # Lambda's runtime brings boto3 and its interface client, after what the function brings itself.
        variables["PYTHONPATH"] = os.pathsep.join([str(code.directory), *map(str, code.path), str(libraries)])
        process = await processes.start(
            *(_binary(), "--log-level", "error"),
            *("--runtime-interface-emulator-address", f"127.0.0.1:{public}"),
            *("--runtime-api-address", f"127.0.0.1:{runtime_api}"),
            *(sys.executable, "-m", "awslambdaric", code.function.handler),
            log=code.log,
            env=variables,
            cwd=code.directory,
        )
        emulator = Emulator(process, f"http://127.0.0.1:{public}{INVOCATIONS}", self._http, code)
        self._all.append(emulator)
        await emulator.until_listening(public)
        return emulator

    async def stop(self) -> None:
        for emulator in self._all:
            emulator.stop()
        if self._http is not None:
            await self._http.close()


class Emulator:
    """One emulator; it initialises its function at the first invocation."""

    def __init__(self, process: asyncio.subprocess.Process, url: str, http: aiohttp.ClientSession, code: Code) -> None:
        self._process = process
        self._url = url
        self._http = http
        self._code = code

    async def until_listening(self, port: int) -> None:
        for _ in range(int(INITIALISATION_SECONDS / 0.02)):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                if self._process.returncode is not None:
                    break
                await asyncio.sleep(0.02)  # nothing announces that it listens
            else:
                writer.close()
                return
        self.stop()
        raise EnvironmentLost(error("Runtime.ExitError", "the runtime interface emulator does not listen"))

    async def invoke(self, event: bytes, request_id: uuid.UUID) -> bytes:
        timeout = self._code.function.timeout
        try:
            async with asyncio.timeout(timeout + INITIALISATION_SECONDS), self._http.post(self._url, data=event) as response:
                payload = await response.read()
        except TimeoutError:
            self.stop()
            raise EnvironmentLost(timed_out(request_id, timeout)) from None
        except aiohttp.ClientError as failure:
            self.stop()
            raise EnvironmentLost(error("Runtime.ExitError", repr(failure))) from None
        try:
            answer = json.loads(payload)
        except ValueError:  # the emulator says in plain text that a task timed out
            self.stop()
            raise EnvironmentLost(error("Sandbox.Timedout", payload.decode(errors="replace"))) from None
        # It marks an error by nothing but its shape.
        if isinstance(answer, dict) and "errorType" in answer and "statusCode" not in answer:
            raise InvocationFailed(payload)
        return payload

    def stop(self) -> None:
        if self._process.returncode is None:
            os.killpg(self._process.pid, signal.SIGKILL)
