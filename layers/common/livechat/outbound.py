"""Handing work to the outbound function by its queue: what must not be waited for, or is reached only from outside."""

import asyncio
import json
from functools import cache
from typing import Any

import boto3

from livechat.settings import settings


@cache
def _queue() -> Any:
    return boto3.client("sqs")


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
