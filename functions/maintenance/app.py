"""What is done by the clock: effects left over, partitions made ahead, and what has expired swept away."""

from typing import Any

from livechat import db, loop, outbox
from livechat.observe import logger

PARTITIONS_AHEAD_MONTHS = 3


async def _sweep() -> dict[str, int]:
    async with db.job() as tx:
        rows = {
            name: await tx.all(f"maintenance.{name}")
            for name in ("connections", "agent_sessions", "used_tickets", "api_rate_limits")
        }
    return {name: len(found) for name, found in rows.items()}


async def _make_partitions() -> dict[str, int]:
    async with db.job() as tx:
        row = await tx.one("maintenance.make_partitions", ahead=PARTITIONS_AHEAD_MONTHS)
    return {"partitions": row["made"] if row else 0}


async def _hand_over() -> dict[str, int]:
    return {"effects": await outbox.hand_over_left_overs()}


TASKS = {"outbox": _hand_over, "sweep": _sweep, "partitions": _make_partitions}


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """The schedule's input names the task: {"task": "outbox" | "sweep" | "partitions"}. Raises KeyError for another."""
    task = event["task"]
    done = loop.run(TASKS[task]())
    logger.info("maintenance done", extra={"task": task, "done": done})
    return done
