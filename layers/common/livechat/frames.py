"""The frames of the socket: what a client may say, and what it is told (docs/protocol.md)."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, TypeAdapter

from livechat.agents import PresenceUpdatedFrame
from livechat.conversations import (
    AgentConversation,
    ConversationUpdatedFrame,
    QueueUpdatedFrame,
    ReadFrame,
    VisitorConversation,
)
from livechat.messages import MessageCreatedFrame, Sender
from livechat.wire import Answer, Body, Id, ShortText


class Subscribe(Body):
    action: Literal["subscribe"]
    topic: ShortText
    after_seq: Annotated[int, Field(ge=0)] | None = None


class Unsubscribe(Body):
    action: Literal["unsubscribe"]
    topic: ShortText


class Typing(Body):
    action: Literal["typing"]
    conversation_id: Id
    is_typing: bool


class Read(Body):
    action: Literal["read"]
    conversation_id: Id
    seq: Annotated[int, Field(ge=0)]


class Ping(Body):
    action: Literal["ping"]
    seqs: Annotated[dict[Id, Annotated[int, Field(ge=0)]], Field(max_length=50)] = {}


ClientFrame = Annotated[Subscribe | Unsubscribe | Typing | Read | Ping, Field(discriminator="action")]
client_frame: TypeAdapter[Subscribe | Unsubscribe | Typing | Read | Ping] = TypeAdapter(ClientFrame)


class SubscribedFrame(Answer):
    type: Literal["subscribed"] = "subscribed"
    topic: str
    last_seq: int
    connection_id: str
    conversation: VisitorConversation | AgentConversation | None = None


class TypingFrame(Answer):
    type: Literal["typing"] = "typing"
    conversation_id: UUID
    sender_type: Literal["visitor", "agent"]
    sender: Sender
    is_typing: bool


class PongFrame(Answer):
    type: Literal["pong"] = "pong"
    seqs: dict[UUID, int]


class ErrorFrame(Answer):
    type: Literal["error"] = "error"
    code: str
    detail: str
    action: str | None


ServerFrame = (
    SubscribedFrame
    | MessageCreatedFrame
    | ConversationUpdatedFrame
    | TypingFrame
    | ReadFrame
    | PresenceUpdatedFrame
    | QueueUpdatedFrame
    | PongFrame
    | ErrorFrame
)
server_frame: TypeAdapter[Any] = TypeAdapter(Annotated[ServerFrame, Field(discriminator="type")])
