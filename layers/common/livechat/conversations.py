"""Conversations: from the first hello through queue and agent to the end."""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from psycopg.types.json import Jsonb
from pydantic import Field

from livechat import agents, connections, messages, topics
from livechat.db import TenantTransaction
from livechat.errors import (
    AgentAtCapacity,
    AlreadyAssigned,
    ConversationClosed,
    ConversationNotFound,
    Forbidden,
    InvalidQuery,
    NotAssigned,
    NotEnded,
    Unavailable,
)
from livechat.forms import OWN_FIELDS
from livechat.wire import AgentRef, Answer, Attributes, Body, Id, LongText, Page, Timestamp

Status = Literal["queued", "active", "resolved", "closed"]
START_ATTEMPTS = 3
MAX_DETAIL = 200
View = Literal["mine", "queue", "open", "resolved", "all"]


class Feedback(Answer):
    """The visitor's judgement."""

    rating: int
    comment: str | None
    nps: int | None
    submitted_at: str


class FeedbackDraft(Body):
    conversation_id: Id
    rating: Annotated[int, Field(ge=1, le=5, strict=True)]
    comment: LongText | None = None
    nps: Annotated[int, Field(ge=0, le=10, strict=True)] | None = None


class ConversationRequest(Body):
    conversation_id: Id


class ReadRequest(Body):
    conversation_id: Id
    seq: Annotated[int, Field(ge=0, le=2147483647)]


class Transfer(Body):
    conversation_id: Id
    agent_id: Id


class LastMessage(Answer):
    seq: int
    sender_type: messages.SenderType
    content: str
    created_at: Timestamp


class VisitorConversation(Answer):
    """A conversation as its visitor sees it."""

    id: UUID
    status: Status
    agent: AgentRef | None
    last_seq: int
    visitor_read_seq: int
    agent_read_seq: int
    feedback: Feedback | None
    created_at: Timestamp
    ended_at: Timestamp | None


class OwnConversation(VisitorConversation):
    """One of a visitor's conversations, in the list of them."""

    last_message: LastMessage | None


class ConversationVisitor(Answer):
    """The visitor of a conversation as the customer's people see it."""

    id: UUID
    name: str | None
    email: str | None
    phone: str | None
    verified: bool


class AgentConversation(VisitorConversation):
    """A conversation as the customer's people see it. Times ending in _seconds are whole seconds."""

    widget_id: UUID
    widget_name: str
    customer_id: UUID
    visitor: ConversationVisitor
    visitor_info: dict[str, Any]
    context: dict[str, Any]
    last_message: LastMessage | None
    unread_count: int
    queued_at: Timestamp
    assigned_at: Timestamp | None
    first_response_at: Timestamp | None
    wait_time_seconds: int | None
    first_response_time_seconds: int | None
    resolution_time_seconds: int | None


class ConversationUpdatedFrame(Answer):
    type: Literal["conversation.updated"] = "conversation.updated"
    topic: str
    conversation_id: UUID
    data: VisitorConversation | AgentConversation


class ReadFrame(Answer):
    type: Literal["read"] = "read"
    topic: str
    conversation_id: UUID
    reader: Literal["visitor", "agent"]
    seq: int


class Queue(Answer):
    waiting: int


class QueueUpdatedFrame(Answer):
    type: Literal["queue.updated"] = "queue.updated"
    topic: str
    data: Queue


class Counts(Answer):
    mine: int
    queue: int


@dataclass(frozen=True, slots=True)
class Started:
    """The visitor's open conversation, and whether this start made it."""

    conversation: VisitorConversation
    is_new: bool


async def start(tx: TenantTransaction, visitor_info: Attributes, context: Attributes) -> Started:
    """The visitor's open conversation, or a new one that an available agent gets or that waits in the queue.

    However many starts arrive at once, the key on open conversations lets one of them through.
    Raises Unavailable when others kept starting and ending conversations in between.
    """
    for _ in range(START_ATTEMPTS):
        row = await tx.one("conversations.open_of_visitor")
        if row is not None:
            return Started(visitor_view(row), is_new=False)
        row = await tx.one("conversations.insert", visitor_info=Jsonb(visitor_info), context=Jsonb(context))
        if row is not None:
            await _route(tx, row["id"])
            return Started(visitor_view(await _announce(tx, row["id"])), is_new=True)
        # Another start was first; unless its conversation has ended meanwhile, it is found now.
    raise Unavailable(retry_after=1)


async def get(tx: TenantTransaction, conversation_id: UUID) -> dict[str, Any]:
    """The row behind every view. Raises ConversationNotFound."""
    row = await tx.one("conversations.view", conversation_id=conversation_id)
    if row is None:
        raise ConversationNotFound
    return row


