"""Lambda's pollers of queues: batches in, done messages deleted, failed ones left to their visibility time-out.

SQS itself (moto) counts receipts and moves what failed too often to the dead-letter queue.
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

import asyncio
from typing import Any

import aiohttp

from local import events
from local.credentials import authorization
from local.environments import InvocationFailed
from local.functions import Functions
from local.templates import QueueSource

WAIT_SECONDS = 20  # SQS's longest
ERROR_PAUSE_SECONDS = 1.0


class Queue:
    """One queue, called as boto3 would, but without a thread."""

    def __init__(self, url: str, endpoint: str, http: aiohttp.ClientSession) -> None:
        self._url = url
        self._endpoint = endpoint
        self._http = http

    async def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        headers = {
            "content-type": "application/x-amz-json-1.0",
            "x-amz-target": f"AmazonSQS.{operation}",
            "authorization": authorization("sqs"),
        }
        body = events.compact({"QueueUrl": self._url, **parameters})
        async with self._http.post(self._endpoint, data=body, headers=headers) as response:
            response.raise_for_status()
            answer: dict[str, Any] = await response.json(content_type=None) or {}
            return answer


async def keep(source: QueueSource, url: str, endpoint: str, functions: Functions) -> None:
    """Feed the queue's messages to its function, until cancelled."""
    timeout = aiohttp.ClientTimeout(total=WAIT_SECONDS + 10)
    async with aiohttp.ClientSession(timeout=timeout) as http:
        queue = Queue(url, endpoint, http)
        while True:
            try:
                received = await queue.call(
                    "ReceiveMessage",
                    MaxNumberOfMessages=min(source.batch_size, 10),
                    WaitTimeSeconds=WAIT_SECONDS,
                    AttributeNames=["All"],
                    MessageAttributeNames=["All"],
                )
                if messages := received.get("Messages"):
                    await _hand_over(messages, source, queue, functions)
            except (aiohttp.ClientError, TimeoutError):
                await asyncio.sleep(ERROR_PAUSE_SECONDS)


async def _hand_over(messages: list[dict[str, Any]], source: QueueSource, queue: Queue, functions: Functions) -> None:
    try:
        event = events.sqs_event(messages, source.queue_arn)
        payload = await functions.invoke(source.function, events.compact(event))
    except InvocationFailed:
        return
    failed = events.failed_messages(payload) if source.reports_failures else set()
    if failed is None:
        return
    done = [message for message in messages if message["MessageId"] not in failed]
    if done:
        entries = [{"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]} for number, message in enumerate(done)]
        await queue.call("DeleteMessageBatch", Entries=entries)
