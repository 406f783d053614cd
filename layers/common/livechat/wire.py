"""What bodies, frames and answers are made of: the types and limits that every noun's models share."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import pydantic_core
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, StringConstraints

MAX_JSON_DEPTH = 20
# What every JSON reader keeps exactly.
MAX_NUMBER = 2**53

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def _canonical_uuid(value: Any) -> Any:
    # uuid.UUID also takes braces, `urn:uuid:` and missing hyphens; one spelling an id is enough.
    if isinstance(value, str) and not _UUID.fullmatch(value):
        raise ValueError("must be a UUID such as 0190a5c2-7e3b-7cc0-8000-2d1c9e0f4a5b")
    return value


def no_nul(text: str) -> str:
    # Postgres cannot store it, and no person types it.
    if "\0" in text:
        raise ValueError("must not hold the NUL character")
    return text


def storable(value: dict[str, Any]) -> dict[str, Any]:
    """The value itself. Raises ValueError when Postgres could not keep it, or nobody should nest so deep."""
    _walk(value, 0)
    return value


def json_bytes(value: Any) -> int:
    """How many bytes a value takes as JSON in UTF-8: what counts against the limits of frames and answers."""
    return len(pydantic_core.to_json(value))


def _walk(value: Any, depth: int) -> None:
    if depth > MAX_JSON_DEPTH:
        raise ValueError(f"must not be nested deeper than {MAX_JSON_DEPTH} levels")
    if isinstance(value, str):
        no_nul(value).encode()  # a lone surrogate raises UnicodeEncodeError, a ValueError
    elif isinstance(value, dict):
        for key, item in value.items():
            no_nul(key).encode()
            _walk(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _walk(item, depth + 1)
    elif isinstance(value, int | float) and value and not 1e-30 < abs(value) <= MAX_NUMBER:
        # jsonb keeps a number's digits: five characters such as 1e308 would come back as three hundred.
        raise ValueError("must not hold numbers beyond 2**53, or closer to zero than 1e-30")


def _rfc3339(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Id = Annotated[UUID, BeforeValidator(_canonical_uuid)]
Text = Annotated[str, AfterValidator(no_nul)]
ShortText = Annotated[str, StringConstraints(max_length=200), AfterValidator(no_nul)]
LongText = Annotated[str, StringConstraints(max_length=2000), AfterValidator(no_nul)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
Url = Annotated[
    str,
    StringConstraints(max_length=2000, pattern=r"^https?://[^\s\\\x00-\x1f]+$"),
    Field(examples=["https://example.com/a.png"]),
]
Attributes = Annotated[dict[str, Any], AfterValidator(storable)]
Timestamp = Annotated[datetime, PlainSerializer(_rfc3339, return_type=str, when_used="json")]


class Body(BaseModel):
    """What a client sends: a field that nobody knows is a mistake worth telling."""

    model_config = ConfigDict(extra="forbid")


class Nothing(Body):
    """An empty object, for a request that says all by being made."""


class Answer(BaseModel):
    """What a client receives."""

    model_config = ConfigDict(extra="forbid", from_attributes=False)


Item = TypeVar("Item")


class Page(Answer, Generic[Item]):
    """A part of a list; the next one is asked for with `cursor=next_cursor`."""

    items: list[Item]
    next_cursor: str | None


class AgentRef(Answer):
    """An agent as everybody may see it."""

    id: UUID
    name: str
    avatar: str | None
