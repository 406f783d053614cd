"""What a message of each type carries beside its content: the buttons of a card, the fields of a form, a form's answer."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints, ValidationError, ValidationInfo, field_validator

from livechat import forms
from livechat.errors import FormAlreadyAnswered, ValidationFailed, field_errors
from livechat.forms import Fields, Label
from livechat.wire import Attributes, Body, LongText, Url, no_nul

MAX_BUTTONS = 6

Link = Annotated[
    str,
    StringConstraints(max_length=2000, pattern=r"^(https?://|mailto:|tel:)[^\s\\\x00-\x1f]+$"),
    Field(examples=["https://example.com/orders/7"]),
]
ButtonLabel = Annotated[str, StringConstraints(max_length=80, pattern=r"\S"), AfterValidator(no_nul)]
Reply = Annotated[str, StringConstraints(max_length=500, pattern=r"\S"), AfterValidator(no_nul)]


class CardButton(Body):
    """A button of a card: it either leads somewhere or says something."""

    label: ButtonLabel
    url: Link | None = Field(None, description="Where it leads: http, https, mailto or tel.")
    reply: Reply | None = Field(None, validate_default=True, description="The text that the visitor sends by pressing it.")

    @field_validator("reply")
    @classmethod
    def _does_one_thing(cls, reply: str | None, info: ValidationInfo) -> str | None:
        if "url" in info.data and (reply is None) == (info.data["url"] is None):
            raise ValueError("either url or reply must be there, and not both")
        return reply


class Card(Body):
    """The metadata of a message of type `card`; only agents and bots send it."""

    title: Label
    text: LongText | None = None
    image_url: Url | None = None
    buttons: Annotated[list[CardButton], Field(max_length=MAX_BUTTONS)] = []


class Form(Body):
    """The metadata of a message of type `form` that asks; only agents and bots send it."""

    title: Label | None = None
    fields: Annotated[Fields, Field(min_length=1)]
    submit_label: ButtonLabel | None = None


class FormAnswer(Body):
    """The metadata of a message of type `form` that answers one; only the visitor sends it, once a form."""

    answer_to: Annotated[int, Field(ge=1, le=2147483647)] = Field(description="The `seq` of the form's entry.")
    values: Attributes = Field(description="The values by the fields' names.")


# Who may send what with a form of its own. Text, files and images carry what their sender likes.
METADATA: dict[tuple[str, str], type[Card | Form | FormAnswer]] = {
    ("card", "agent"): Card,
    ("card", "bot"): Card,
    ("form", "agent"): Form,
    ("form", "bot"): Form,
    ("form", "visitor"): FormAnswer,
}


def check(message_type: str, sender_type: str, metadata: dict[str, Any]) -> FormAnswer | None:
    """The answer to a form, if the message is one, still to be held against that form.

    Raises ValidationFailed when this sender does not send this type, or the metadata is not what the type carries.
    """
    if message_type not in ("card", "form"):
        return None
    model = METADATA.get((message_type, sender_type))
    if model is None:
        problem = {"field": "message_type", "message": f"a {sender_type} sends no {message_type}", "type": "value_error"}
        raise ValidationFailed(errors=[problem])
    try:
        read = model.model_validate(metadata, strict=True)
    except ValidationError as error:
        found = field_errors(error.errors(include_url=False))
        raise ValidationFailed(errors=[{**item, "field": f"metadata.{item['field']}"} for item in found]) from error
    return read if isinstance(read, FormAnswer) else None


def check_answer(answer: FormAnswer, asked: dict[str, Any] | None) -> None:
    """Hold an answer against the form that it names, a row of `messages.form`, or None if there is none.

    Raises ValidationFailed, FormAlreadyAnswered.
    """
    try:
        form = Form.model_validate(asked and asked["metadata"], strict=True)
    except ValidationError as error:
        problem = {"field": "metadata.answer_to", "message": "names no form of this conversation", "type": "value_error"}
        raise ValidationFailed(errors=[problem]) from error
    if asked and asked["is_answered"]:
        raise FormAlreadyAnswered
    found = forms.problems(form.fields, answer.values)
    if found:
        raise ValidationFailed(errors=[{**item, "field": f"metadata.values.{item['field']}"} for item in found])
