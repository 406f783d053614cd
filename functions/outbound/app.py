"""Work for outside the request: fan-out to wide audiences. Runs outside the network and has no database."""

import json
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from livechat.observe import logger
from livechat.push import Pusher
from livechat.settings import OutboundSettings

processor = BatchProcessor(event_type=EventType.SQS)


@cache
def _pusher() -> Pusher:
    return Pusher(OutboundSettings().connections_url)


def _handle(record: SQSRecord) -> None:
    """Push one frame to its listeners; who is gone is left to the clean-up of stale connections.

    Raises ValueError for work of a kind that nobody knows, so that it ends among the dead letters.
    """
    work = json.loads(record.body)
    if work.get("kind") != "push":
        raise ValueError(f"unknown kind of work: {work.get('kind')!r}")
    frame = work["frame"].encode()
    _pusher().post_all([(connection_id, frame) for connection_id in work["connection_ids"]], seconds=None)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return dict(process_partial_response(event=event, record_handler=_handle, processor=processor, context=context))
