"""What a handler is given, and handlers that behave in every way a handler can."""

import base64
import json
import os
import socket
import time
from typing import Any


def echo(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answers with the event, the context and the environment."""
    told = {
        "event": event,
        "context": {
            "aws_request_id": context.aws_request_id,
            "function_name": context.function_name,
            "invoked_function_arn": context.invoked_function_arn,
            "memory_limit_in_mb": context.memory_limit_in_mb,
            "remaining": context.get_remaining_time_in_millis(),
        },
        "environment": dict(os.environ),
        "directory": os.getcwd(),  # noqa: PTH109  # as a handler would
        "pid": os.getpid(),
    }
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(told)}


def behave(event: dict[str, Any], context: Any) -> Any:
    how = event["pathParameters"]["proxy"]
    print(f"asked to {how}")
    match how:
        case "end":
            os._exit(3)
        case "exit":
            raise SystemExit(3)
        case "raise":
            raise ValueError("as asked")
        case "dawdle":
            time.sleep(30)  # longer than the function's time
        case "bare":
            return {"hello": "world"}
        case "text":
            return {"statusCode": 200, "body": "plain"}
        case "binary":
            return {
                "statusCode": 201,
                "headers": {"Content-Type": "image/png", "X-Twice": "a,b"},
                "cookies": ["a=1; Secure", "b=2"],
                "isBase64Encoded": True,
                "body": base64.b64encode(b"\x89PNG").decode(),
            }
        case "no-status":
            return {"statusCode": "fine", "body": "x"}
        case "no-text":
            return {"statusCode": 200, "body": {"not": "text"}}
        case "no-base64":
            return {"statusCode": 200, "isBase64Encoded": True, "body": "?"}
        case "no-json":
            return {"statusCode": 200, "body": object()}
        case "much":
            return {"statusCode": 200, "body": "x" * 7_000_000}
    return {"statusCode": 204}


def meet(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Tells the test that it is here, and goes on when the test says so."""
    with socket.create_connection(("127.0.0.1", int(event["pathParameters"]["proxy"]))) as caller:
        caller.sendall(f"{os.getpid()}\n".encode())
        caller.recv(1)
    return {"statusCode": 200, "body": str(os.getpid())}
