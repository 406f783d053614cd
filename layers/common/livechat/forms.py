"""Forms: the fields that a widget or an agent asks a visitor to fill in, and whether what comes back fits them."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, field_validator

from livechat.wire import Body, ShortText, Slug, no_nul

FieldType = Literal["text", "textarea", "email", "phone", "number", "select", "checkbox", "date"]
# What these fields are told goes to the visitor's own name and addresses, so each asks for just that.
OWN_FIELDS: dict[str, FieldType] = {"name": "text", "email": "email", "phone": "phone"}
MAX_FIELDS = 15
# Of a text without a limit of its own, by its type; an address is stored in 200 code points at most.
MAX_LENGTHS: dict[FieldType, int] = {"text": 200, "textarea": 2000, "email": 200, "phone": 40, "date": 10}

# Forms are stored as they are sent, so their texts are not trimmed but must show something.
Label = Annotated[str, StringConstraints(max_length=200, pattern=r"\S"), AfterValidator(no_nul)]
Option = Annotated[str, StringConstraints(max_length=100, pattern=r"\S"), AfterValidator(no_nul)]


class FormField(Body):
    """A question of a form."""

    name: Slug = Field(
        description="The answer's key, once a form. `name` (of the type text), `email` (email) and `phone` (phone) go to the "
        "visitor's own details as well."
    )
    type: FieldType = Field(description="What is asked for.")
    label: Label = Field(description="The question, as the visitor reads it.")
    required: bool = Field(False, description="Whether it must be answered; a checkbox: whether it must be ticked.")
    placeholder: ShortText | None = Field(None, description="What stands in the empty field.")
    options: Annotated[list[Option], Field(min_length=1, max_length=50)] | None = Field(
        None, validate_default=True, description="What can be chosen; with the type select, and only there."
    )
    max_length: Annotated[int, Field(ge=1, le=2000)] | None = Field(
        None,
        validate_default=True,
        description="The most characters of a text (200 if not set) or textarea (2000 if not set), and only there.",
    )

    @field_validator("type")
    @classmethod
    def _asks_for_what_its_name_says(cls, kind: FieldType, info: ValidationInfo) -> FieldType:
        wanted = OWN_FIELDS.get(info.data.get("name", ""), kind)
        if kind != wanted:
            raise ValueError(f"must be {wanted} in a field of this name")
        return kind

    @field_validator("options")
    @classmethod
    def _can_be_chosen_in_a_select(cls, options: list[str] | None, info: ValidationInfo) -> list[str] | None:
        if (info.data.get("type") == "select") != (options is not None):
            raise ValueError("must be there with the type select, and only there")
        if options and len(set(options)) != len(options):
            raise ValueError("must not hold an option twice")
        return options

    @field_validator("max_length")
    @classmethod
    def _limits_a_text(cls, limit: int | None, info: ValidationInfo) -> int | None:
        if limit is not None and info.data.get("type") not in ("text", "textarea"):
            raise ValueError("only a text or textarea has one")
        return limit


def _names_are_there_once(fields: list[FormField]) -> list[FormField]:
    names = [field.name for field in fields]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise ValueError(f"must not name a field twice: {', '.join(doubled)}")
    return fields


Fields = Annotated[list[FormField], Field(max_length=MAX_FIELDS), AfterValidator(_names_are_there_once)]


def problems(fields: list[FormField], values: dict[str, Any]) -> list[dict[str, str]]:
    """What is wrong with the values that answer a form, by name; nothing if they fit.

    A field that is not required may be left out, null or empty.
    """
    known = {field.name for field in fields}
    found = [
        {"field": name, "message": "is no field of this form", "type": "extra_forbidden"}
        for name in values
        if name not in known
    ]
    for field in fields:
        value = values.get(field.name)
        if value is None or (isinstance(value, str) and not value.strip()):
            if field.required:
                found.append({"field": field.name, "message": "is required", "type": "missing"})
        elif (wrong := _wrong(field, value)) is not None:
            found.append({"field": field.name, "message": wrong, "type": "value_error"})
    return found


def _wrong(field: FormField, value: Any) -> str | None:
    """What keeps a value from answering a field; None if it does."""
    match field.type:
        case "checkbox":
            is_good, message = value is True or (value is False and not field.required), "must be true or, if it may, false"
        case "number":
            is_good, message = isinstance(value, int | float) and not isinstance(value, bool), "must be a number"
        case "select":
            is_good, message = value in (field.options or []), "must be one of the options"
        case _ if not isinstance(value, str):
            is_good, message = False, "must be a text"
        case kind if len(value) > (limit := field.max_length or MAX_LENGTHS[kind]):
            is_good, message = False, f"must hold at most {limit} characters"
        case "email":
            is_good, message = _is_email(value), "must be an e-mail address"
        case "phone":
            is_good, message = _is_phone(value), "must be a telephone number"
        case "date":
            is_good, message = _is_date(value), "must be a day such as 2026-03-04"
        case _:
            return None
    return None if is_good else message


def _is_email(text: str) -> bool:
    # Whether mail arrives only mail can tell; this catches what was typed into the wrong field.
    local, _, domain = text.rpartition("@")
    parts = domain.split(".")
    return bool(local) and "@" not in local and len(parts) > 1 and all(parts) and not any(sign.isspace() for sign in text)


def _is_phone(text: str) -> bool:
    return sum(sign.isdecimal() for sign in text) >= 3 and all(sign.isdecimal() or sign in "+-./() " for sign in text)


def _is_date(text: str) -> bool:
    try:
        # The round trip refuses the other spellings of ISO 8601, which browsers do not write.
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
