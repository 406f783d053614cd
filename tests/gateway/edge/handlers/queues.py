"""A queue's function that tells the test what it got and fails what the test wants failed."""

import json
import socket
from typing import Any


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    failures = []
    for record in event["Records"]:
        asked = json.loads(record["body"])
        with socket.create_connection(("127.0.0.1", asked["report_to"])) as caller:
            caller.sendall(json.dumps({"record": record, "batch": len(event["Records"])}).encode() + b"\n")
            caller.recv(1)
        if asked.get("fail"):
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
