"""Queues, schedules and the upload form: what AWS does beside answering requests."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import urllib3
from aws_lambda_powertools.utilities.parser.models import EventBridgeModel, SqsModel

from local import events
from local.schedules import next_time
from local.templates import TemplateUnsupported
from tests.gateway.conftest import PATIENCE_SECONDS, Ear, aws
from tests.stack import Edge


@pytest.fixture(scope="module")
def variables(edge: Edge, http: urllib3.PoolManager) -> dict[str, str]:
    return dict(http.request("GET", f"{edge.base_url}/echo/x").json()["environment"])


@pytest.fixture
def sqs(edge: Edge) -> Iterator[Any]:
    client = aws("sqs", edge)
    yield client
    client.close()


def test_a_message_reaches_its_function_once(edge: Edge, ear: Ear, sqs: Any, variables: dict[str, str]) -> None:
    url = variables["QUEUE_URL"]
    attributes = {"kind": {"DataType": "String", "StringValue": "trial"}}
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"report_to": ear.port}), MessageAttributes=attributes)
    record = ear.hear()["record"]
    parsed = SqsModel.model_validate({"Records": [record]}).Records[0]
    assert parsed.eventSource == "aws:sqs"
    assert parsed.eventSourceARN.endswith(":livechat-local-Queue")
    assert parsed.messageAttributes["kind"].stringValue == "trial"
    assert parsed.attributes.ApproximateReceiveCount == "1"


def test_a_message_that_fails_comes_again_and_then_goes_to_the_dead_letters(
    edge: Edge, ear: Ear, sqs: Any, variables: dict[str, str]
) -> None:
    url = variables["QUEUE_URL"]
    sent = sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"report_to": ear.port, "fail": True}))["MessageId"]
    attempts = [ear.hear()["record"] for _ in range(2)]
    assert [attempt["messageId"] for attempt in attempts] == [sent, sent]
    assert [attempt["attributes"]["ApproximateReceiveCount"] for attempt in attempts] == ["1", "2"]
    dead = url.replace("Queue", "DeadLetterQueue")
    (letter,) = sqs.receive_message(QueueUrl=dead, WaitTimeSeconds=PATIENCE_SECONDS)["Messages"]
    assert letter["MessageId"] == sent


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        ("null", set()),
        ('{"batchItemFailures": []}', set()),
        ('{"batchItemFailures": [{"itemIdentifier": "a"}]}', {"a"}),
        ('{"batchItemFailures": [{"itemIdentifier": ""}]}', None),
        ('{"batchItemFailures": [{"id": "a"}]}', None),
        ('["a"]', None),
    ],
)
def test_a_malformed_report_means_that_all_failed(answer: str, failed: set[str] | None) -> None:
    assert events.failed_messages(answer.encode()) == failed


NOON = datetime(2026, 2, 27, 12, 0, 30, tzinfo=UTC)  # a Friday


@pytest.mark.parametrize(
    ("expression", "due"),
    [
        ("rate(1 minute)", "2026-02-27 12:01:30"),
        ("rate(2 hours)", "2026-02-27 14:00:30"),
        ("rate(1 day)", "2026-02-28 12:00:30"),
        ("cron(10 2 * * ? *)", "2026-02-28 02:10:00"),
        ("cron(0/15 * * * ? *)", "2026-02-27 12:15:00"),
        ("cron(0 12 * * ? *)", "2026-02-28 12:00:00"),
        ("cron(30 8 ? * MON-FRI *)", "2026-03-02 08:30:00"),
        ("cron(0 0 1 JAN,JUL ? *)", "2026-07-01 00:00:00"),
        ("cron(0 0 29 2 ? *)", "2028-02-29 00:00:00"),
    ],
)
def test_a_schedule_is_due_when_eventbridge_says(expression: str, due: str) -> None:
    assert next_time(expression, NOON) == datetime.fromisoformat(due).replace(tzinfo=UTC)


@pytest.mark.parametrize("expression", ["rate(1 fortnight)", "cron(0 0 L * ? *)", "cron(0 0 * *)", "at(2026-01-01T00:00:00)"])
def test_an_unknown_schedule_is_refused_at_the_start(expression: str) -> None:
    with pytest.raises(TemplateUnsupported):
        next_time(expression, NOON)


def test_a_schedules_event_is_eventbridges() -> None:
    parsed = EventBridgeModel.model_validate(events.schedule_event("Rule", NOON))
    assert (parsed.source, parsed.detail_type, parsed.time) == ("aws.events", "Scheduled Event", NOON)


class Form:
    """A presigned form for one PNG of up to 100 bytes."""

    def __init__(
        self, edge: Edge, bucket: str, http: urllib3.PoolManager, *, expires: int = 60, signature: str = "s3v4"
    ) -> None:
        client = aws("s3", edge, signature=signature)
        self._http = http
        self.presigned = client.generate_presigned_post(
            bucket,
            "uploads/${filename}",
            Fields={"Content-Type": "image/png"},
            Conditions=[
                {"Content-Type": "image/png"},
                ["starts-with", "$key", "uploads/"],
                ["content-length-range", 1, 100],
            ],
            ExpiresIn=expires,
        )
        client.close()

    def send(self, content: bytes, **changed: str) -> tuple[int, bytes]:
        fields = {**self.presigned["fields"], **changed}
        fields = {name: value for name, value in fields.items() if value}
        answer = self._http.request("POST", self.presigned["url"], fields={**fields, "file": ("a.png", content, "image/png")})
        return answer.status, answer.data


@pytest.fixture
def form(edge: Edge, variables: dict[str, str], http: urllib3.PoolManager) -> Form:
    return Form(edge, variables["BUCKET"], http)


def test_a_form_that_keeps_its_policy_is_stored(edge: Edge, form: Form, variables: dict[str, str]) -> None:
    assert form.send(b"x" * 100)[0] == 204
    client = aws("s3", edge)
    stored = client.get_object(Bucket=variables["BUCKET"], Key="uploads/a.png")
    assert (stored["Body"].read(), stored["ContentType"]) == (b"x" * 100, "image/png")
    client.close()


@pytest.mark.parametrize(
    ("content", "changed", "status", "code"),
    [
        (b"x" * 101, {}, 400, b"EntityTooLarge"),
        (b"", {}, 400, b"EntityTooSmall"),
        (b"x", {"Content-Type": "text/html"}, 403, b"Policy Condition failed"),
        (b"x", {"key": "elsewhere/a.png"}, 403, b"Policy Condition failed"),
        (b"x", {"acl": "public-read"}, 403, b"Extra input fields: acl"),
        (b"x", {"policy": "e30="}, 403, b"SignatureDoesNotMatch"),
        (b"x", {"policy": ""}, 403, b"AccessDenied"),
    ],
)
def test_a_form_that_breaks_its_policy_is_refused(
    form: Form, content: bytes, changed: dict[str, str], status: int, code: bytes
) -> None:
    answered, body = form.send(content, **changed)
    assert (answered, code in body) == (status, True), body


def test_a_form_expires(edge: Edge, variables: dict[str, str], http: urllib3.PoolManager) -> None:
    status, body = Form(edge, variables["BUCKET"], http, expires=-1).send(b"x")
    assert (status, b"Policy expired" in body) == (403, True)


def test_a_form_signed_in_the_old_way_is_refused_as_new_buckets_do(
    edge: Edge, variables: dict[str, str], http: urllib3.PoolManager
) -> None:
    status, body = Form(edge, variables["BUCKET"], http, signature="s3").send(b"x")
    assert (status, b"AWS4-HMAC-SHA256" in body) == (400, True)
