"""A WebSocket function that tells its events to whoever its client names, and does what the client asks."""

import json
import socket
import urllib.error
import urllib.parse
import urllib.request
from typing import Any


def handler(event: dict[str, Any], context: Any) -> Any:
    kind = event["requestContext"]["eventType"]
    if kind == "CONNECT":
        return _connect(event)
    if kind == "DISCONNECT":
        return {"statusCode": 200}
    try:
        asked = json.loads(event["body"])
    except ValueError:
        asked = {}
    if not isinstance(asked, dict):
        asked = {}
    if asked.get("raise"):
        raise ValueError("as asked")
    if "report_to" in asked:
        _tell(asked["report_to"], event)
    if "base_url" in asked:
        size = asked.get("size", 0)
        body = json.dumps({"route": event["requestContext"]["routeKey"], "fill": "x" * size})
        _post(asked["base_url"], event["requestContext"]["connectionId"], body)
    return {"statusCode": 200}


def _connect(event: dict[str, Any]) -> dict[str, Any]:
    asked = event.get("queryStringParameters", {})
    if asked.get("raise"):
        raise ValueError("as asked")
    if "base_url" in asked:
        status = _post(asked["base_url"], event["requestContext"]["connectionId"], "too early")
        _tell(int(asked["report_to"]), {"status": status})
    elif "report_to" in asked:
        _tell(int(asked["report_to"]), event)
    return {"statusCode": int(asked.get("answer", 200))}


def _post(base_url: str, connection: str, body: str) -> int:
    url = f"{base_url}/socket/@connections/{urllib.parse.quote(connection, safe='')}"
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=body.encode(), method="POST")) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code


def _tell(port: int, what: Any) -> None:
    with socket.create_connection(("127.0.0.1", port)) as caller:
        caller.sendall(json.dumps(what).encode() + b"\n")
        caller.recv(1)
