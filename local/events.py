"""The events API Gateway, SQS and EventBridge make, and what API Gateway makes of an answer: pure functions.

Payload format 2.0: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
WebSocket: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
"""

import base64
import binascii
import json
import secrets
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

from local.templates import ACCOUNT, PSEUDO_PARAMETERS, REGION, Route

HTTP_API = "localhttp0"
SOCKET_API = "localsock0"
HTTP_HOST = f"{HTTP_API}.execute-api.{REGION}.amazonaws.com"
SOCKET_HOST = f"{SOCKET_API}.execute-api.{REGION}.amazonaws.com"

Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class HttpRequest:
    method: str
    target: str  # path and query as they were sent
    headers: Headers
    body: bytes
    client: str  # address of whoever sent it
    host: str  # the host that was asked for
    scheme: str = "http"


@dataclass(frozen=True)
class HttpAnswer:
    status: int
    headers: Headers
    body: bytes


@dataclass(frozen=True)
class Connection:
    """One WebSocket as its events describe it."""

    id: str
    stage: str
    connected_at: int  # milliseconds since the epoch
    source_ip: str
    user_agent: str


def compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


# HTTP


def choose_route(routes: Iterable[Route], method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """The route API Gateway takes, with its path parameters: a full match, else the longest {proxy+}, else $default."""
    best: tuple[tuple[int, int], Route, dict[str, str]] | None = None
    for route in routes:
        if route.path is None:
            rank, parameters = (0, 0), {}
        elif route.method not in ("ANY", method):
            continue
        elif route.path.endswith("+}"):
            prefix, _, name = route.path.rpartition("/{")
            rest = path.removeprefix(prefix + "/")
            if not rest or rest == path:
                continue
            rank, parameters = (1, len(prefix) * 2 + (route.method == method)), {name.removesuffix("+}"): rest}
        elif route.path == path:
            rank, parameters = (2, int(route.method == method)), {}
        else:
            continue
        if best is None or rank > best[0]:
            best = rank, route, parameters
    return None if best is None else (best[1], best[2])


def http_event(request: HttpRequest, route: Route, parameters: Mapping[str, str]) -> dict[str, Any]:
    target, _, query = request.target.partition("?")
    path = unquote(target)  # rawPath arrives decoded, its name notwithstanding
    now = datetime.now(UTC)
    headers: dict[str, str] = {}
    cookies: list[str] = []
    for name, value in _behind_cloudfront(request):
        name = name.lower()
        if name == "cookie":  # has a field of its own
            cookies.extend(part.strip() for part in value.split(";"))
        else:
            headers[name] = f"{headers[name]},{value}" if name in headers else value
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route.key,
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": HTTP_API,
            "domainName": HTTP_HOST,
            "domainPrefix": HTTP_API,
            "http": {
                "method": request.method,
                "path": path,
                "protocol": "HTTP/1.1",
                # API Gateway's neighbour is CloudFront; only x-forwarded-for tells the visitor's address.
                "sourceIp": "127.0.0.1",
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": new_request_id(),
            "routeKey": route.key,
            "stage": "$default",
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(now.timestamp() * 1000),
        },
        "isBase64Encoded": False,
    }
    if cookies:
        event["cookies"] = cookies
    if query:
        values: dict[str, str] = {}
        for name, value in parse_qsl(query, keep_blank_values=True):
            values[name] = f"{values[name]},{value}" if name in values else value
        event["queryStringParameters"] = values
    if parameters:
        event["pathParameters"] = dict(parameters)
    if request.body:
        event["body"], event["isBase64Encoded"] = _body(request.body, headers.get("content-type", ""))
    return event


