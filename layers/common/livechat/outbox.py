"""The outbox: effects outside the database, written down in the transaction that causes them.

An effect is handed to the outbound function by the request that committed it, or, when that ended in between, by the
clock within two minutes: at least once, each time with the same id, by which a receiver tells repeats.
"""

from typing import Any
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from livechat import db, outbound
from livechat.db import TenantTransaction
from livechat.identity import Customer
from livechat.observe import logger

CONFIG_PATHS = ["/functions/v1/widget-config*"]


async def add(tx: TenantTransaction, kind: str, payload: dict[str, Any]) -> None:
    """Have an effect happen if, and only if, the transaction commits."""
    effect_id = uuid4()
    await tx.send("outbox.insert", id=effect_id, kind=kind, payload=Jsonb(payload))
    tx.effects[effect_id] = {"kind": kind, **payload}


async def forget_config(tx: TenantTransaction) -> None:
    """Have the CDN forget every stored configuration: who may be told of a widget has changed.

    The functions themselves answer by the new state at once; the CDN's copies would expire within 5 minutes anyway.
    """
    await add(tx, "invalidate", {"paths": CONFIG_PATHS})


async def hand_over(tx: TenantTransaction) -> None:
    """Pass on what a committed transaction caused. Never raises: what fails here is left to the clock."""
    if not tx.effects:
        return
    try:
        await outbound.enqueue([{"id": str(effect_id), **effect} for effect_id, effect in tx.effects.items()])
        async with db.system(Customer(tx.actor.customer_id)) as clean_up:
            await clean_up.one("outbox.drop", ids=list(tx.effects))
    except Exception:  # noqa: BLE001 - the cause is committed; failing its request would deny that
        logger.exception("effects are left to the clock")


async def hand_over_left_overs() -> int:
    """The clock's part; how many there were. Raises what the queue raises, and then leaves them where they are."""
    async with db.job() as tx:
        rows = await tx.all("outbox.left_over")
        if rows:
            await outbound.enqueue([{"id": str(row["id"]), "kind": row["kind"], **row["payload"]} for row in rows])
            await tx.all("outbox.drop_left_over", ids=[UUID(str(row["id"])) for row in rows])
    return len(rows)
