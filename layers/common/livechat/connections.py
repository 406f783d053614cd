"""The connections table: which sockets are open, whose they are, and what they listen to.

Nothing else reads or writes it, so that another store can take its place (docs/decisions/0003).
"""

from collections import defaultdict
from typing import TYPE_CHECKING

from livechat.errors import Unauthenticated

if TYPE_CHECKING:  # db calls this module to find out who listens
    from livechat.db import TenantTransaction, Transaction
    from livechat.identity import TicketHolder


async def open_with(tx: "TenantTransaction", ticket: "TicketHolder") -> None:
    """Open a connection for the ticket's holder. Raises Unauthenticated when the ticket was used before."""
    used = await tx.one("connections.use_ticket", ticket_id=ticket.ticket_id, expires_at=ticket.expires_at)
    if used is None:
        raise Unauthenticated("The ticket was used before.")
    await tx.one("connections.open")


async def touch(tx: "TenantTransaction") -> None:
    """Note a sign of life of the connection that speaks."""
    await tx.send("connections.touch")
    if tx.actor.is_agent:
        await tx.send("connections.touch_sessions")


async def subscribe(tx: "TenantTransaction", topic: str) -> None:
    await tx.one("connections.subscribe", topic=topic)


async def unsubscribe(tx: "TenantTransaction", topic: str) -> None:
    await tx.one("connections.unsubscribe", topic=topic)


async def subscribers(tx: "TenantTransaction", topics: list[str]) -> dict[str, list[str]]:
    """The connection ids that listen, by topic."""
    async with tx.as_system():
        rows = await tx.all("connections.subscribers", topics=topics)
    found: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        found[row["topic"]].append(row["connection_id"])
    return found


async def close(tx: "Transaction", connection_ids: list[str]) -> None:
    """Remove connections that are gone, whosever they were, in a transaction of the system for their customer."""
    await tx.send("connections.close_sessions", connection_ids=connection_ids)
    await tx.send("connections.close", connection_ids=connection_ids)
