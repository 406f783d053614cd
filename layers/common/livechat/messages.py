"""Messages: the log of a conversation, gap-free and without repeats."""

from typing import Annotated, Any, Literal
from uuid import UUID

from psycopg.types.json import Jsonb
from pydantic import Field, StringConstraints

from livechat import message_types, topics
from livechat.db import TenantTransaction
from livechat.errors import (
    ClientMessageIdReused,
    ContentTooLong,
    ConversationClosed,
    ConversationNotFound,
    ValidationFailed,
)
from livechat.wire import Answer, Attributes, Body, Id, Text, Timestamp, json_bytes

MAX_CODE_POINTS = 10_000
# As JSON, in which it travels: a control character takes six bytes there.
MAX_BYTES = 24 * 1024
QUOTES = 2
# An API Gateway frame holds 32 KB, the event around the content included.
MAX_METADATA_BYTES = 4 * 1024
PREVIEW_CODE_POINTS = 160

SenderType = Literal["visitor", "agent", "bot", "system"]
MessageType = Literal["text", "file", "image", "card", "form"]


class Draft(Body):
    """A message as it is sent."""

    conversation_id: Id
    sender_type: SenderType
    content: Text
    message_type: MessageType = "text"
    metadata: Attributes = Field(
        {},
        description="At most 4 KB as JSON. Of a card: `Card`; of a form that asks: `Form`, of one that answers: `FormAnswer`; "
        "of the other types anything.",
    )
    client_message_id: Annotated[Text, StringConstraints(min_length=1, max_length=64)] | None = Field(
        None, description="Makes sending again safe: the same id with the same body answers the first entry."
    )


class Sender(Answer):
    """Who wrote an entry, as everybody in the conversation may see it."""

    id: UUID
    name: str | None
    avatar: str | None


class Message(Answer):
    """An entry of a conversation's log."""

    id: UUID
    conversation_id: UUID
    seq: int
    sender_type: SenderType
    sender: Sender | None
    message_type: MessageType
    content: str
    metadata: dict[str, Any]
    client_message_id: str | None
    created_at: Timestamp


class MessageCreatedFrame(Answer):
    """A new entry, to everybody who listens to its conversation; shortened, to the customer's agents."""

    type: Literal["message.created"] = "message.created"
    topic: str
    conversation_id: UUID
    seq: int
    data: Message


async def append(tx: TenantTransaction, draft: Draft) -> tuple[Message, bool]:
    """Store a message at the end of its conversation's log; whether it is new, or was stored before under its client id.

    Raises ConversationNotFound, ConversationClosed, ContentTooLong, ValidationFailed, ClientMessageIdReused,
    FormAlreadyAnswered.
    """
    _check_size(draft)
    answer = message_types.check(draft.message_type, tx.actor.sender_type, draft.metadata)
    # The lock is a statement of its own: the next one then sees what the lock's last holder committed.
    lock = await tx.send("conversations.lock", conversation_id=draft.conversation_id)
    appended = await tx.send(
        "messages.append",
        **draft.model_dump(exclude={"metadata", "sender_type"}),
        metadata=Jsonb(draft.metadata),
        sender_type=tx.actor.sender_type,
        sender_id=tx.actor.sender_id,
        preview=draft.content[:PREVIEW_CODE_POINTS],
        even_if_ended=False,
    )
    if await lock.fetchone() is None:
        raise ConversationNotFound
    row = await appended.fetchone()
    if row is None:
        raise ConversationClosed
    stored = message(row)
    if row["is_new"]:
        if answer is not None:
            # Still under the conversation's lock, and in a statement of its own: an answer committed just before is seen.
            asked = await tx.one(
                "messages.form", conversation_id=draft.conversation_id, seq=answer.answer_to, answer_seq=stored.seq
            )
            message_types.check_answer(answer, asked)
        announce(tx, stored)
    elif not row["is_same"]:
        raise ClientMessageIdReused
    return stored, row["is_new"]


async def append_event(tx: TenantTransaction, conversation_id: UUID, content: str, metadata: dict[str, Any]) -> Message:
    """Store a system entry, under the lock that the caller holds on the conversation."""
    row = await tx.one(
        "messages.append",
        conversation_id=conversation_id,
        sender_type="system",
        sender_id=None,
        message_type="text",
        content=content,
        metadata=Jsonb(metadata),
        client_message_id=None,
        preview=None,
        even_if_ended=True,
    )
    assert row is not None
    stored = message(row)
    announce(tx, stored)
    return stored


def announce(tx: TenantTransaction, entry: Message) -> None:
    """Tell the conversation's listeners the entry, and the customer's agents its beginning."""
    topic, wide = topics.conversation(entry.conversation_id), topics.customer(tx.actor.customer_id)
    preview = entry.model_copy(update={"content": entry.content[:PREVIEW_CODE_POINTS]})
    for name, data in ((topic, entry), (wide, preview)):
        tx.announce(name, MessageCreatedFrame(topic=name, conversation_id=entry.conversation_id, seq=entry.seq, data=data))


async def history(
    tx: TenantTransaction, conversation_id: UUID, *, before: int | None, after: int | None, limit: int
) -> tuple[list[Message], bool]:
    """A page of the log, oldest first, and whether there is more in the direction that was asked for."""
    if after is not None:
        rows = await tx.all("messages.after", conversation_id=conversation_id, after=after, limit=limit + 1)
        page = rows[:limit]
    else:
        rows = await tx.all("messages.before", conversation_id=conversation_id, before=before, limit=limit + 1)
        page = rows[:limit][::-1]
    return [message(row) for row in page], len(rows) > limit


def message(row: dict[str, Any]) -> Message:
    """An entry from a row of any query in sql/messages.sql."""
    sender = row["sender_id"] and Sender(id=row["sender_id"], name=row["sender_name"], avatar=row["sender_avatar"])
    fields = {field: row[field] for field in Message.model_fields if field != "sender"}
    return Message(sender=sender, **fields)


def _check_size(draft: Draft) -> None:
    if len(draft.content) > MAX_CODE_POINTS or json_bytes(draft.content) - QUOTES > MAX_BYTES:
        problem = {
            "field": "content",
            "message": f"at most {MAX_CODE_POINTS} code points and {MAX_BYTES} bytes",
            "type": "too_long",
        }
        raise ContentTooLong(errors=[problem])
    if not draft.content.strip() and not draft.metadata:
        raise ValidationFailed(errors=[{"field": "content", "message": "must not be empty", "type": "missing"}])
    if json_bytes(draft.metadata) > MAX_METADATA_BYTES:
        problem = {"field": "metadata", "message": f"at most {MAX_METADATA_BYTES} bytes as JSON", "type": "too_long"}
        raise ValidationFailed(errors=[problem])
