"""Misbehaviour on command, for tests: frames, sockets, pushes, functions, answers and the database fail as they do in AWS.

`python -m local --faults` puts these in the place of the parts that work, and answers at `/faults`:
PUT a plan (probabilities, and the seed they are drawn with), DELETE it, GET how often what happened;
POST /faults/close?code=1001, /faults/freeze and /faults/database do one thing to everybody at once.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Literal
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, Field, ValidationError

from local import events
from local.environments import Code, Environment, EnvironmentLost, Runtime, exited
from local.functions import Functions
from local.http_gateway import HttpGateway
from local.templates import Route, SocketRoutes
from local.websocket_gateway import CLOSING_SECONDS, Limits, Socket, WebSocketGateway

PATH = "/faults"
NO_STATUS, ABNORMAL = 1005, 1006
# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-keys-connect-disconnect.html
CLOSE_CODES = (1000, 1001, NO_STATUS, ABNORMAL, 1008, 1009, 1011)
HANGING_SECONDS = 30.0

Chance = Annotated[float, Field(ge=0, le=1)]
Fault = Literal[
    "drop_sent",  # a frame to a client
    "double_sent",
    "delay_sent",
    "swap_sent",  # it goes out after the one that follows
    "drop_received",  # a frame from a client
    "close",  # at a frame to a client: the socket, with one of `close_codes`
    "freeze",  # …: the socket stays, and nothing passes any more
    "disconnect_never",
    "disconnect_late",
    "push_gone",  # @connections answers 410 for a socket that is open
    "push_throttled",
    "push_failed",
    "push_hangs",
    "kill_before",  # a function's environment, before the invocation
    "kill_after",  # …, when all is done and the answer not yet delivered
    "twice",  # the same event at two environments at once
    "drop_request",
    "drop_answer",
]


class Plan(BaseModel, extra="forbid", frozen=True):
    """What goes wrong with which probability. The default is what works."""

    seed: int = 0
    chances: Mapping[Fault, Chance] = {}
    delay_seconds: Annotated[float, Field(ge=0)] = 0.3
    late_seconds: Annotated[float, Field(ge=0)] = 2.0
    close_codes: Annotated[tuple[int, ...], Field(min_length=1)] = CLOSE_CODES


class Faults:
    """The plan in force, its dice, and a count of what was done."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.follow(Plan())

    def follow(self, plan: Plan) -> None:
        self.plan = plan
        self._dice = random.Random(plan.seed)  # noqa: S311 - to be repeated, not to be secret

    def strikes(self, fault: Fault) -> bool:
        chance = self.plan.chances.get(fault, 0)
        struck = chance > 0 and self._dice.random() < chance
        if struck:
            self.counts[fault] += 1
        return struck

    def delay(self) -> float:
        return self._dice.uniform(0, self.plan.delay_seconds)

    def close_code(self) -> int:
        return self._dice.choice(self.plan.close_codes)


class UnreliableSocket(Socket):
    """Frames get lost, doubled, late and out of order on it, and it may end or freeze at any of them."""

    def __init__(
        self,
        faults: Faults,
        connection: events.Connection,
        transport: asyncio.Transport,
        limits: Limits,
        received: Callable[[Socket, str | bytes], None],
    ) -> None:
        super().__init__(connection, transport, limits, received)
        self._faults = faults
        self._frozen = False
        self._held: bytes | None = None

    def send(self, message: bytes) -> None:
        strikes = self._faults.strikes
        if strikes("close"):
            self.break_off(self._faults.close_code())
        if strikes("freeze"):
            self.freeze()
        if not self.is_open or self._frozen or strikes("drop_sent"):
            return
        if self._held is None and strikes("swap_sent"):
            self._held = message
            return
        for _ in range(2 if strikes("double_sent") else 1):
            if strikes("delay_sent"):
                asyncio.get_running_loop().call_later(self._faults.delay(), self._pass, message)
            else:
                self._pass(message)
        held, self._held = self._held, None
        if held is not None:
            self._pass(held)

    def hears(self) -> bool:
        """Whether the message that has just come in is let through."""
        return not self._frozen and not self._faults.strikes("drop_received")

    def freeze(self) -> None:
        self._frozen = True

    def break_off(self, code: int) -> None:
        if code == ABNORMAL:
            self._transport.abort()
        elif code == NO_STATUS:
            if self.is_open:
                self._protocol.send_close()
                self._flush()
                self._timer.cancel()
                self._timer = asyncio.get_running_loop().call_later(CLOSING_SECONDS, self._transport.abort)
        else:
            self.close(code, "")

    def _pass(self, message: bytes) -> None:
        if self.is_open and not self._frozen:
            super().send(message)


