"""What counts as JSON, and what of it can be stored: nothing that two readers read differently, nothing Postgres refuses."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from livechat import http
from livechat.agents import PresenceRequest
from livechat.conversations import FeedbackDraft
from livechat.customers import NewCustomer
from livechat.errors import InvalidJson
from livechat.frames import client_frame
from livechat.messages import Draft
from livechat.visitors import Identification, VisitorInfo
from livechat.widgets import WidgetChange, WidgetConfig
from livechat.wire import MAX_JSON_DEPTH

ID = "0190a5c2-7e3b-7cc0-8000-2d1c9e0f4a5b"
NUMBERS = st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_what_json_can_say_is_read_as_it_was_meant(value: Any) -> None:
    assert http.parse_json(json.dumps(value)) == value
    assert http.parse_json(json.dumps(value, ensure_ascii=False).encode()) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "{",
        "{'a': 1}",
        '{"a": 1,}',
        '{"a": 1} {"a": 1}',
        "NaN",
        '{"a": NaN}',
        '{"a": Infinity}',
        '{"a": -Infinity}',
        '{"a": 1e999}',
        '{"a": [-1e999]}',
        '{"a": 01}',
        '{"a": .5}',
        '{"a": "\\ud83d"}',
        '{"a": "\\ude00\\ud83d"}',
        '{"\\ud83d": 1}',
        '{"a": "\n"}',
        '{"a": 1, "a": 1}',
        '{"a": {"b": 1, "c": 2, "b": 3}}',
        '[{"a": 1, "\\u0061": 2}]',
        "[" * 100_000,
        "[" * 5_000 + "]" * 5_000,
        '{"a":' * 5_000 + "1" + "}" * 5_000,
        "1" * 5_000,
        "\ufeff{}",
        "/* hello */ {}",
    ],
    ids=lambda text: text[:20],
)
def test_what_readers_could_read_differently_is_refused(text: str) -> None:
    with pytest.raises(InvalidJson):
        http.parse_json(text)


@pytest.mark.parametrize(
    "body", [b"\xff\xfe{}", b'{"a": "\xff"}', b'{"a": "\xed\xa0\x80"}', b"\x80", '{"a": 1}'.encode("utf-16")]
)
def test_what_is_not_utf_8_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidJson):
        http.parse_json(body)


@given(st.binary(max_size=200))
def test_any_bytes_are_either_json_or_refused(body: bytes) -> None:
    try:
        http.parse_json(body)
    except InvalidJson as refusal:
        assert len(refusal.detail) <= 200  # noqa: PT017 - most bytes are refused, some are not


@given(st.from_regex(r"-?[0-9]{1,12}(\.[0-9]{1,12})?([eE][+-]?[0-9]{1,4})?", fullmatch=True))
def test_a_number_is_finite_or_refused(digits: str) -> None:
    try:
        number = http.parse_json(digits)
    except InvalidJson:
        return
    assert math.isfinite(number)


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth):
        value = {"a": value}
    return value


BODIES: list[tuple[type[BaseModel], dict[str, Any], str]] = [
    (Draft, {"conversation_id": ID, "sender_type": "visitor", "content": "x"}, "content"),
    (Draft, {"conversation_id": ID, "sender_type": "visitor", "content": "x"}, "client_message_id"),
    (Identification, {"id": "u-1"}, "id"),
    (Identification, {"id": "u-1"}, "hash"),
    (VisitorInfo, {}, "name"),
    (VisitorInfo, {}, "email"),
    (VisitorInfo, {}, "phone"),
    (VisitorInfo, {}, "something_of_the_customers_own"),
    (FeedbackDraft, {"conversation_id": ID, "rating": 5}, "comment"),
    (PresenceRequest, {"status": "online"}, "socket_id"),
    (WidgetConfig, {}, "name"),
    (WidgetChange, {}, "name"),
    (NewCustomer, {"company_name": "Acme"}, "company_name"),
    (NewCustomer, {"company_name": "Acme"}, "plan_tier"),
]


@pytest.mark.parametrize(("model", "body", "field"), BODIES)
def test_no_field_takes_a_nul(model: type[BaseModel], body: dict[str, Any], field: str) -> None:
    model.model_validate({**body, field: "x"})
    with pytest.raises(ValidationError, match="NUL"):
        model.model_validate({**body, field: "a\0b"})


@pytest.mark.parametrize(
    ("model", "body", "field"),
    [
        (Draft, {"conversation_id": ID, "sender_type": "visitor", "content": "x"}, "metadata"),
        (Identification, {"id": "u-1"}, "traits"),
        (VisitorInfo, {}, "something_of_the_customers_own"),
        (WidgetChange, {}, "branding"),
        (WidgetChange, {}, "features"),
    ],
)
def test_what_is_kept_as_json_takes_no_nul_and_no_deep_nesting(
    model: type[BaseModel], body: dict[str, Any], field: str
) -> None:
    model.model_validate({**body, field: nested(MAX_JSON_DEPTH - 1)})
    for wrong in ({"a": ["b\0"]}, {"a\0": 1}, {"a": {"b": {"\0": 1}}}, nested(MAX_JSON_DEPTH + 1)):
        with pytest.raises(ValidationError):
            model.model_validate({**body, field: wrong})


@pytest.mark.parametrize(
    "body",
    [
        {"conversation_id": ID.replace("-", "")},
        {"conversation_id": f"{{{ID}}}"},
        {"conversation_id": f"urn:uuid:{ID}"},
        {"conversation_id": f"{ID}\n"},
        {"conversation_id": 1},
        {"sender_type": "admin"},
        {"message_type": "html"},
        {"content": None},
        {"content": 1},
        {"metadata": []},
        {"client_message_id": ""},
        {"client_message_id": "x" * 65},
        {"client_message_id": 1},
        {"seq": 1},
    ],
    ids=repr,
)
def test_a_message_has_its_form(body: dict[str, Any]) -> None:
    draft = {"conversation_id": ID, "sender_type": "visitor", "content": "x"}
    assert str(Draft.model_validate({**draft, "conversation_id": ID.upper()}).conversation_id) == ID
    with pytest.raises(ValidationError):
        Draft.model_validate({**draft, **body})


@pytest.mark.parametrize("rating", [0, 6, -1, 4.5, "5", True, None])
def test_a_rating_is_a_whole_number_from_1_to_5(rating: Any) -> None:
    with pytest.raises(ValidationError):
        FeedbackDraft.model_validate({"conversation_id": ID, "rating": rating})


@pytest.mark.parametrize(
    "frame",
    [
        {},
        [],
        None,
        "subscribe",
        {"action": "shout"},
        {"action": ["subscribe"]},
        {"action": "subscribe"},
        {"action": "subscribe", "topic": 1},
        {"action": "subscribe", "topic": "x" * 201},
        {"action": "subscribe", "topic": "conversation:x", "after_seq": -1},
        {"action": "subscribe", "topic": "conversation:x", "everything": True},
        {"action": "typing", "conversation_id": ID},
        {"action": "read", "conversation_id": ID, "seq": -1},
        {"action": "ping", "seqs": {"x": 1}},
        {"action": "ping", "seqs": {ID: -1}},
        {"action": "ping", "seqs": {f"{n:08x}{ID[8:]}": 1 for n in range(51)}},
    ],
    ids=lambda frame: str(frame)[:40],
)
def test_a_frame_that_nobody_knows_is_refused(frame: Any) -> None:
    with pytest.raises(ValidationError):
        client_frame.validate_python(frame)
