"""The HTTP API behind its distribution: a request becomes an event, the answer a response, with API Gateway's limits.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
"""

import asyncio
from collections.abc import Sequence

from aiohttp import web
from multidict import CIMultiDict

from local import events
from local.environments import InvocationFailed
from local.functions import Functions
from local.templates import Route

BODY_LIMIT = 10 * 1024 * 1024
HEADERS_LIMIT = 10_240
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: a synchronous invocation, either way
PAYLOAD_LIMIT = 6 * 1024 * 1024
INTEGRATION_SECONDS = 30.0


class BodyTooLarge(Exception):
    pass


class HttpGateway:
    def __init__(self, routes: Sequence[Route], functions: Functions) -> None:
        self._routes = routes
        self._functions = functions
        self._running: set[asyncio.Task[bytes]] = set()

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.raw_headers]
        if len(request.path_qs) + sum(len(name) + len(value) for name, value in headers) > HEADERS_LIMIT:
            return respond(events.gateway_error(431, "Request Header Fields Too Large"))
        try:
            body = await _read(request)
        except BodyTooLarge:
            return respond(events.gateway_error(413, "Request Entity Too Large"))
        answer = await self._integrate(
            events.HttpRequest(
                method=request.method,
                target=request.raw_path,
                headers=headers,
                body=body,
                client=request.remote or "127.0.0.1",
                host=request.headers.get("host", ""),
            )
        )
        return respond(answer, head=request.method == "HEAD")

    async def _integrate(self, request: events.HttpRequest) -> events.HttpAnswer:
        chosen = events.choose_route(self._routes, request.method, request.target.partition("?")[0])
        if chosen is None:
            return events.gateway_error(404, "Not Found")
        route, parameters = chosen
        event = events.compact(events.http_event(request, route, parameters))
        if len(event) > PAYLOAD_LIMIT:
            return events.gateway_error(413, "Request Entity Too Large")
        # A task of its own: when the client leaves or the gateway gives up, the function goes on.
        running = asyncio.create_task(self._functions.invoke(route.function, event))
        self._running.add(running)
        running.add_done_callback(self._forget)
        try:
            payload = await asyncio.wait_for(asyncio.shield(running), INTEGRATION_SECONDS)
        except TimeoutError:
            return events.gateway_error(503, "Service Unavailable")
        except InvocationFailed:
            return events.gateway_error(500, "Internal Server Error")
        if len(payload) > PAYLOAD_LIMIT:
            return events.gateway_error(500, "Internal Server Error")
        return events.http_answer(payload)

    def _forget(self, task: asyncio.Task[bytes]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # it was answered for, or nobody is left to tell


async def _read(request: web.BaseRequest) -> bytes:
    if (request.content_length or 0) > BODY_LIMIT:
        raise BodyTooLarge
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > BODY_LIMIT:
            raise BodyTooLarge
    return bytes(body)


def respond(answer: events.HttpAnswer, *, head: bool = False) -> web.Response:
    headers: CIMultiDict[str] = CIMultiDict(answer.headers)
    if head:
        headers.setdefault("content-length", str(len(answer.body)))
        return web.Response(status=answer.status, headers=headers)
    return web.Response(status=answer.status, headers=headers, body=answer.body)
