"""The processes functions run in: a fork server that has the libraries loaded, and one fork of it per environment.

A new environment takes as long as importing the function's own modules, much like one that Lambda restores from a
snapshot. The fork server loads libraries only: nothing of ours and nothing that opens a connection, so that two
environments share no state. It reads its orders from a socket whose other end `environments.py` holds, each with the
descriptor of the new environment's own socket. On that, the environment tells its process id and when it is ready; then
a request is a length, an id, a deadline and the event's JSON, its answer a length, a kind and JSON. When one end of a
socket closes, for whatever reason, who listens at the other ends too.
"""

import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import struct
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local import crashes, processes

# What the functions import that takes long and holds no state.
LIBRARIES = (
    "aws_lambda_powertools.logging",
    "aws_lambda_powertools.metrics",
    "aws_lambda_powertools.utilities.batch",
    "aws_lambda_powertools.utilities.parser.models",
    "aws_lambda_powertools.utilities.typing",
    "boto3",
    "fastapi",
    "jwt",
    "mangum",
    "psycopg",
    "pydantic_settings",
)
STARTED, READY, ANSWER, FAILURE = b"s", b"r", b"a", b"f"
REQUEST = struct.Struct("!I16sQ")  # length of the JSON, request id, deadline in milliseconds since the epoch
REPLY = struct.Struct("!Ic")


class Context:
    """What Lambda's Python runtime passes as `context`."""

    client_context = None
    identity = None

    def __init__(self, request_id: str, deadline_ms: int) -> None:
        self._deadline_ms = deadline_ms
        self.aws_request_id = request_id
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.invoked_function_arn = os.environ["LIVECHAT_LOCAL_FUNCTION_ARN"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]

    def get_remaining_time_in_millis(self) -> int:
        return max(self._deadline_ms - int(time.time() * 1000), 0)


def serve_forks(orders: socket.socket) -> None:
    """The fork server: a fork for each order, until the other end closes."""
    for library in LIBRARIES:
        with contextlib.suppress(ImportError):  # then the function says so
            importlib.import_module(library)
    gc.collect()
    gc.freeze()  # so that collections in the forks do not copy what they share
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps the forks
    orders.sendall(READY)
    while True:
        data, descriptors, _, _ = socket.recv_fds(orders, 1 << 20, 1)
        if not data:
            return
        if os.fork() == 0:
            orders.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            processes.die_with_parent(signal.SIGKILL)
            status = 1
            try:
                serve_requests(socket.socket(fileno=descriptors[0]), json.loads(data))
                status = 0
            except SystemExit as request:
                status = request.code if isinstance(request.code, int) else 1
            except BaseException:  # noqa: BLE001  # nothing may return into the fork server's loop
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status)
        os.close(descriptors[0])


def serve_requests(requests: socket.socket, order: dict[str, Any]) -> None:
    """One environment: imports its handler, says it is ready, then one request at a time."""
    _reply(requests, STARTED, str(os.getpid()).encode())
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
    os.environ.clear()
    os.environ.update(order["environment"])
    time.tzset()
    os.chdir(order["directory"])
    sys.path[:0] = order["path"]
    try:
        module, _, name = order["handler"].rpartition(".")
        handler = getattr(importlib.import_module(module), name)
    except BaseException as error:  # noqa: BLE001  # SystemExit at import is an error of the function, too
        traceback.print_exc()
        _reply(requests, FAILURE, _failure(error, ""))
        return
    if crashes.SETTING in os.environ:
        handler = crashes.crashing(handler)
    _reply(requests, READY, b"")
    stream = requests.makefile("rb")
    while header := stream.read(REQUEST.size):
        length, request_id, deadline = REQUEST.unpack(header)
        _reply(requests, *_invoke(handler, stream.read(length), _uuid(request_id), deadline))


def _invoke(handler: Callable[[Any, Context], Any], event: bytes, request_id: str, deadline: int) -> tuple[bytes, bytes]:
    try:
        answer = handler(json.loads(event), Context(request_id, deadline))
        return ANSWER, json.dumps(answer, separators=(",", ":")).encode()
    except Exception as error:  # noqa: BLE001  # as Lambda's runtime does
        traceback.print_exc()
        return FAILURE, _failure(error, request_id)


def _failure(error: BaseException, request_id: str) -> bytes:
    """The JSON that Lambda answers with when a handler raises."""
    return json.dumps(
        {
            "errorMessage": str(error),
            "errorType": type(error).__name__,
            "requestId": request_id,
            "stackTrace": traceback.format_tb(error.__traceback__),
        }
    ).encode()


def _reply(requests: socket.socket, kind: bytes, body: bytes) -> None:
    requests.sendall(REPLY.pack(len(body), kind) + body)


def _uuid(raw: bytes) -> str:
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


if __name__ == "__main__":
    # A fork is told of the fork server's end, and this of ours; Ctrl-C is not for us.
    processes.die_with_parent(signal.SIGKILL)
    os.umask(0o077)
    sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != Path.cwd()]
    serve_forks(socket.socket(fileno=int(sys.argv[1])))
