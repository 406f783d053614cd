"""Agents: who they are, whether they can take a conversation, and how they have done."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import StringConstraints

from livechat import topics
from livechat.db import TenantTransaction
from livechat.errors import AgentNotFound, Forbidden, ValidationFailed
from livechat.wire import Answer, Body, Page, Text

PresenceStatus = Literal["online", "away", "busy", "offline"]


class PresenceRequest(Body):
    status: PresenceStatus
    socket_id: Annotated[Text, StringConstraints(min_length=1, max_length=128)] | None = None


class Me(Answer):
    """The calling agent."""

    id: UUID
    customer_id: UUID
    company_name: str
    display_name: str
    email: str
    avatar_url: str | None
    role: Literal["agent", "admin"]
    status: PresenceStatus
    max_concurrent_chats: int
    current_chat_count: int
    departments: list[str]
    skills: list[str]


class Colleague(Answer):
    """Another agent of the same customer; `status` is offline when nothing was heard of it for 90 s."""

    id: UUID
    name: str
    avatar: str | None
    status: PresenceStatus
    current_chat_count: int
    max_concurrent_chats: int


class ConversationCounts(Answer):
    active: int
    total: int
    ended: int


class FeedbackSummary(Answer):
    count: int
    average_rating: float | None
    average_nps: float | None


class Stats(Answer):
    """How the agent has done, over all its conversations; times in seconds."""

    agent_id: UUID
    display_name: str
    status: PresenceStatus
    current_chat_count: int
    max_concurrent_chats: int
    conversations: ConversationCounts
    average_first_response_seconds: float | None
    average_resolution_seconds: float | None
    feedback: FeedbackSummary


class Presence(Answer):
    """How an agent is present, for its colleagues."""

    agent_id: UUID
    name: str
    avatar: str | None
    status: Literal["online", "away", "busy", "offline"]
    current_chat_count: int
    max_concurrent_chats: int


class PresenceUpdatedFrame(Answer):
    type: Literal["presence.updated"] = "presence.updated"
    topic: str
    data: Presence


async def me(tx: TenantTransaction) -> Me:
    row = await tx.one("agents.me")
    assert row is not None
    return Me(
        company_name=tx.actor.company_name,
        **{field: row[field] for field in Me.model_fields if field != "company_name"},
    )


async def set_presence(tx: TenantTransaction, request: PresenceRequest) -> Me:
    """Make the calling agent assignable, or not. Raises ValidationFailed when socket_id is not one of its own."""
    if request.socket_id is not None:
        if await tx.one("agents.own_connection", socket_id=request.socket_id) is None:
            problem = {"field": "socket_id", "message": "is not one of your open connections", "type": "unknown"}
            raise ValidationFailed(errors=[problem])
        await tx.send("agents.note_session", socket_id=request.socket_id, status=request.status)
    await tx.send("agents.set_status", status=request.status)
    now = await me(tx)
    _announce(tx, now.model_dump())
    return now


async def colleagues(tx: TenantTransaction) -> Page[Colleague]:
    """Every active agent of the customer, by name."""
    return Page(items=[Colleague(**row) for row in await tx.all("agents.colleagues")], next_cursor=None)


async def stats(tx: TenantTransaction) -> Stats:
    row = await tx.one("agents.stats")
    assert row is not None
    return Stats(
        agent_id=row["id"],
        display_name=row["display_name"],
        status=row["status"],
        current_chat_count=row["current_chat_count"],
        max_concurrent_chats=row["max_concurrent_chats"],
        conversations=ConversationCounts(active=row["active"], total=row["total"], ended=row["ended"]),
        average_first_response_seconds=row["average_first_response_seconds"],
        average_resolution_seconds=row["average_resolution_seconds"],
        feedback=FeedbackSummary(
            count=row["feedback_count"], average_rating=row["average_rating"], average_nps=row["average_nps"]
        ),
    )


async def take_least_busy(tx: TenantTransaction) -> UUID | None:
    """Take a slot of the least busy available agent; None when nobody has room.

    Agents whose rows are just being changed are passed over first, and waited for only when nobody else has room.
    A row that was waited for may turn out to be full, hence the second look.
    """
    async with tx.as_system():
        for name in ("agents.take_least_busy_unlocked", "agents.take_least_busy", "agents.take_least_busy"):
            row = await tx.one(name)
            if row is not None:
                _announce(tx, row)
                return UUID(str(row["id"]))
    return None


async def take_slot(tx: TenantTransaction, agent_id: UUID) -> bool:
    """Count one more conversation for the agent; False, and nothing counted, when it has no room."""
    async with tx.as_system():
        row = await tx.one("agents.take_slot", agent_id=agent_id)
    if row is not None:
        _announce(tx, row)
    return row is not None


async def free_slot(tx: TenantTransaction, agent_id: UUID) -> None:
    async with tx.as_system():
        row = await tx.one("agents.free_slot", agent_id=agent_id)
    if row is not None:
        _announce(tx, row)


async def lock_for_transfer(tx: TenantTransaction, to: UUID, source: UUID | None) -> None:
    """Lock both agents in the order of their ids, so that two transfers cannot wait for each other.

    Raises AgentNotFound unless `to` is an active agent of this customer.
    """
    async with tx.as_system():
        locked = await tx.all("agents.lock_for_transfer", agent_ids=[agent_id for agent_id in (to, source) if agent_id])
    if not any(row["id"] == to and row["is_active"] for row in locked):
        raise AgentNotFound


def must_be_admin(tx: TenantTransaction) -> None:
    if tx.actor.kind != "admin":
        raise Forbidden("Only an admin may do this.")


def _announce(tx: TenantTransaction, row: dict[str, Any]) -> None:
    """Tell the customer's agents how one of them is present."""
    topic = topics.customer(tx.actor.customer_id)
    presence = Presence(
        agent_id=row["id"],
        name=row["display_name"],
        avatar=row["avatar_url"],
        status=row["status"],
        current_chat_count=row["current_chat_count"],
        max_concurrent_chats=row["max_concurrent_chats"],
    )
    tx.announce(topic, PresenceUpdatedFrame(topic=topic, data=presence))