async def list_page(tx: TenantTransaction, view: View, cursor: str | None, limit: int) -> Page[AgentConversation]:
    """The conversations of a view, newest activity first; the queue by who has waited longest."""
    at, last_id = _read_cursor(cursor) if cursor else (None, None)
    rows = await tx.all(f"conversations.list_{view}", at=at, last_id=last_id, limit=limit + 1)
    page = rows[:limit]
    key = "queued_at" if view == "queue" else "last_activity_at"
    return Page(
        items=[agent_view(row) for row in page],
        next_cursor=_write_cursor(page[-1][key], page[-1]["id"]) if len(rows) > limit else None,
    )


async def list_own(tx: TenantTransaction, cursor: str | None, limit: int) -> Page[OwnConversation]:
    """The calling visitor's conversations, newest first. Raises Forbidden."""
    if tx.actor.kind != "visitor":
        raise Forbidden("Only a visitor lists its own conversations here.")
    at, last_id = _read_cursor(cursor) if cursor else (None, None)
    rows = await tx.all("conversations.list_own", at=at, last_id=last_id, limit=limit + 1)
    page = rows[:limit]
    return Page(
        items=[OwnConversation(**_shared(row), last_message=row["last_message"]) for row in page],
        next_cursor=_write_cursor(page[-1]["created_at"], page[-1]["id"]) if len(rows) > limit else None,
    )


async def count(tx: TenantTransaction) -> Counts:
    row = await tx.one("conversations.counts")
    assert row is not None
    return Counts(**row)


async def assign(tx: TenantTransaction, conversation_id: UUID) -> dict[str, Any]:
    """The calling agent takes a conversation from the queue; again by the same agent: nothing changes.

    Raises ConversationNotFound, ConversationClosed, AlreadyAssigned, AgentAtCapacity.
    """
    row = await _lock_open(tx, conversation_id)
    agent_id = tx.actor.agent_id
    assert agent_id is not None
    if row["assigned_agent_id"] == agent_id:
        return await get(tx, conversation_id)
    if row["assigned_agent_id"] is not None:
        raise AlreadyAssigned
    if not await agents.take_slot(tx, agent_id):
        raise AgentAtCapacity
    await _give(tx, conversation_id, agent_id, "conversation.assigned")
    return await _announce(tx, conversation_id, queue_changed=True)


async def unassign(tx: TenantTransaction, conversation_id: UUID) -> dict[str, Any]:
    """Back to the queue. Raises ConversationNotFound, ConversationClosed, NotAssigned, Forbidden."""
    row = await _lock_open(tx, conversation_id)
    if row["assigned_agent_id"] is None:
        raise NotAssigned
    _must_be_responsible(tx, row)
    await agents.free_slot(tx, row["assigned_agent_id"])
    await tx.send("conversations.queue", conversation_id=conversation_id)
    await messages.append_event(
        tx, conversation_id, "The conversation is back in the queue.", {"event": "conversation.unassigned"}
    )
    return await _announce(tx, conversation_id, queue_changed=True)


async def transfer(tx: TenantTransaction, request: Transfer) -> dict[str, Any]:
    """Hand an open conversation to a colleague, who must have room for it.

    Raises ConversationNotFound, ConversationClosed, AgentNotFound, AgentAtCapacity, Forbidden.
    """
    row = await _lock_open(tx, request.conversation_id)
    _must_be_responsible(tx, row)
    if row["assigned_agent_id"] == request.agent_id:
        return await get(tx, request.conversation_id)
    await agents.lock_for_transfer(tx, request.agent_id, row["assigned_agent_id"])
    if not await agents.take_slot(tx, request.agent_id):
        raise AgentAtCapacity
    if row["assigned_agent_id"] is not None:
        await agents.free_slot(tx, row["assigned_agent_id"])
    await _give(tx, request.conversation_id, request.agent_id, "conversation.transferred")
    return await _announce(tx, request.conversation_id, queue_changed=row["status"] == "queued")


async def end(tx: TenantTransaction, conversation_id: UUID) -> dict[str, Any]:
    """The visitor or an agent ends it for good. Ended already: nothing changes. Raises ConversationNotFound."""
    row = await _lock(tx, conversation_id)
    if row["status"] in ("resolved", "closed"):
        return await get(tx, conversation_id)
    by = tx.actor.sender_type
    metadata: dict[str, Any] = {"event": "conversation.ended", "ended_by": by}
    if tx.actor.is_agent:
        metadata["agent"] = _own_ref(tx)
    who = tx.actor.name if tx.actor.is_agent else "The visitor"
    return await _finish(tx, row, "closed", f"{who} ended the conversation.", metadata)


