"""Posting frames to API Gateway's @connections: signed, in parallel, over connections that are kept."""

import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor, wait
from urllib.parse import quote

import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.session import Session

from livechat.observe import logger

PUSH_SECONDS = 1.0
PARALLEL_PUSHES = 16


class Gone(Exception):
    """The socket is closed (410)."""


class Pusher:
    """Posts to API Gateway's @connections: signed, in parallel, over connections that are kept."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint.rstrip("/")
        session = Session()
        self._region = session.get_config_variable("region") or "us-east-1"
        self._session = session
        self._pool = urllib3.PoolManager(maxsize=PARALLEL_PUSHES, block=False, retries=False)
        self._threads = ThreadPoolExecutor(PARALLEL_PUSHES, "push")
        self._lock = threading.Lock()

    def post(self, connection_id: str, body: bytes) -> None:
        """Post one frame. Raises Gone when the socket is closed; OSError or urllib3's errors when it cannot be told."""
        url = f"{self._endpoint}/@connections/{quote(connection_id, safe='')}"
        request = AWSRequest("POST", url, headers={"content-type": "application/json"}, data=body)
        with self._lock:  # the session refreshes its credentials
            credentials = self._session.get_credentials()
        if credentials is not None:
            SigV4Auth(credentials.get_frozen_credentials(), "execute-api", self._region).add_auth(request)
        answer = self._pool.request("POST", url, body=body, headers=dict(request.headers.items()), timeout=PUSH_SECONDS)
        if answer.status == 410:
            raise Gone(connection_id)
        if answer.status >= 300:
            raise OSError(f"@connections answered {answer.status}")

    def post_all(self, posts: list[tuple[str, bytes]], seconds: float | None = PUSH_SECONDS) -> set[str]:
        """Post frames, those of one connection in their order, different connections side by side; at most `seconds`
        in all. Answers the ids of the connections that are gone."""
        by_connection: dict[str, list[bytes]] = defaultdict(list)
        for connection_id, body in posts:
            by_connection[connection_id].append(body)
        futures = {
            self._threads.submit(self._post_in_order, connection_id, bodies): connection_id
            for connection_id, bodies in by_connection.items()
        }
        done, late = wait(futures, timeout=seconds)
        for future in late:
            future.cancel()
        gone = {futures[future] for future in done if isinstance(future.exception(), Gone)}
        failed = sum(1 for future in done if future.exception() and futures[future] not in gone)
        if failed or late:
            logger.warning("pushes lost", extra={"failed": failed, "late": len(late), "of": len(futures)})
        return gone

    def _post_in_order(self, connection_id: str, bodies: list[bytes]) -> None:
        for body in bodies:
            self.post(connection_id, body)
