"""A whole stack on this machine: what template.yaml declares, started in order and stopped in reverse."""

import asyncio
import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import aiohttp
import psycopg
from aiohttp import web

from local import crashes, demos, emulators, events, processes, queues, schedules
from local.assets import Assets
from local.credentials import CREDENTIALS
from local.databases import Database
from local.environments import Code, InvocationFailed, Runtime, Workers
from local.faults import PATH as FAULTS_PATH
from local.faults import Control, Faults, UnreliableFunctions, UnreliableHttpGateway, UnreliableWebSocketGateway
from local.frontends import build_frontend
from local.functions import Functions
from local.http_gateway import HttpGateway
from local.steps import step
from local.templates import Made, Template
from local.websocket_gateway import Limits, WebSocketGateway

ROOT = Path(__file__).resolve().parent.parent
CUSTOM_RESOURCES = {"Custom::Migrate": "Roles and migrations", "Custom::Publish": "Publication"}
ADDRESS = "127.0.0.1"


class StartFailed(Exception):
    """The stack could not start; the message says why and what to do."""


@dataclass(frozen=True)
class Settings:
    port: int
    directory: Path
    runtime: str
    template: Path
    limits: Limits
    environments: int  # of one function at most
    faults: bool = False  # whether it misbehaves on command

    @property
    def base_url(self) -> str:
        return f"http://{ADDRESS}:{self.port}"

    @property
    def socket_url(self) -> str:
        return f"{ADDRESS}:{self.port}/socket"

    @property
    def logs(self) -> Path:
        return self.directory / "logs"

    @property
    def note(self) -> Path:
        return self.directory / "demo.json"