async def resolve(tx: TenantTransaction, conversation_id: UUID) -> dict[str, Any]:
    """An agent is done with it. Ended already: nothing changes. Raises ConversationNotFound."""
    row = await _lock(tx, conversation_id)
    if row["status"] in ("resolved", "closed"):
        return await get(tx, conversation_id)
    metadata = {"event": "conversation.resolved", "agent": _own_ref(tx)}
    return await _finish(tx, row, "resolved", f"{tx.actor.name} resolved the conversation.", metadata)


async def reopen(tx: TenantTransaction, conversation_id: UUID) -> dict[str, Any]:
    """An ended conversation goes on, with the calling agent.

    Raises ConversationNotFound, NotEnded, AgentAtCapacity, AnotherConversationOpen.
    """
    row = await _lock(tx, conversation_id)
    if row["status"] in ("queued", "active"):
        raise NotEnded
    agent_id = tx.actor.agent_id
    assert agent_id is not None
    if not await agents.take_slot(tx, agent_id):
        raise AgentAtCapacity
    await _give(tx, conversation_id, agent_id, "conversation.reopened")
    return await _announce(tx, conversation_id)


async def give_feedback(tx: TenantTransaction, draft: FeedbackDraft) -> dict[str, Any]:
    """Keep the visitor's rating; a later one replaces it. Raises ConversationNotFound, Forbidden."""
    if tx.actor.kind != "visitor":
        raise Forbidden("Only the visitor rates a conversation.")
    feedback = draft.model_dump(include={"rating", "comment", "nps"})
    if await tx.one("conversations.rate", conversation_id=draft.conversation_id, feedback=Jsonb(feedback)) is None:
        raise ConversationNotFound
    return await _announce(tx, draft.conversation_id)


async def take_details(tx: TenantTransaction, answer: messages.Message) -> None:
    """Name, e-mail and phone among a form's answers become the visitor's own, unless it is verified."""
    if answer.message_type != "form" or answer.sender_type != "visitor":
        return
    values = answer.metadata["values"]
    said = {name: (values.get(name) or "").strip()[:MAX_DETAIL] or None for name in OWN_FIELDS}
    if any(said.values()):
        await tx.one("visitors.return", **said)
        await _announce(tx, answer.conversation_id)


async def mark_read(tx: TenantTransaction, conversation_id: UUID, seq: int) -> None:
    """Note how far the caller's side has read; never backwards. Raises ConversationNotFound."""
    reader = tx.actor.sender_type
    row = await tx.one(f"conversations.read_by_{reader}", conversation_id=conversation_id, seq=seq)
    if row is None:
        raise ConversationNotFound
    for topic in (topics.conversation(conversation_id), topics.customer(tx.actor.customer_id)):
        tx.announce(topic, ReadFrame(topic=topic, conversation_id=conversation_id, reader=reader, seq=row["seq"]))


async def subscribe(tx: TenantTransaction, conversation_id: UUID, topic: str) -> dict[str, Any]:
    """Have the speaking connection listen to a conversation; answers the row as it stands at that very moment.

    The conversation's lock orders this against an append: either that sees the new listener, or this sees its message.
    Raises ConversationNotFound.
    """
    if await tx.one("conversations.lock_shared", conversation_id=conversation_id) is None:
        raise ConversationNotFound
    await connections.subscribe(tx, topic)
    return await get(tx, conversation_id)


async def last_seqs(tx: TenantTransaction, ids: list[UUID]) -> dict[UUID, int]:
    """Where those of these conversations stand that the caller may see."""
    return {row["id"]: row["last_seq"] for row in await tx.all("conversations.seqs", ids=ids)}


def visitor_view(row: dict[str, Any]) -> VisitorConversation:
    """What the visitor is shown of a row of sql/conversations.sql."""
    return VisitorConversation(**_shared(row))


def agent_view(row: dict[str, Any]) -> AgentConversation:
    """What the customer's people are shown of a row of sql/conversations.sql."""
    own = set(AgentConversation.model_fields) - set(VisitorConversation.model_fields) - {"visitor"}
    visitor = ConversationVisitor(
        id=row["visitor_id"],
        name=row["visitor_name"],
        email=row["visitor_email"],
        phone=row["visitor_phone"],
        verified=row["visitor_is_verified"],
    )
    return AgentConversation(**_shared(row), visitor=visitor, **{field: row[field] for field in own})


