"""Handing work to the outbound function by its queue: what must not be waited for, or is reached only from outside."""

import asyncio
import json
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from livechat.settings import settings


@cache
def _queue() -> Any:
    # Its callers wait for it after their commit: better left to the clock than late.
    return boto3.client("sqs", config=Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 1}))


async def enqueue(work: list[dict[str, Any]]) -> None:
    """Put pieces of work on the queue, each {"kind": "push" | "invalidate", …}; without a queue there is nobody to do it.

    Raises botocore's errors when the queue cannot be reached.
    """
    url = settings().outbound_queue_url
    if url:
        await asyncio.to_thread(_send, url, [json.dumps(piece) for piece in work])


def _send(url: str, texts: list[str]) -> None:
    for text in texts:
        _queue().send_message(QueueUrl=url, MessageBody=text)
