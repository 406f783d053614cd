"""The HTTP edge that every area shares: one way to make an app, read a body, answer an error, know the caller."""

import json
import math
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, cast
from uuid import uuid4

import pydantic_core
from fastapi import Depends, FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from mangum import Mangum
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from livechat import audit, errors, identity
from livechat.errors import LivechatError, field_errors
from livechat.identity import SignedInAgent, TokenVisitor
from livechat.observe import logger
from livechat.settings import settings

MAX_BODY_BYTES = 256 * 1024
PREFIX = "/functions/v1"
PROBLEM_MEDIA_TYPE = "application/problem+json"

# A preflight names neither widget nor token, so it is answered for any Origin; no cookie is ever used, so `*` is enough.
CORS_HEADERS = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "etag, retry-after, x-request-id, x-visitor-token",
}
PREFLIGHT_HEADERS = {
    **CORS_HEADERS,
    "access-control-allow-methods": "GET, POST, PUT, DELETE, OPTIONS",
    "access-control-allow-headers": "authorization, content-type, if-match, if-none-match, x-request-id",
    "access-control-max-age": "7200",
}
STATUS_ERRORS: dict[int, type[LivechatError]] = {404: errors.NotFound, 405: errors.MethodNotAllowed}


class Problem(BaseModel):
    """An error (RFC 9457); `code` is stable and listed in docs/errors.md."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[dict[str, Any]] | None = None


class _StrictRequest(Request):
    """A request whose body was read as the one JSON value that it unambiguously is."""

    async def read_strictly(self) -> None:
        """Raises PayloadTooLarge, UnsupportedMediaType, InvalidJson. FastAPI would make one vague error of all three."""
        body = await self.body()
        if len(body) > MAX_BODY_BYTES:
            raise errors.PayloadTooLarge(f"A body holds at most {MAX_BODY_BYTES} bytes.")
        if not body:
            return
        media_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != "application/json":
            raise errors.UnsupportedMediaType
        self._json = parse_json(body)


class _StrictRoute(APIRoute):
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_strictly(request: Request) -> Response:
            _refuse_doubled_parameters(request)
            strict = _StrictRequest(request.scope, request.receive)
            if self.body_field is not None:
                await strict.read_strictly()
            return await handle(strict)

        return handle_strictly


def parse_json(text: bytes | str) -> Any:
    """The value of a JSON text.

    Raises InvalidJson, also for NaN, numbers beyond a double, lone surrogates, deep nesting and doubled keys.
    """
    try:
        # Jiter first: it bounds the nesting and refuses what json.loads lets through; doubled keys only the latter shows.
        pydantic_core.from_json(text, allow_inf_nan=False)
        return json.loads(text, object_pairs_hook=_without_doubles, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise errors.InvalidJson(str(error)[:200]) from error


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError("a number is too large")
    return number


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _refuse_doubled_parameters(request: Request) -> None:
    # Mangum reads rawQueryString, where they are apart; in queryStringParameters API Gateway has joined them with a comma.
    names = [name for name, _ in request.query_params.multi_items()]
    doubled = {name for name in names if names.count(name) > 1}
    if doubled:
        raise errors.InvalidQuery(
            errors=[{"field": name, "message": "stands twice", "type": "doubled"} for name in sorted(doubled)]
        )


class _Surroundings:
    """Gives every request an id, answers preflights, and puts the headers on that every answer carries."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        context = scope.get("aws.event", {}).get("requestContext", {})
        request_id = str(context.get("requestId") or uuid4())
        scope.setdefault("state", {})["request_id"] = request_id
        logger.append_keys(request_id=request_id)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                extra = {**CORS_HEADERS, "x-request-id": request_id, "x-content-type-options": "nosniff"}
                if b"cache-control" not in present:
                    extra["cache-control"] = "no-store"
                message["headers"] = [
                    *message["headers"],
                    *((name.encode(), value.encode()) for name, value in extra.items() if name.encode() not in present),
                ]
            await send(message)

        if request.method == "OPTIONS":
            await Response(status_code=204, headers=PREFLIGHT_HEADERS)(scope, receive, send_with_headers)
            return
        try:
            await self._app(scope, receive, send_with_headers)
        except Exception:  # noqa: BLE001 - whatever it was, the client is told in the usual form
            # Every answer is made whole before it is sent, so nothing has gone out yet.
            logger.exception("unexpected error")
            await problem(request, errors.InternalError())(scope, receive, send_with_headers)


