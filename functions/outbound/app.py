"""Work for outside the request: wide fan-out, invalidation of the CDN. Runs outside the network and has no database."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from livechat.observe import logger
from livechat.push import Pusher
from livechat.settings import OutboundSettings

processor = BatchProcessor(event_type=EventType.SQS)


@cache
def _settings() -> OutboundSettings:
    return OutboundSettings()


@cache
def _pusher() -> Pusher:
    return Pusher(_settings().connections_url)


@cache
def _cdn() -> Any:
    return boto3.client("cloudfront")


def _push(work: dict[str, Any]) -> None:
    """One frame to its listeners; who is gone is left to the clean-up of stale connections."""
    frame = work["frame"].encode()
    _pusher().post_all([(connection_id, frame) for connection_id in work["connection_ids"]], seconds=None)


def _invalidate(work: dict[str, Any]) -> None:
    if _settings().distribution_id:
        paths = {"Quantity": len(work["paths"]), "Items": work["paths"]}
        batch = {"Paths": paths, "CallerReference": work["id"]}
        _cdn().create_invalidation(DistributionId=_settings().distribution_id, InvalidationBatch=batch)


KINDS: dict[str, Callable[[dict[str, Any]], None]] = {"push": _push, "invalidate": _invalidate}


def _handle(record: SQSRecord) -> None:
    """Work may come twice, with the same id: both kinds there are may be done again.

    Raises KeyError for work of a kind that nobody knows, so that it ends among the dead letters."""
    work = json.loads(record.body)
    KINDS[work["kind"]](work)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return dict(process_partial_response(event=event, record_handler=_handle, processor=processor, context=context))