class Stack:
    """Made by `running`; `lost` resolves with the name of a part that ended by itself."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.template = Template.load(settings.template)
        self.demo = demos.Demo(settings.directory / "customers.json")
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.note: dict[str, Any] = {}
        self._exits = contextlib.AsyncExitStack()
        self._secrets: dict[str, dict[str, str]] = {}
        self._endpoint = ""
        self._database: Database | None = None
        self._database_watch: asyncio.Task[int] | None = None
        self._faults = Faults() if settings.faults else None

    # Starting

    async def start(self) -> None:
        self.settings.logs.mkdir(parents=True, exist_ok=True)
        self.settings.directory.chmod(0o700)
        self._lock_directory()
        self.settings.note.unlink(missing_ok=True)
        self._exits.callback(self.settings.note.unlink, missing_ok=True)
        listener = self._listen()
        settings = self.settings
        if self.demo.is_half_made:
            # Nothing in it was ever shown to anybody, and half of it is missing.
            self.demo.forget()
            for part in ("postgres", "aws"):
                shutil.rmtree(settings.directory / part, ignore_errors=True)

        has_pages = any(self.template.resources("AWS::CloudFront::Distribution"))
        runtime: Runtime = Workers(settings.logs) if settings.runtime == "workers" else emulators.Emulators()
        self._exits.push_async_callback(runtime.stop)
        async with asyncio.TaskGroup() as parts:
            if has_pages:
                parts.create_task(build_frontend(ROOT, settings.logs / "build.log"))
            parts.create_task(self._start_database())
            parts.create_task(self._start_backends())
            parts.create_task(runtime.start())
        await self._give_database_its_master()

        codes = await self._codes()
        functions = (
            UnreliableFunctions(self._faults, codes, runtime, settings.environments)
            if self._faults
            else Functions(codes, runtime, settings.environments)
        )
        self._exits.callback(functions.stop)
        socket_routes = self.template.socket_routes()
        answering = {route.function for route in self.template.routes()}
        answering.update(socket_routes.functions.values() if socket_routes else ())
        async with asyncio.TaskGroup() as parts:
            parts.create_task(self._deploy(functions))
            with step("Functions") as under_way:
                await functions.warm(*answering)
                under_way.note = f"{len(codes)} functions, {len(answering)} of them warm"
        await self._seed(functions)

        http: HttpGateway
        sockets: WebSocketGateway | None = None
        control = None
        if self._faults:
            http = UnreliableHttpGateway(self._faults, self.template.routes(), functions)
            if socket_routes:
                sockets = UnreliableWebSocketGateway(self._faults, socket_routes, functions, settings.limits)
            control = Control(self._faults, sockets, self._crash_database)
        else:
            http = HttpGateway(self.template.routes(), functions)
            sockets = WebSocketGateway(socket_routes, functions, settings.limits) if socket_routes else None
        assets = Assets(ROOT, self.template.behaviours(), self._console_settings(), self._local_hosts())
        await self._serve(listener, http, sockets, assets, control)
        self._start_clocks(functions)
        await self._write_note(assets)

    async def stop(self) -> None:
        await self._exits.aclose()

    def _lock_directory(self) -> None:
        """One stack at a time in a directory; the lock ends with this process, however it ends."""
        lock: IO[str] = self._exits.enter_context((self.settings.directory / "lock").open("a+"))
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            raise StartFailed(
                f"{self.settings.directory} is in use by process {lock.read().strip()}. Stop that, or choose another: "
                f"make run LOCAL_DIR=.local-2 PORT={self.settings.port + 1}"
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()

    def _listen(self) -> socket.socket:
        """The gateway's socket, taken at once so that a port in use is told before minutes of work."""
        listener = self._exits.enter_context(socket.socket())
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((ADDRESS, self.settings.port))
            # Two programs can bind one port as long as neither listens; who connects before all is up waits.
            listener.listen(1024)
        except OSError as error:
            raise StartFailed(
                f"Port {self.settings.port} cannot be used: {error.strerror}. "
                f"Choose another: make run PORT={self.settings.port + 1}"
            ) from None
        self.settings = replace(self.settings, port=listener.getsockname()[1])  # 0 means any that is free
        return listener

    async def _start_database(self) -> None:
        if not any(self.template.resources("AWS::RDS::DBInstance")):
            return
        with step("PostgreSQL 18") as under_way:
            database = Database(self.settings.directory / "postgres", self.settings.logs)
            self._exits.push_async_callback(database.stop)
            process = await database.start()
            self._database_watch = self._watch("PostgreSQL", process)
            under_way.note = f"{ADDRESS}:{database.port}"
        self._database = database

    async def _crash_database(self) -> None:
        """PostgreSQL ends as in a power cut, and starts again."""
        assert self._database is not None
        assert self._database_watch is not None
        self._database_watch.cancel()
        await self._database.crash()
        self._database_watch = self._watch("PostgreSQL", await self._database.start())

    async def _start_backends(self) -> None:
        with step("S3, SQS, SES, Cognito …") as under_way:
            directory = self.settings.directory / "aws"
            directory.mkdir(mode=0o700, exist_ok=True)
            port = processes.remembered_port(directory / "port")
            process = await processes.start(
                *(sys.executable, "-m", "local.backends", "--template", self.settings.template),
                *("--state", directory, "--port", str(port)),
                log=self.settings.logs / "aws.log",
                cwd=ROOT,
                death_signal=signal.SIGTERM,
                stdout=asyncio.subprocess.PIPE,
            )
            self._exits.push_async_callback(processes.stop, process, signal.SIGTERM)
            assert process.stdout is not None
            line = await process.stdout.readline()
            if not line:
                raise StartFailed(f"AWS's services did not start; see {self.settings.logs / 'aws.log'}")
            made = json.loads(line)
            self.template.made.update({name: Made(**values) for name, values in made["made"].items()})
            self._secrets = made["secrets"]
            self._endpoint = f"http://{ADDRESS}:{port}/"
            self._watch("moto", process)
            under_way.note = self._endpoint

    def _watch(self, name: str, process: asyncio.subprocess.Process) -> "asyncio.Task[int]":
        def ended(task: "asyncio.Task[int]") -> None:
            if not self.lost.done() and not task.cancelled():
                self.lost.set_result(name)

        task = asyncio.create_task(process.wait())
        task.add_done_callback(ended)
        self._exits.callback(task.cancel)
        return task

    async def _give_database_its_master(self) -> None:
        if self._database is None:
            return
        ((_, properties),) = self.template.resources("AWS::RDS::DBInstance")
        reference = self.template.resolve(properties["MasterUsername"])
        master = next(value for name, value in self._secrets.items() if self.template.made[name].ref in reference)
        await self._database.ensure_master(master["username"], master["password"])

    async def _codes(self) -> dict[str, Code]:
        functions = self.template.functions()
        if self.settings.runtime == "workers":
            directories = {name: function.code for name, function in functions.items()}
            path = tuple(self.template.layers().values())
        else:
            built = ROOT / ".build" / "rie"
            with step("sam build"):
                await emulators.build(self.settings.template, built, self.settings.logs / "sam-build.log")
            directories = {name: built / name for name in functions}
            path = tuple(built / name / "python" for name in self.template.layers())
        return {
            name: Code(
                function=function,
                directory=directories[name].resolve(),
                path=(directories[name].resolve(), *(entry.resolve() for entry in path)),
                variables=self._variables(name),
                log=(self.settings.logs / f"{name}.log").resolve(),
            )
            for name, function in functions.items()
        }

    def _variables(self, function: str) -> dict[str, str]:
        """The variables that the template gives the function; those that name an edge name the local one."""
        port = self._database.port if self._database else 0
        edges = {
            "AWS_USE_DUALSTACK_ENDPOINT": "false",  # an endpoint that is given and one that is looked for exclude each other
            "LIVECHAT_DATABASE_URL": f"postgresql://{ADDRESS}:{port}/livechat?sslmode=disable",
            "LIVECHAT_WEBSOCKET_URL": f"ws://{self.settings.socket_url}",
            "LIVECHAT_CONNECTIONS_URL": f"http://{self.settings.socket_url}",
            "LIVECHAT_PUBLIC_URL": self.settings.base_url,
            "LIVECHAT_IDENTITY_JWKS_URL": f"{self._endpoint}{self._ref('UserPool')}/.well-known/jwks.json",
            "LIVECHAT_IDENTITY_ENDPOINT": self._endpoint,
            "LIVECHAT_DISTRIBUTION_ID": "",  # there is no cache to be told
        }
        if self.settings.runtime == "workers":
            edges["LIVECHAT_MIGRATIONS_DIR"] = str(ROOT / "migrations")  # the build copies them into the artefact
        declared = self.template.environment(function)
        return {
            **declared,
            **{name: value for name, value in edges.items() if name in declared},
            **({crashes.SETTING: "on"} if self._faults else {}),
            **{name.upper(): value for name, value in CREDENTIALS.items()},
            "AWS_ENDPOINT_URL": self._endpoint,
            "AWS_XRAY_SDK_ENABLED": "false",  # nobody would take the traces
            "POWERTOOLS_TRACE_DISABLED": "true",
        }

    def _ref(self, name: str) -> str:
        return self.template.made[name].ref if name in self.template.made else ""

    async def _deploy(self, functions: Functions) -> None:
        """What CloudFormation does with the template's custom resources."""
        for resource_type, title in CUSTOM_RESOURCES.items():
            for name, properties in self.template.resources(resource_type):
                with step(title):
                    kind = "Update" if self.demo.customers else "Create"
                    resolved = self.template.resolve(properties)
                    resolved.pop("DistributionId", None)  # there is no cache to be told
                    event = events.custom_resource_event(kind, name, resource_type, resolved)
                    await functions.invoke(demos.DEPLOYER, events.compact(event))

    async def _seed(self, functions: Functions) -> None:
        if demos.DEPLOYER not in self.template.functions():
            return
        with step("Demo customers") as under_way:
            await self.demo.seed(functions)
            restored = await self.demo.restore_sign_ins(self._endpoint, self._ref("UserPool"), functions)
            under_way.note = "sign-ins made anew" if restored else ""

    # Serving

    async def _serve(
        self,
        listener: socket.socket,
        http: HttpGateway,
        sockets: WebSocketGateway | None,
        assets: Assets,
        faults: Control | None,
    ) -> None:
        async def answer(request: web.BaseRequest) -> web.StreamResponse:
            path = request.path
            if faults is not None and path.startswith(FAULTS_PATH):
                return await faults.answer(request)
            if sockets is not None and path == "/socket":
                return await sockets.accept(request)
            if sockets is not None and path.startswith("/socket/@connections/"):
                return await sockets.manage(request, request.raw_path.removeprefix("/socket/@connections/"))
            return await assets.answer(request) or await http.answer(request)

        # A body arrives as it was sent, and a long header gets API Gateway's answer rather than aiohttp's.
        server = web.Server(answer, auto_decompress=False, max_line_size=16_384, max_field_size=16_384, access_log=None)
        runner = web.ServerRunner(server, handle_signals=False, shutdown_timeout=1)
        await runner.setup()
        self._exits.push_async_callback(runner.cleanup)
        if sockets is not None:
            self._exits.push_async_callback(sockets.stop)
        await web.SockSite(runner, listener).start()

    def _start_clocks(self, functions: Functions) -> None:
        """Schedules and queue sources."""
        urls = {
            made.attributes["Arn"]: made.ref
            for made in self.template.made.values()
            if ":sqs:" in made.attributes.get("Arn", "")
        }
        loops: list[Awaitable[None]] = [schedules.keep(schedule, functions) for schedule in self.template.schedules()]
        loops += [
            queues.keep(source, urls[source.queue_arn], self._endpoint, functions) for source in self.template.queue_sources()
        ]
        for loop in loops:
            task = asyncio.ensure_future(loop)
            self._exits.callback(task.cancel)

    def _console_settings(self) -> dict[str, Any]:
        return {"identity": self._identity(), "api_url": ""}

    def _identity(self) -> dict[str, str]:
        return {
            "endpoint": self._endpoint,
            "client_id": self._ref("UserPoolClient"),
            "user_pool_id": self._ref("UserPool"),
            "token_use": "AccessToken",
        }

    def _local_hosts(self) -> dict[str, str]:
        """What stands, in the headers of pages, for the hosts that a page may connect to."""
        aws = self._endpoint.rstrip("/")
        sockets = "wss://${WebSocketApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}"
        hosts = {
            "https://cognito-idp.${AWS::Region}.${AWS::URLSuffix}": aws,
            sockets: f"ws://{ADDRESS}:{self.settings.port}",
            "https://${UploadsBucket.RegionalDomainName}": aws,
            "https://${UploadsBucket.DualStackDomainName}": aws,
        }
        return {self.template.resolve({"Fn::Sub": host}): local for host, local in hosts.items()}

    async def _write_note(self, assets: Assets) -> None:
        """Everything answers: say so, in demo.json."""
        settings = self.settings
        note: dict[str, Any] = {
            "base_url": settings.base_url,
            "websocket_url": f"ws://{settings.socket_url}",
            "identity": self._identity(),
        }
        if self.demo.customers and self._database is not None:
            first, second = self.demo.customers
            keys = await self._current_keys()
            note |= {
                "console_url": f"{settings.base_url}/console/",
                "demo_url": f"{settings.base_url}/demo/",
                "database_url": self._database.url(),
                **{name: first["answer"][name] for name in ("customer_id", "widget_id")},
                **keys[first["answer"]["customer_id"]],
                "agents": demos.sign_ins(first),
                "second_customer": {
                    **{name: second["answer"][name] for name in ("customer_id", "widget_id")},
                    **keys[second["answer"]["customer_id"]],
                    "agents": demos.sign_ins(second),
                },
            }
            assets.show(
                {
                    "base_url": settings.base_url,
                    "api_key": note["api_key"],
                    "second_api_key": note["second_customer"]["api_key"],
                }
            )
            await self._check_health()
        await demos.write_note(settings.note, note)
        self.note = note

    async def _current_keys(self) -> dict[str, dict[str, str]]:
        """The customers' keys by id: an admin may have made new ones since the seeding."""
        assert self._database is not None
        async with await psycopg.AsyncConnection.connect(self._database.url()) as connection:
            rows = await connection.execute("select id::text, api_key, api_secret from customers")
            return {row[0]: {"api_key": row[1], "api_secret": row[2]} async for row in rows}

    async def _check_health(self) -> None:
        async with aiohttp.ClientSession() as http, http.get(f"{self.settings.base_url}/healthz") as response:
            if response.status != 200:
                raise StartFailed(
                    f"GET /healthz answers {response.status}: {await response.text()}\nLogs are in {self.settings.logs}"
                )


@contextlib.asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Stack]:
    """A stack that is up; everything it started has ended afterwards, also when the start fails half-way."""
    stack = Stack(settings)
    try:
        try:
            await stack.start()
        except* InvocationFailed as failures:
            first = failures.exceptions[0]
            raise StartFailed(f"A function failed: {first}\nLogs are in {settings.logs}") from failures
        yield stack
    finally:
        await stack.stop()