def _behind_cloudfront(request: HttpRequest) -> Iterable[tuple[str, str]]:
    """The headers as they reach API Gateway through our distribution and its viewer-request function."""
    forwarded_for = request.client
    for name, value in request.headers:
        match name.lower():
            case "x-forwarded-for":
                forwarded_for = f"{value}, {request.client}"  # appended to what the viewer claims
            case "host" | "x-forwarded-host" | "x-forwarded-proto" | "x-forwarded-port" | "connection" | "content-length":
                pass
            case _:
                yield name, value
    yield "content-length", str(len(request.body))
    yield "host", HTTP_HOST
    yield "via", "1.1 local.cloudfront.net (CloudFront)"
    yield "x-amzn-trace-id", f"Root=1-{int(datetime.now(UTC).timestamp()):08x}-{secrets.token_hex(12)}"
    yield "x-forwarded-for", f"{forwarded_for}, 127.0.0.1"  # API Gateway appends its neighbour, CloudFront
    yield "x-forwarded-host", request.host
    yield "x-forwarded-port", request.host.rpartition(":")[2] if ":" in request.host else "80"
    yield "x-forwarded-proto", request.scheme


def _body(body: bytes, content_type: str) -> tuple[str, bool]:
    """The body as text if its type says it is text, else in base64; forms count as binary."""
    kind = content_type.partition(";")[0].strip().lower()
    subtype = kind.partition("/")[2]
    if kind.startswith("text/") or subtype in ("json", "javascript", "xml") or subtype.endswith(("+json", "+xml")):
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(body).decode(), True


def http_answer(payload: bytes) -> HttpAnswer:
    """What API Gateway answers for a handler's result; a malformed one is 500, as in its documentation."""
    result = json.loads(payload)
    if not isinstance(result, dict) or "statusCode" not in result:
        # An answer without a status is taken for the body itself.
        body = result if isinstance(result, str) else json.dumps(result)
        return HttpAnswer(200, [("content-type", "application/json")], body.encode())
    try:
        status = int(result["statusCode"])
        text = result.get("body") or ""
        body_bytes = base64.b64decode(text, validate=True) if result.get("isBase64Encoded") else text.encode()
        headers = [(str(name).lower(), _header_value(value)) for name, value in (result.get("headers") or {}).items()]
        cookies = [("set-cookie", str(cookie)) for cookie in result.get("cookies") or []]
    except (TypeError, ValueError, AttributeError, binascii.Error):
        return gateway_error(500, "Internal Server Error")
    if not 100 <= status <= 599:
        return gateway_error(500, "Internal Server Error")
    dropped = ("content-length", "connection", "transfer-encoding", "keep-alive", "upgrade", "trailer")
    headers = [(name, value) for name, value in headers if name not in dropped]
    if body_bytes and not any(name == "content-type" for name, _ in headers):
        headers.append(("content-type", "text/plain;charset=UTF-8"))
    return HttpAnswer(status, [*headers, *cookies, ("apigw-requestid", new_request_id())], body_bytes)


def _header_value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise TypeError("a header's value is text")


def gateway_error(status: int, message: str) -> HttpAnswer:
    """An answer of API Gateway's own."""
    return HttpAnswer(status, [("content-type", "application/json")], compact({"message": message}))


# WebSocket


def connect_event(connection: Connection, target: str, headers: Headers) -> dict[str, Any]:
    query = parse_qsl(target.partition("?")[2], keep_blank_values=True)
    sent = [*headers, ("X-Amzn-Trace-Id", "Root=1-0"), ("X-Forwarded-For", connection.source_ip)]
    sent = [(name, SOCKET_HOST if name.lower() == "host" else value) for name, value in sent]
    event = {
        "headers": dict(sent),
        "multiValueHeaders": _grouped(sent),
        "requestContext": _socket_context(connection, "$connect", "CONNECT"),
        "isBase64Encoded": False,
    }
    if query:
        event["queryStringParameters"] = dict(query)  # the last of a repeated one
        event["multiValueQueryStringParameters"] = _grouped(query)
    return event


def message_event(connection: Connection, route: str, message: str | bytes) -> dict[str, Any]:
    context = _socket_context(connection, route, "MESSAGE")
    context["messageId"] = new_request_id()
    is_binary = isinstance(message, bytes)
    body = base64.b64encode(message).decode() if isinstance(message, bytes) else message
    return {"requestContext": context, "body": body, "isBase64Encoded": is_binary}