def make_app(area: str, title: str) -> FastAPI:
    """The FastAPI app of an area below /functions/v1: problem+json errors, CORS, request ids, strict bodies."""
    app = FastAPI(
        title=title,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        middleware=[Middleware(_Surroundings)],
        responses={"default": {"model": Problem, "description": "A problem (RFC 9457)"}},
    )
    app.router.route_class = _StrictRoute
    app.state.area = area
    app.add_exception_handler(LivechatError, _answer_problem)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(HTTPException, _answer_http)
    return app


def lambda_handler(app: FastAPI) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """The Lambda handler of an app: Mangum, with the logger's context."""
    area = app.state.area

    # At the first call, not at import: Mangum makes an event loop, which whoever only reads the routes has no use for.
    @cache
    def adapter() -> Mangum:
        base_path = f"{PREFIX}/{area}" if area else "/"
        text = ["application/json", PROBLEM_MEDIA_TYPE]
        return Mangum(app, lifespan="off", api_gateway_base_path=base_path, text_mime_types=text)

    @logger.inject_lambda_context(clear_state=True)
    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        return adapter()(event, context)

    return cast(Callable[[dict[str, Any], Any], dict[str, Any]], handler)


def problem(request: Request, error: LivechatError) -> JSONResponse:
    body = Problem(
        type=f"urn:livechat:error:{error.code()}",
        title=error.title,
        status=error.status,
        detail=error.detail,
        code=error.code(),
        request_id=request.state.request_id,
        errors=error.errors,
    )
    headers = {"retry-after": str(error.retry_after)} if error.retry_after is not None else None
    return JSONResponse(body.model_dump(exclude_none=True), error.status, headers=headers, media_type=PROBLEM_MEDIA_TYPE)


async def _answer_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, LivechatError)
    return problem(request, error)


async def _answer_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    in_query = any(item["loc"][0] == "query" for item in found)
    listed = field_errors([{**item, "loc": item["loc"][1:] or item["loc"]} for item in found])
    return problem(request, errors.InvalidQuery(errors=listed) if in_query else errors.ValidationFailed(errors=listed))


async def _answer_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kind = STATUS_ERRORS.get(error.status_code, errors.BadRequest)
    answer = problem(request, kind())
    if error.headers:
        answer.headers.update(error.headers)
    return answer


def _origin(request: Request) -> str | None:
    return request.headers.get("origin")


def _bearer(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


async def _caller(request: Request) -> TokenVisitor | SignedInAgent:
    token = _bearer(request)
    if token is None:
        raise errors.Unauthenticated("Send a token as `Authorization: Bearer …`.")
    return await identity.verify(token, _origin(request))


async def _agent(request: Request) -> SignedInAgent:
    caller = await _caller(request)
    if not isinstance(caller, SignedInAgent):
        raise errors.Forbidden("Only the customer's agents may do this.")
    return caller


async def _visitor_if_any(request: Request) -> TokenVisitor | None:
    if "authorization" not in request.headers:
        return None
    caller = await _caller(request)
    if not isinstance(caller, TokenVisitor):
        raise errors.Forbidden("Only visitors start conversations.")
    return caller


def _audit_source(request: Request) -> audit.Source:
    return audit.Source(request.client.host if request.client else None, request.headers.get("user-agent"))


def _public_url(request: Request) -> str:
    # CloudFront's viewer-request function sets x-forwarded-host; without CloudFront the gateway's own name serves.
    host = request.headers.get("x-forwarded-host") or request.headers.get("host", "")
    scheme = request.headers.get("x-forwarded-proto", "https")
    return settings().public_url.rstrip("/") or f"{scheme}://{host}"


def _now() -> datetime:
    return datetime.now(UTC)


CallerDep = Annotated[TokenVisitor | SignedInAgent, Depends(_caller)]
AgentDep = Annotated[SignedInAgent, Depends(_agent)]
VisitorIfAnyDep = Annotated[TokenVisitor | None, Depends(_visitor_if_any)]
OriginDep = Annotated[str | None, Depends(_origin)]
AuditDep = Annotated[audit.Source, Depends(_audit_source)]
PublicUrlDep = Annotated[str, Depends(_public_url)]
NowDep = Annotated[datetime, Depends(_now)]
LimitQuery = Annotated[int, Query(ge=1, le=100)]
CursorQuery = Annotated[str | None, Query(max_length=200)]
