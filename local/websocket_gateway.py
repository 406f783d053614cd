"""The WebSocket API: connections, the events of their frames, and the @connections calls that push to them.

Limits: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote

from aiohttp import web
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.utils import accept_key

from local import events
from local.environments import InvocationFailed
from local.functions import Functions
from local.templates import SocketRoutes

FRAME_LIMIT = 32 * 1024
MESSAGE_LIMIT = 128 * 1024
INTEGRATION_SECONDS = 29.0
# How long a client may take to answer our close before the connection is cut.
CLOSING_SECONDS = 2.0


@dataclass(frozen=True)
class Limits:
    """After how many seconds API Gateway closes a connection: without a message either way, and in any case."""

    idle: float = 10 * 60
    life: float = 2 * 60 * 60


class Socket:
    """One open connection: bytes in and out on one side, messages on the other.

    `received` gets every message that comes in and `send` takes every one that goes out: whatever is to happen to
    messages on their way belongs into one of these two places.
    """

    def __init__(
        self,
        connection: events.Connection,
        transport: asyncio.Transport,
        limits: Limits,
        received: Callable[["Socket", str | bytes], None],
    ) -> None:
        self.connection = connection
        self.closed: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()
        self.last_active = time.time()
        self._transport = transport
        self._limits = limits
        self._received = received
        self._protocol = ServerProtocol(state=State.OPEN, max_size=(MESSAGE_LIMIT, FRAME_LIMIT))
        self._parts: list[bytes] = []
        self._kind = Opcode.TEXT
        self._timer = asyncio.get_running_loop().call_later(min(limits.idle, limits.life), self._check_age)

    @property
    def is_open(self) -> bool:
        return self._protocol.state is State.OPEN and not self._transport.is_closing()

    def send(self, message: bytes) -> None:
        """Send one message, in frames of at most 32 KB as API Gateway does."""
        self.last_active = time.time()
        parts = [message[start : start + FRAME_LIMIT] for start in range(0, len(message), FRAME_LIMIT)] or [b""]
        try:
            message.decode()
            begin = self._protocol.send_text
        except UnicodeDecodeError:
            begin = self._protocol.send_binary
        begin(parts[0], fin=len(parts) == 1)
        for number, part in enumerate(parts[1:], start=2):
            self._protocol.send_continuation(part, fin=number == len(parts))
        self._flush()

    def close(self, code: int, reason: str) -> None:
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(code, reason)
            self._flush()
            self._timer.cancel()
            self._timer = asyncio.get_running_loop().call_later(CLOSING_SECONDS, self._transport.abort)

    # What aiohttp calls with the bytes that come after the handshake

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        self._protocol.receive_data(data)
        self._take_events()
        return False, b""

    def feed_eof(self) -> None:
        self._protocol.receive_eof()
        self._take_events()
        self._timer.cancel()
        if not self.closed.done():
            self.closed.set_result(self._reason())

    def _take_events(self) -> None:
        for event in self._protocol.events_received():
            assert isinstance(event, Frame)
            self._take(event)
        self._flush()

    def _take(self, frame: Frame) -> None:
        if frame.opcode in (Opcode.TEXT, Opcode.BINARY):
            self._kind = frame.opcode
        elif frame.opcode is not Opcode.CONT:
            return  # pings and closes are answered by the protocol
        self._parts.append(bytes(frame.data))
        if not frame.fin:
            return
        message = b"".join(self._parts)
        self._parts.clear()
        self.last_active = time.time()
        if self._kind is Opcode.BINARY:
            self._received(self, message)
            return
        try:
            text = message.decode()
        except UnicodeDecodeError:
            self._protocol.fail(CloseCode.INVALID_DATA, "invalid UTF-8")
            return
        self._received(self, text)

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._transport.write(data)
            else:
                self._transport.close()  # after what is still buffered

    def _check_age(self) -> None:
        """Close what was idle or open for too long; a ping is no message and keeps nothing open."""
        now = time.time()
        left = min(
            self.last_active + self._limits.idle - now,
            self.connection.connected_at / 1000 + self._limits.life - now,
        )
        if left > 0:
            self._timer = asyncio.get_running_loop().call_later(left, self._check_age)
        else:
            self.close(CloseCode.GOING_AWAY, "Going away")

    def _reason(self) -> tuple[int, str]:
        """Code and reason as $disconnect tells them."""
        received, sent = self._protocol.close_rcvd, self._protocol.close_sent
        if sent is not None and (received is None or not self._protocol.close_rcvd_then_sent):
            return sent.code, sent.reason
        if received is None:
            return CloseCode.ABNORMAL_CLOSURE, "Connection closed abnormally"
        if received.code == CloseCode.NO_STATUS_RCVD:
            return received.code, "Client-side close frame status not set"
        return received.code, received.reason


class WebSocketGateway:
    def __init__(self, routes: SocketRoutes, functions: Functions, limits: Limits) -> None:
        self._routes = routes
        self._functions = functions
        self._limits = limits
        self._sockets: dict[str, Socket] = {}
        self._running: set[asyncio.Task[None]] = set()

    # Connections

    async def accept(self, request: web.BaseRequest) -> web.StreamResponse:
        """The handshake: `$connect` decides, and only after it said yes can anything be pushed."""
        key = request.headers.get("sec-websocket-key", "")
        if request.headers.get("upgrade", "").lower() != "websocket" or not key:
            return web.Response(status=426, headers={"upgrade": "websocket"})
        now = int(time.time() * 1000)
        user_agent = request.headers.get("user-agent", "")
        address = request.remote or "127.0.0.1"
        connection = events.Connection(events.new_connection_id(), self._routes.stage, now, address, user_agent)
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.raw_headers]
        protocols: dict[str, str] = {}
        if "$connect" in self._routes.functions:
            event = events.connect_event(connection, request.raw_path, headers)
            try:
                answer = json.loads(await self._invoke("$connect", event))
                status = int(answer["statusCode"])
            except (InvocationFailed, TimeoutError, TypeError, KeyError, ValueError):
                body = self._error("Internal server error", connection)
                return web.Response(status=502, body=body, content_type="application/json")
            if not 200 <= status < 300:
                return web.Response(status=status)
            protocols = {
                name: value for name, value in (answer.get("headers") or {}).items() if name.lower() == "sec-websocket-protocol"
            }
        accepted = {"upgrade": "websocket", "connection": "Upgrade", "sec-websocket-accept": accept_key(key)}
        response = web.StreamResponse(status=101, headers={**accepted, **protocols})
        try:
            await response.prepare(request)
        except ConnectionResetError:  # who asked has left meanwhile, and $connect said yes
            if "$disconnect" in self._routes.functions:
                self._spawn(self._disconnected(connection, CloseCode.ABNORMAL_CLOSURE, "Connection closed abnormally"))
            return response
        if request.transport is not None:
            await self._serve(request, connection)
        return response

    async def _serve(self, request: web.BaseRequest, connection: events.Connection) -> None:
        assert isinstance(request.transport, asyncio.Transport)
        socket = self._open(connection, request.transport)
        self._sockets[connection.id] = socket
        request.protocol.set_parser(socket)  # type: ignore[arg-type]  # asks for these two methods only
        request.protocol.keep_alive(False)
        try:
            code, reason = await socket.closed
        finally:
            self._sockets.pop(connection.id, None)
        if "$disconnect" in self._routes.functions:
            self._spawn(self._disconnected(connection, code, reason))

    def _open(self, connection: events.Connection, transport: asyncio.Transport) -> Socket:
        return Socket(connection, transport, self._limits, self._received)

    async def _disconnected(self, connection: events.Connection, code: int, reason: str) -> None:
        with contextlib.suppress(InvocationFailed, TimeoutError):  # API Gateway, too, tells nobody
            await self._invoke("$disconnect", events.disconnect_event(connection, code, reason))

    async def stop(self) -> None:
        """Close every connection and let their $disconnect run for a moment."""
        for socket in list(self._sockets.values()):
            socket.close(CloseCode.GOING_AWAY, "Going away")
        async with asyncio.timeout(CLOSING_SECONDS + 0.5):
            while self._sockets:
                await asyncio.wait([socket.closed for socket in self._sockets.values()])
                await asyncio.sleep(0)
            while self._running:
                await asyncio.wait(self._running)

    # Messages

    def _received(self, socket: Socket, message: str | bytes) -> None:
        # One task each: API Gateway keeps no order between the frames of a connection either.
        self._spawn(self._route(socket, message))

    async def _route(self, socket: Socket, message: str | bytes) -> None:
        connection = socket.connection
        route = events.choose_socket_route(self._routes.functions, message)
        failure = None
        if route is None:
            failure = "Forbidden"
        else:
            try:
                # The answer goes nowhere: our routes have no route response.
                await self._invoke(route, events.message_event(connection, route, message))
            except TimeoutError:
                failure = "Endpoint request timed out"
            except InvocationFailed:
                failure = "Internal server error"
        if failure is not None and socket.is_open:
            socket.send(self._error(failure, connection))

    async def _invoke(self, route: str, event: object) -> bytes:
        running = asyncio.create_task(self._functions.invoke(self._routes.functions[route], events.compact(event)))
        try:
            return await asyncio.wait_for(asyncio.shield(running), INTEGRATION_SECONDS)
        except TimeoutError:
            running.add_done_callback(lambda task: task.cancelled() or task.exception())
            raise

    def _spawn(self, work: "asyncio._CoroutineLike[None]") -> None:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    @staticmethod
    def _error(message: str, connection: events.Connection) -> bytes:
        return events.compact({"message": message, "connectionId": connection.id, "requestId": events.new_request_id()})

    # @connections

    async def manage(self, request: web.BaseRequest, name: str) -> web.Response:
        """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html"""
        socket = self._sockets.get(unquote(name))
        if socket is None or not socket.is_open:
            return web.Response(status=410, headers={"x-amzn-errortype": "GoneException"})
        if request.method == "GET":
            connection = socket.connection
            return web.json_response(
                {
                    "connectedAt": _timestamp(connection.connected_at / 1000),
                    "identity": {"sourceIp": connection.source_ip, "userAgent": connection.user_agent},
                    "lastActiveAt": _timestamp(socket.last_active),
                }
            )
        if request.method == "DELETE":
            socket.close(CloseCode.NORMAL_CLOSURE, "Connection Closed Normally")
            return web.Response(status=204)
        if request.method != "POST":
            return web.Response(status=403, headers={"x-amzn-errortype": "MissingAuthenticationTokenException"})
        message = await request.content.read()
        if len(message) > MESSAGE_LIMIT:
            body = self._error("Message too long", socket.connection)
            headers = {"x-amzn-errortype": "PayloadTooLargeException"}
            return web.Response(status=413, body=body, content_type="application/json", headers=headers)
        if not socket.is_open:
            return web.Response(status=410, headers={"x-amzn-errortype": "GoneException"})
        socket.send(message)
        return web.Response(status=200)


def _timestamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
