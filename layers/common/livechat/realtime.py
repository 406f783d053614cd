"""Pushing frames to sockets, after the commit and before the answer: a push is a hint, so it never fails a request."""

import asyncio
from collections import defaultdict
from functools import cache
from typing import Any

from pydantic import BaseModel

from livechat import connections, db, outbound
from livechat.db import TenantTransaction
from livechat.identity import Customer
from livechat.observe import logger
from livechat.push import Pusher
from livechat.settings import settings

# Above this many sockets the fan-out goes through a queue: the request must not wait for a large customer's agents.
WIDE_AUDIENCE = 100
# SQS holds 1 MiB a message; ids are some 16 bytes.
IDS_PER_QUEUE_MESSAGE = 2000


# A connection's id and an encoded frame.
Post = tuple[str, bytes]


@cache
def pusher() -> Pusher:
    return Pusher(settings().connections_url)


def encode(frame: BaseModel) -> bytes:
    return frame.model_dump_json().encode()


async def publish(tx: TenantTransaction) -> None:
    """Push what a committed transaction announced to those who listened when it committed.

    Never raises: a client that misses a push sees the hole in `seq`, or a higher one in the next pong.
    """
    try:
        at_once: list[Post] = []
        by_queue: list[Post] = []
        for announcement in tx.announcements:
            listeners = tx.listeners.get(announcement.topic, [])
            body = encode(announcement.frame)
            posts = [(listener, body) for listener in listeners if listener != announcement.except_connection]
            # Only a customer's own topic grows wide; the two who talk are never made to wait for it.
            (by_queue if len(listeners) > WIDE_AUDIENCE and settings().outbound_queue_url else at_once).extend(posts)
        if by_queue:
            await outbound.enqueue(_wide_fan_out(by_queue))
        if not at_once:
            return
        gone = await asyncio.to_thread(pusher().post_all, at_once)
        if gone:
            async with db.system(Customer(tx.actor.customer_id)) as clean_up:
                await connections.close(clean_up, sorted(gone))
    except Exception:  # noqa: BLE001 - a lost push harms nothing, a failed request would
        logger.exception("publishing failed")


async def answer(connection_id: str, frame: BaseModel) -> None:
    """Push one frame to the socket that has just spoken; like every push it may be lost, and never raises."""
    try:
        await asyncio.to_thread(pusher().post_all, [(connection_id, encode(frame))])
    except Exception:  # noqa: BLE001 - a lost push harms nothing, a failed request would
        logger.exception("answering failed")


def _wide_fan_out(posts: list[Post]) -> list[dict[str, Any]]:
    """Work for the outbound function: one piece for a frame and its listeners."""
    by_frame: dict[bytes, list[str]] = defaultdict(list)
    for connection_id, body in posts:
        by_frame[body].append(connection_id)
    return [
        {"kind": "push", "frame": body.decode(), "connection_ids": ids[at : at + IDS_PER_QUEUE_MESSAGE]}
        for body, ids in by_frame.items()
        for at in range(0, len(ids), IDS_PER_QUEUE_MESSAGE)
    ]
