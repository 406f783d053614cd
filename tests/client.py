"""A client of its own, knowing nothing but docs/protocol.md: plain HTTP and a plain WebSocket."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import urllib3
from websockets.sync.client import ClientConnection, connect

Json = dict[str, Any]
PATIENCE_SECONDS = 15


@dataclass(frozen=True)
class Answer:
    status: int
    headers: urllib3.HTTPHeaderDict
    body: Any


@dataclass
class Caller:
    """Somebody with a token, or nobody."""

    base_url: str
    token: str | None = None
    origin: str | None = None
    pool: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(maxsize=20))

    def call(
        self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Call `path` below /functions/v1 with a JSON body, or with raw bytes as they are."""
        sent = dict(headers or {})
        if self.token:
            sent.setdefault("authorization", f"Bearer {self.token}")
        if self.origin:
            sent["origin"] = self.origin
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        if data is not None:
            sent.setdefault("content-type", "application/json")
        answer = self.pool.request(
            method, f"{self.base_url}/functions/v1{path}", body=data, headers=sent, timeout=PATIENCE_SECONDS, retries=False
        )
        is_json = "json" in answer.headers.get("content-type", "")
        return Answer(answer.status, answer.headers, json.loads(answer.data) if is_json and answer.data else answer.data)

    def get(self, path: str, headers: dict[str, str] | None = None) -> Answer:
        return self.call("GET", path, headers=headers)

    def post(self, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        return self.call("POST", path, {} if body is None else body, headers=headers)


def page_ids() -> Json:
    """A pair of ids as a browser makes it."""
    return {"visitor_id": f"v_{uuid4().hex}", "session_id": f"s_{uuid4().hex}"}


@dataclass
class Visitor:
    """A visitor in its conversation."""

    caller: Caller
    started: Json

    @classmethod
    def start(cls, base_url: str, widget_id: str, **body: Any) -> Self:
        caller = Caller(base_url)
        answer = caller.post("/chat/start", {"widget_id": widget_id, **page_ids(), **body})
        assert answer.status == 201, answer
        caller.token = answer.body["visitor_token"]
        return cls(caller, answer.body)

    @property
    def conversation_id(self) -> str:
        return str(self.started["conversation_id"])

    def say(self, content: str, **more: Any) -> Answer:
        draft = {"conversation_id": self.conversation_id, "sender_type": "visitor", "content": content, **more}
        return self.caller.post("/chat/message", draft)

    def log(self) -> list[Json]:
        answer = self.caller.get(f"/chat/messages?conversation_id={self.conversation_id}&after=0&limit=100")
        assert answer.status == 200, answer
        return list(answer.body["messages"])

    def end(self) -> Answer:
        return self.caller.post("/chat/end", {"conversation_id": self.conversation_id})

    def socket(self) -> "Socket":
        return Socket(self.caller.post("/chat/ticket", {}).body)


@dataclass
class Agent:
    """A signed-in agent."""

    caller: Caller
    me: Json

    @classmethod
    def sign_in(cls, base_url: str, identity: Json, email: str, password: str) -> Self:
        """Cognito's InitiateAuth, as a browser would call it."""
        body = {
            "AuthFlow": "USER_PASSWORD_AUTH",
            "ClientId": identity["client_id"],
            "AuthParameters": {"USERNAME": email, "PASSWORD": password},
        }
        headers = {
            "content-type": "application/x-amz-json-1.1",
            "x-amz-target": "AWSCognitoIdentityProviderService.InitiateAuth",
        }
        answer = urllib3.PoolManager().request("POST", identity["endpoint"], body=json.dumps(body).encode(), headers=headers)
        assert answer.status == 200, answer.data
        caller = Caller(base_url, answer.json()["AuthenticationResult"][identity["token_use"]])
        me = caller.get("/agent/me")
        assert me.status == 200, me
        return cls(caller, me.body)

    @property
    def id(self) -> str:
        return str(self.me["id"])

    def be(self, status: str) -> Json:
        answer = self.caller.post("/agent/presence", {"status": status})
        assert answer.status == 200, answer
        return dict(answer.body)

    def do(self, verb: str, conversation_id: str, **more: Any) -> Answer:
        return self.caller.post(f"/agent/{verb}", {"conversation_id": conversation_id, **more})

    def say(self, conversation_id: str, content: str) -> Answer:
        return self.caller.post(
            "/chat/message", {"conversation_id": conversation_id, "sender_type": "agent", "content": content}
        )

    def socket(self) -> "Socket":
        return Socket(self.caller.post("/agent/ticket", {}).body)


class Socket:
    """A socket, open within `with`; frames that nobody has waited for yet are kept."""

    def __init__(self, ticket: Json, *, origin: str | None = None) -> None:
        headers = {"origin": origin} if origin else None
        url = f"{ticket['websocket_url']}?ticket={ticket['ticket']}"
        self._opening = connect(url, additional_headers=headers, open_timeout=PATIENCE_SECONDS)
        self._kept: list[Json] = []

    def __enter__(self) -> Self:
        """Raises websockets.exceptions.InvalidStatus when the handshake is refused."""
        self.connection: ClientConnection = self._opening.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._opening.__exit__(kind, error, trace)

    def say(self, action: str, **fields: Any) -> None:
        self.connection.send(json.dumps({"action": action, **fields}))

    def wait(self, kind: str, where: Callable[[Json], bool] = lambda _: True) -> Json:
        """The first frame of this type for which `where` holds. Raises TimeoutError after 15 s without one."""
        for at, frame in enumerate(self._kept):
            if frame["type"] == kind and where(frame):
                return self._kept.pop(at)
        while True:
            frame = json.loads(self.connection.recv(timeout=PATIENCE_SECONDS))
            if frame["type"] == kind and where(frame):
                return dict(frame)
            self._kept.append(frame)

    def subscribe(self, topic: str) -> Json:
        self.say("subscribe", topic=topic)
        return self.wait("subscribed")