def disconnect_event(connection: Connection, code: int, reason: str) -> dict[str, Any]:
    headers = [("Host", SOCKET_HOST), ("x-api-key", ""), ("X-Forwarded-For", ""), ("x-restapi", "")]
    context = _socket_context(connection, "$disconnect", "DISCONNECT")
    context |= {"disconnectStatusCode": code, "disconnectReason": reason}
    return {
        "headers": dict(headers),
        "multiValueHeaders": _grouped(headers),
        "requestContext": context,
        "isBase64Encoded": False,
    }


def choose_socket_route(known: Iterable[str], message: str | bytes) -> str | None:
    """`$request.body.action` if that names a route, else $default if there is one."""
    known = set(known)
    action = None
    if isinstance(message, str):
        try:
            parsed = json.loads(message)
        except ValueError:
            parsed = None
        if isinstance(parsed, dict):
            action = parsed.get("action")
    if isinstance(action, str) and action in known and not action.startswith("$"):
        return action
    return "$default" if "$default" in known else None


def new_connection_id() -> str:
    """As API Gateway's look, such as `Dq7FGfSeIAMCHPw=`: the `=` must be escaped in a path."""
    return base64.urlsafe_b64encode(secrets.token_bytes(11)).decode()


def _socket_context(connection: Connection, route: str, kind: str) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "routeKey": route,
        "eventType": kind,
        "messageDirection": "IN",
        "stage": connection.stage,
        "connectedAt": connection.connected_at,
        "requestTime": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "requestTimeEpoch": int(now.timestamp() * 1000),
        "identity": {"userAgent": connection.user_agent, "sourceIp": connection.source_ip},
        "requestId": new_request_id(),
        "extendedRequestId": new_request_id(),
        "domainName": SOCKET_HOST,
        "connectionId": connection.id,
        "apiId": SOCKET_API,
    }


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for name, value in pairs:
        groups.setdefault(name, []).append(value)
    return groups


def new_request_id() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(11)).decode()


# Queues, schedules, deployments


def sqs_event(messages: Iterable[Mapping[str, Any]], queue_arn: str) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html"""
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message.get("Attributes", {}),
                "messageAttributes": {
                    name: {
                        "stringValue": value.get("StringValue"),
                        "binaryValue": value.get("BinaryValue"),
                        "stringListValues": [],
                        "binaryListValues": [],
                        "dataType": value["DataType"],
                    }
                    for name, value in message.get("MessageAttributes", {}).items()
                },
                "md5OfBody": message["MD5OfBody"],
                "eventSource": "aws:sqs",
                "eventSourceARN": queue_arn,
                "awsRegion": REGION,
            }
            for message in messages
        ]
    }


def failed_messages(payload: bytes) -> set[str] | None:
    """The message ids of a partial batch failure; None means all of them, as Lambda reads a malformed report."""
    report = json.loads(payload) or {}
    try:
        failed = {failure["itemIdentifier"] for failure in report.get("batchItemFailures") or []}
    except (AttributeError, KeyError, TypeError):
        return None
    return failed if all(isinstance(item, str) and item for item in failed) else None


def schedule_event(name: str, at: datetime) -> dict[str, Any]:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html"""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{name}"],
        "detail": {},
    }


def custom_resource_event(kind: str, name: str, resource_type: str, properties: Any) -> dict[str, Any]:
    """What CloudFormation sends to a custom resource, without the address that would take the answer.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html
    """
    event = {
        "RequestType": kind,
        "ServiceToken": properties["ServiceToken"],
        "StackId": PSEUDO_PARAMETERS["AWS::StackId"],
        "RequestId": str(uuid.uuid4()),
        "LogicalResourceId": name,
        "ResourceType": resource_type,
        "ResourceProperties": properties,
    }
    if kind != "Create":
        event |= {"PhysicalResourceId": f"local-{name}", "OldResourceProperties": properties}
    return event