class UnreliableWebSocketGateway(WebSocketGateway):
    """Its sockets are unreliable, and so is what it says to and hears from the functions about them."""

    def __init__(self, faults: Faults, routes: SocketRoutes, functions: Functions, limits: Limits) -> None:
        super().__init__(routes, functions, limits)
        self._faults = faults

    def break_off_all(self, code: int) -> None:
        for socket in self._unreliable():
            socket.break_off(code)

    def freeze_all(self) -> None:
        for socket in self._unreliable():
            socket.freeze()

    def _unreliable(self) -> list[UnreliableSocket]:
        return [socket for socket in self._sockets.values() if isinstance(socket, UnreliableSocket)]

    def _open(self, connection: events.Connection, transport: asyncio.Transport) -> Socket:
        return UnreliableSocket(self._faults, connection, transport, self._limits, self._received)

    def _received(self, socket: Socket, message: str | bytes) -> None:
        if not isinstance(socket, UnreliableSocket) or socket.hears():
            super()._received(socket, message)

    async def _disconnected(self, connection: events.Connection, code: int, reason: str) -> None:
        if self._faults.strikes("disconnect_never"):
            return
        if self._faults.strikes("disconnect_late"):
            await asyncio.sleep(self._faults.plan.late_seconds)
        await super()._disconnected(connection, code, reason)

    async def manage(self, request: web.BaseRequest, name: str) -> web.Response:
        if self._faults.strikes("push_gone"):
            return web.Response(status=410, headers={"x-amzn-errortype": "GoneException"})
        if self._faults.strikes("push_throttled"):
            return web.Response(status=429, headers={"x-amzn-errortype": "LimitExceededException"})
        if self._faults.strikes("push_failed"):
            return web.Response(status=500)
        if self._faults.strikes("push_hangs"):
            await asyncio.sleep(HANGING_SECONDS)
        return await super().manage(request, name)


class UnreliableHttpGateway(HttpGateway):
    """Requests get lost before they arrive, and answers when all is done."""

    def __init__(self, faults: Faults, routes: Sequence[Route], functions: Functions) -> None:
        super().__init__(routes, functions)
        self._faults = faults

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if self._faults.strikes("drop_request"):
            return self._cut(request)
        answer = await super().answer(request)
        return self._cut(request) if self._faults.strikes("drop_answer") else answer

    @staticmethod
    def _cut(request: web.BaseRequest) -> web.StreamResponse:
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)  # nobody is left to read it


class UnreliableFunctions(Functions):
    """Delivers an event twice, as an asynchronous caller of Lambda may and a gateway's retry does."""

    def __init__(self, faults: Faults, codes: Mapping[str, Code], runtime: Runtime, limit: int) -> None:
        super().__init__(codes, UnreliableRuntime(runtime, faults), limit)
        self._faults = faults

    async def invoke(self, function: str, event: bytes) -> bytes:
        if self._faults.strikes("twice"):
            invoke = super().invoke
            _, answer = await asyncio.gather(invoke(function, event), invoke(function, event))
            return answer
        return await super().invoke(function, event)


class UnreliableRuntime:
    """Its environments end at the worst moments."""

    def __init__(self, runtime: Runtime, faults: Faults) -> None:
        self._runtime = runtime
        self._faults = faults

    async def start(self) -> None:
        await self._runtime.start()

    async def make(self, code: Code) -> Environment:
        return UnreliableEnvironment(await self._runtime.make(code), self._faults)

    async def stop(self) -> None:
        await self._runtime.stop()


class UnreliableEnvironment:
    def __init__(self, environment: Environment, faults: Faults) -> None:
        self._environment = environment
        self._faults = faults

    async def invoke(self, event: bytes, request_id: UUID) -> bytes:
        if self._faults.strikes("kill_before"):
            self.stop()
            raise EnvironmentLost(exited(request_id))
        answer = await self._environment.invoke(event, request_id)
        if self._faults.strikes("kill_after"):
            self.stop()
            raise EnvironmentLost(exited(request_id))
        return answer

    def stop(self) -> None:
        self._environment.stop()


class Control:
    """What answers at `/faults`."""

    def __init__(self, faults: Faults, sockets: WebSocketGateway | None, crash_database: Callable[[], Awaitable[None]]) -> None:
        self._faults = faults
        self._sockets = sockets
        self._crash_database = crash_database

    async def answer(self, request: web.BaseRequest) -> web.Response:
        match request.method, request.path.removeprefix(PATH):
            case "PUT", "":
                try:
                    self._faults.follow(Plan.model_validate_json(await request.read()))
                except ValidationError as error:
                    return web.Response(status=400, text=str(error))
            case "DELETE", "":
                self._faults.follow(Plan())
            case "GET", "":
                return web.json_response(dict(self._faults.counts))
            case "POST", "/close":
                assert isinstance(self._sockets, UnreliableWebSocketGateway)
                self._sockets.break_off_all(int(request.query.get("code", "1001")))
            case "POST", "/freeze":
                assert isinstance(self._sockets, UnreliableWebSocketGateway)
                self._sockets.freeze_all()
            case "POST", "/database":
                await self._crash_database()
            case _:
                return web.Response(status=404)
        return web.Response(status=204)
