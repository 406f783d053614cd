"""The audit log: who changed what, from where, with what before and after."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from livechat import identity
from livechat.db import TenantTransaction

MAX_USER_AGENT = 300


@dataclass(frozen=True, slots=True)
class Source:
    """Where a change came from: the client's address as the trusted hop saw it, and its user agent."""

    address: str | None
    user_agent: str | None


async def record(
    tx: TenantTransaction, source: Source, action: str, resource_type: str, resource_id: UUID, changes: dict[str, Any]
) -> None:
    """Append one line, in the transaction of the change itself. The address is stored as a keyed digest only."""
    await tx.send(
        "audit.insert",
        action=action,
        resource_type=resource_type,
        resource_id=str(resource_id),
        changes=Jsonb(changes),
        ip_address=identity.digest("address", source.address) if source.address else None,
        user_agent=source.user_agent[:MAX_USER_AGENT] if source.user_agent else None,
    )