def view_for(tx: TenantTransaction, row: dict[str, Any]) -> VisitorConversation | AgentConversation:
    return agent_view(row) if tx.actor.is_agent else visitor_view(row)


def _shared(row: dict[str, Any]) -> dict[str, Any]:
    agent_id = row["assigned_agent_id"]
    agent = AgentRef(id=agent_id, name=row["agent_name"], avatar=row["agent_avatar"]) if agent_id else None
    shared = set(VisitorConversation.model_fields) - {"agent"}
    return {"agent": agent, **{field: row[field] for field in shared}}


async def _lock(tx: TenantTransaction, conversation_id: UUID) -> dict[str, Any]:
    row = await tx.one("conversations.lock", conversation_id=conversation_id)
    if row is None:
        raise ConversationNotFound
    return row


async def _lock_open(tx: TenantTransaction, conversation_id: UUID) -> dict[str, Any]:
    row = await _lock(tx, conversation_id)
    if row["status"] not in ("queued", "active"):
        raise ConversationClosed
    return row


def _must_be_responsible(tx: TenantTransaction, row: dict[str, Any]) -> None:
    """A conversation is handed on by its agent or an admin; one that nobody has, by any agent."""
    if row["assigned_agent_id"] not in (None, tx.actor.agent_id) and tx.actor.kind != "admin":
        raise Forbidden("Only its agent or an admin hands a conversation on.")


async def _route(tx: TenantTransaction, conversation_id: UUID) -> None:
    """Give a new conversation to the least busy available agent with room, unless its widget leaves that to people."""
    rules = await tx.one("conversations.routing_rules")
    if rules and rules["assignment"] == "manual":
        return
    agent_id = await agents.take_least_busy(tx)
    if agent_id is not None:
        await _give(tx, conversation_id, agent_id, "conversation.assigned")


async def _give(tx: TenantTransaction, conversation_id: UUID, agent_id: UUID, event: str) -> None:
    row = await tx.one("conversations.give", conversation_id=conversation_id, agent_id=agent_id)
    assert row is not None
    words = {
        "conversation.assigned": "joined the conversation.",
        "conversation.transferred": "took over the conversation.",
        "conversation.reopened": "reopened the conversation.",
    }
    agent = {"id": str(agent_id), "name": row["agent_name"], "avatar": row["agent_avatar"]}
    await messages.append_event(tx, conversation_id, f"{row['agent_name']} {words[event]}", {"event": event, "agent": agent})


async def _finish(
    tx: TenantTransaction,
    row: dict[str, Any],
    status: Literal["resolved", "closed"],
    content: str,
    metadata: dict[str, Any],
) -> dict[str, Any]:
    if row["assigned_agent_id"] is not None:
        await agents.free_slot(tx, row["assigned_agent_id"])
    await tx.send("conversations.finish", conversation_id=row["id"], status=status)
    await messages.append_event(tx, row["id"], content, metadata)
    return await _announce(tx, row["id"], queue_changed=row["status"] == "queued")


async def _announce(tx: TenantTransaction, conversation_id: UUID, *, queue_changed: bool = False) -> dict[str, Any]:
    """Tell the visitor and the customer's agents how the conversation stands now; answers its row."""
    row = await get(tx, conversation_id)
    narrow, wide = topics.conversation(conversation_id), topics.customer(tx.actor.customer_id)
    views: tuple[tuple[str, VisitorConversation | AgentConversation], ...] = (
        (narrow, visitor_view(row)),
        (wide, agent_view(row)),
    )
    for topic, data in views:
        tx.announce(topic, ConversationUpdatedFrame(topic=topic, conversation_id=conversation_id, data=data))
    if queue_changed or row["status"] == "queued":
        async with tx.as_system():
            waiting = await tx.one("conversations.waiting")
        assert waiting is not None
        tx.announce(wide, QueueUpdatedFrame(topic=wide, data=Queue(waiting=waiting["waiting"])))
    return row


def _own_ref(tx: TenantTransaction) -> dict[str, Any]:
    return {"id": str(tx.actor.agent_id), "name": tx.actor.name, "avatar": tx.actor.avatar}


def _write_cursor(at: datetime, last_id: UUID) -> str:
    return base64.urlsafe_b64encode(f"{at.isoformat()}|{last_id}".encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[datetime, UUID]:
    try:
        at, _, last_id = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition("|")
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise ValueError("no time zone")
        return moment, UUID(last_id)
    except (ValueError, binascii.Error, OverflowError) as error:
        raise InvalidQuery("cursor is not one that this list gave.", errors=[{"field": "cursor"}]) from error
