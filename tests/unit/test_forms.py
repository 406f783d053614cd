"""Forms: which can be asked, which answers fit them, and which cards can be sent."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from livechat import forms
from livechat.errors import FormAlreadyAnswered, ValidationFailed
from livechat.forms import FormField
from livechat.message_types import FormAnswer, check, check_answer

FORM: dict[str, Any] = {
    "title": "Your order",
    "fields": [
        {"name": "email", "type": "email", "label": "E-mail", "required": True},
        {"name": "size", "type": "select", "label": "Size", "options": ["S", "M", " L "]},
    ],
}


def field(**said: Any) -> FormField:
    return FormField.model_validate({"name": "f", "type": "text", "label": "F", **said}, strict=True)


@pytest.mark.parametrize(
    ("said", "where"),
    [
        ({"name": "Name"}, "name"),
        ({"name": "1st"}, "name"),
        ({"name": "a" * 41}, "name"),
        ({"name": "a\0"}, "name"),
        ({"name": "email", "type": "text"}, "type"),
        ({"name": "phone", "type": "number"}, "type"),
        ({"name": "name", "type": "checkbox"}, "type"),
        ({"type": "password"}, "type"),
        ({"label": ""}, "label"),
        ({"label": "  "}, "label"),
        ({"label": "x" * 201}, "label"),
        ({"label": "a\0"}, "label"),
        ({"required": "yes"}, "required"),
        ({"placeholder": "x" * 201}, "placeholder"),
        ({"type": "select"}, "options"),
        ({"type": "select", "options": []}, "options"),
        ({"type": "select", "options": ["a", "a"]}, "options"),
        ({"type": "select", "options": [""]}, "options.0"),
        ({"type": "select", "options": ["x" * 101]}, "options.0"),
        ({"type": "select", "options": [str(n) for n in range(51)]}, "options"),
        ({"options": ["a"]}, "options"),
        ({"max_length": 0}, "max_length"),
        ({"max_length": 2001}, "max_length"),
        ({"type": "number", "max_length": 5}, "max_length"),
        ({"secret": True}, "secret"),
    ],
    ids=repr,
)
def test_a_question_that_cannot_be_asked_is_refused_where_it_is_wrong(said: dict[str, Any], where: str) -> None:
    with pytest.raises(ValidationError) as caught:
        field(**said)
    assert [".".join(map(str, error["loc"])) for error in caught.value.errors()] == [where]


@pytest.mark.parametrize("name", ["name", "email", "phone"])
def test_a_field_of_the_visitors_own_has_its_type(name: str) -> None:
    assert field(name=name, type={"name": "text"}.get(name, name)).name == name


@pytest.mark.parametrize(
    ("said", "good", "bad"),
    [
        ({}, ["x", "x" * 200], ["x" * 201, 1, True, ["x"], {}]),
        ({"max_length": 3}, ["abc", "ü" * 3], ["abcd"]),
        ({"type": "textarea"}, ["x\ny", "x" * 2000], ["x" * 2001]),
        (
            {"type": "email"},
            ["a@b.example", "a+b.c@d.e.example", "ü@ü.example"],
            ["a", "@b.example", "a@", "a@b", "a@b.", "a@.b", "a@b..c", "a@b@c.d", "a b@c.d", "a@b.c\n", "a" * 200 + "@b.c", 1],
        ),
        ({"type": "phone"}, ["110", "+49 (0)30 / 123-45.6"], ["12", "+-/", "call me 123", "1" * 41, 110]),
        ({"type": "number"}, [0, -1.5, 10**15], ["1", True, [1]]),
        ({"type": "select", "options": ["a", "b c"]}, ["a", "b c"], ["A", "b", "c", ["a"], 1]),
        ({"type": "checkbox"}, [True, False], ["true", 1, 0, []]),
        ({"type": "checkbox", "required": True}, [True], [False, None, "", 1]),
        (
            {"type": "date"},
            ["2026-03-04", "2024-02-29"],
            ["2026-3-4", "20260304", "2026-W10-3", "2026-02-29", "04.03.2026", "2026-03-04T00:00", 20260304],
        ),
    ],
    ids=lambda said: str(said)[:40],
)  # fmt: skip
def test_an_answer_fits_its_question_or_is_told_apart(said: dict[str, Any], good: list[Any], bad: list[Any]) -> None:
    asked = [field(**said)]
    assert [value for value in good if forms.problems(asked, {"f": value})] == []
    assert [value for value in bad if [item["field"] for item in forms.problems(asked, {"f": value})] != ["f"]] == []


@pytest.mark.parametrize("kind", ["text", "textarea", "email", "phone", "number", "date", "checkbox"])
def test_only_a_required_question_must_be_answered(kind: str) -> None:
    for nothing in ({}, {"f": None}, {"f": ""}, {"f": " \n"}):
        assert forms.problems([field(type=kind)], nothing) == []
        (problem,) = forms.problems([field(type=kind, required=True)], nothing)
        assert problem == {"field": "f", "message": "is required", "type": "missing"}


def test_an_answer_to_what_was_not_asked_is_named() -> None:
    assert [item["field"] for item in forms.problems([field()], {"f": "x", "g": 1, "": 2})] == ["g", ""]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(VALUES)
def test_any_value_is_judged(value: Any) -> None:
    options = {"select": {"options": ["a"]}}
    for kind in ("text", "textarea", "email", "phone", "number", "select", "checkbox", "date"):
        assert len(forms.problems([field(type=kind, **options.get(kind, {}))], {"f": value})) <= 1


def button(**said: Any) -> dict[str, Any]:
    return {"title": "Card", "buttons": [{"label": "Press", **said}]}


@pytest.mark.parametrize(
    "metadata",
    [
        {"title": "Card"},
        {"title": "Card", "text": None, "image_url": "https://x.example/a.png", "buttons": []},
        button(reply="Yes, please"),
        *(button(url=url) for url in ("https://x.example/?a=1", "http://x.example", "mailto:a@b.example", "tel:+4930123")),
        {"title": "Card", "buttons": [{"label": f"{n}", "reply": f"{n}"} for n in range(6)]},
    ],
    ids=repr,
)
def test_a_card_that_can_be_shown_is_taken(metadata: dict[str, Any]) -> None:
    assert check("card", "agent", metadata) is None


@pytest.mark.parametrize(
    ("metadata", "where"),
    [
        ({}, "metadata.title"),
        ({"title": " "}, "metadata.title"),
        ({"title": 1}, "metadata.title"),
        ({"title": "Card", "text": "x" * 2001}, "metadata.text"),
        ({"title": "Card", "image_url": "javascript:alert(1)"}, "metadata.image_url"),
        ({"title": "Card", "image_url": "data:image/png;base64,AA"}, "metadata.image_url"),
        ({"title": "Card", "colour": "red"}, "metadata.colour"),
        ({"title": "Card", "buttons": {}}, "metadata.buttons"),
        ({"title": "Card", "buttons": [{"label": "x", "reply": "x"}] * 7}, "metadata.buttons"),
        (button(), "metadata.buttons.0.reply"),
        (button(url="https://x.example", reply="Both"), "metadata.buttons.0.reply"),
        (button(reply=""), "metadata.buttons.0.reply"),
        (button(reply="x" * 501), "metadata.buttons.0.reply"),
        (button(reply="x", label="x" * 81), "metadata.buttons.0.label"),
        (button(url="javascript:alert(1)"), "metadata.buttons.0.url"),
        (button(url=" https://x.example"), "metadata.buttons.0.url"),
        (button(url="HTTPS://x.example"), "metadata.buttons.0.url"),
        (button(url="//x.example"), "metadata.buttons.0.url"),
        (button(url="data:text/html,x"), "metadata.buttons.0.url"),
    ],
    ids=repr,
)
def test_a_card_that_cannot_be_shown_is_refused_where_it_is_wrong(metadata: dict[str, Any], where: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        check("card", "agent", metadata)
    assert [error["field"] for error in caught.value.errors or []] == [where]


@pytest.mark.parametrize(
    ("sender_type", "message_type", "metadata", "where"),
    [
        ("visitor", "card", {"title": "Card"}, ["message_type"]),
        ("visitor", "form", FORM, ["metadata.answer_to", "metadata.values", "metadata.title", "metadata.fields"]),
        ("visitor", "form", {"answer_to": "2", "values": {}}, ["metadata.answer_to"]),
        ("visitor", "form", {"answer_to": 0, "values": {}}, ["metadata.answer_to"]),
        ("visitor", "form", {"answer_to": True, "values": {}}, ["metadata.answer_to"]),
        ("visitor", "form", {"answer_to": 2**31, "values": {}}, ["metadata.answer_to"]),
        ("visitor", "form", {"answer_to": 2, "values": []}, ["metadata.values"]),
        ("agent", "form", {"answer_to": 2, "values": {}}, ["metadata.fields", "metadata.answer_to", "metadata.values"]),
        ("agent", "form", {"fields": []}, ["metadata.fields"]),
        ("agent", "form", {"fields": FORM["fields"] * 2}, ["metadata.fields"]),
        ("agent", "form", {"fields": [{**FORM["fields"][0], "name": "Ä"}]}, ["metadata.fields.0.name"]),
        ("agent", "form", {**FORM, "submit_label": ""}, ["metadata.submit_label"]),
    ],
    ids=repr,
)
def test_who_may_send_what_is_held_to_its_form(
    sender_type: str, message_type: str, metadata: dict[str, Any], where: list[str]
) -> None:
    with pytest.raises(ValidationFailed) as caught:
        check(message_type, sender_type, metadata)
    assert [error["field"] for error in caught.value.errors or []] == where


def test_texts_and_files_carry_what_their_sender_likes() -> None:
    for message_type in ("text", "file", "image"):
        for sender_type in ("visitor", "agent"):
            assert check(message_type, sender_type, {"title": 1, "anything": [None]}) is None


def answer(**values: Any) -> FormAnswer:
    read = check("form", "visitor", {"answer_to": 3, "values": values})
    assert read is not None
    return read


def test_an_answer_is_held_against_the_form_that_was_put() -> None:
    assert check("form", "agent", FORM) is None
    asked = {"metadata": FORM, "is_answered": False}
    check_answer(answer(email="a@b.example", size=" L "), asked)
    with pytest.raises(ValidationFailed) as caught:
        check_answer(answer(size="L", colour="red"), asked)
    assert [error["field"] for error in caught.value.errors or []] == [
        "metadata.values.colour",
        "metadata.values.email",
        "metadata.values.size",
    ]
    with pytest.raises(FormAlreadyAnswered):
        check_answer(answer(email="a@b.example"), {**asked, "is_answered": True})


@pytest.mark.parametrize(
    "asked", [None, {"metadata": {}, "is_answered": False}, {"metadata": {"fields": 7}, "is_answered": True}]
)
def test_an_answer_to_what_is_no_form_is_refused(asked: dict[str, Any] | None) -> None:
    with pytest.raises(ValidationFailed) as caught:
        check_answer(answer(email="a@b.example"), asked)
    assert [error["field"] for error in caught.value.errors or []] == ["metadata.answer_to"]
