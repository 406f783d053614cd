"""Effects outside the database: caused by the transaction that commits, handed over at least once."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import boto3
import pytest

from livechat import db, outbox, settings, widgets
from livechat.widgets import WidgetChange
from tests.database.world import SOMEWHERE, Database, World

pytestmark = pytest.mark.anyio

QUIET = WidgetChange(name="Another name")


@pytest.fixture
async def queue(aws: None, database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """A queue of the test's own, as the functions' setting names it, and an empty outbox before it."""
    await database.do("delete from outbox")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    url = str(boto3.client("sqs").create_queue(QueueName=f"outbound-{uuid4().hex}")["QueueUrl"])
    monkeypatch.setenv("LIVECHAT_OUTBOUND_QUEUE_URL", url)
    yield url
    settings.settings.cache_clear()


def received(url: str) -> list[dict[str, Any]]:
    answer = boto3.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


async def left(database: Database) -> int:
    return int((await database.one("select count(*) from outbox"))["count"])


async def test_an_effect_is_handed_over_once_and_dropped(
    environment: None, queue: str, database: Database, world: World
) -> None:
    settings.settings.cache_clear()
    async with db.tenant(world.acme.admin.principal) as tx:
        await widgets.update(tx, world.acme.widget_id, QUIET, SOMEWHERE)
    assert await left(database) == 1
    await outbox.hand_over(tx)
    (work,) = received(queue)
    assert (work["kind"], work["paths"]) == ("invalidate", outbox.CONFIG_PATHS)
    assert work["id"] in map(str, tx.effects)
    assert await left(database) == 0


async def test_what_is_rolled_back_has_no_effect(environment: None, queue: str, database: Database, world: World) -> None:
    async def change_and_fail() -> None:
        async with db.tenant(world.acme.admin.principal) as tx:
            await widgets.update(tx, world.acme.widget_id, QUIET, SOMEWHERE)
            raise LookupError

    settings.settings.cache_clear()
    with pytest.raises(LookupError):
        await change_and_fail()
    assert await left(database) == 0
    assert received(queue) == []


async def test_the_clock_hands_over_what_a_request_could_not(
    as_the_jobs: None, queue: str, database: Database, world: World
) -> None:
    settings.settings.cache_clear()
    async with database.tenant(world.acme.admin.principal) as tx:
        await widgets.update(tx, world.acme.widget_id, QUIET, SOMEWHERE)
    assert await outbox.hand_over_left_overs() == 0, "its request may still be at it"
    await database.do("update outbox set created_at = created_at - interval '1 minute'")
    assert await outbox.hand_over_left_overs() == 1
    (work,) = received(queue)
    assert work["id"] in map(str, tx.effects), "the same id again, by which a receiver tells repeats"
    assert await outbox.hand_over_left_overs() == 0
    assert await left(database) == 0


async def test_a_queue_that_cannot_be_reached_loses_nothing_and_fails_no_request(
    environment: None, queue: str, database: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVECHAT_OUTBOUND_QUEUE_URL", queue + "-that-is-not-there")
    settings.settings.cache_clear()
    async with db.tenant(world.acme.admin.principal) as tx:
        await widgets.update(tx, world.acme.widget_id, QUIET, SOMEWHERE)
    await outbox.hand_over(tx)
    assert await left(database) == 1
