"""Tickets: what a client shows to open one socket."""

from livechat import identity
from livechat.db import TenantTransaction
from livechat.settings import settings
from livechat.wire import Answer


class Ticket(Answer):
    """What opens one socket, within `expires_in` seconds."""

    ticket: str
    websocket_url: str
    expires_in: int


def issue(tx: TenantTransaction, origin: str | None) -> Ticket:
    """A ticket for the admitted actor, on the site that asks for it."""
    life = int(identity.TICKET_LIFE.total_seconds())
    return Ticket(ticket=identity.ticket(tx.actor, origin), websocket_url=settings().websocket_url, expires_in=life)
