"""Writes the tables of docs/configuration.md from the models that hold the configuration; the words between them stay.

usage: python -m scripts.configuration
"""

import json
import re
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from livechat.forms import FormField
from livechat.hours import Slot, WorkingHours
from livechat.widgets import (
    SECTIONS,
    Behavior,
    Branding,
    Features,
    Localization,
    OfflineForm,
    PreChatForm,
    RoutingRules,
    Trigger,
    WidgetConfig,
)

TARGET = Path(__file__).parents[1] / "docs" / "configuration.md"
TABLES: dict[str, type[BaseModel]] = {
    "The widget itself": WidgetConfig,
    "`branding`": Branding,
    "`behavior`": Behavior,
    "Trigger": Trigger,
    "`localization`": Localization,
    "`features`": Features,
    "Pre-chat form": PreChatForm,
    "Offline form": OfflineForm,
    "Form field": FormField,
    "`working_hours`": WorkingHours,
    "Slot": Slot,
    "`routing_rules`": RoutingRules,
}
HEAD = ["| name | type | default | effect |", "|---|---|---|---|"]
# What a text must look like, in words.
PATTERNS = {
    "^#[0-9a-fA-F]{6}$": "a colour such as `#3B82F6`",
    r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$": "a language tag",
    r"^[a-z][a-z0-9_-]{0,39}$": "a word of a–z, 0–9, `_` and `-`, ≤ 40",
    r"^https?://[^\s\\\x00-\x1f]+$": "an http or https address",
    r"^(/|\*|https?://)[^\s\x00-\x1f#]*$": "an [address pattern](#address-patterns)",
    r"^[a-z]+/(\*|[a-z0-9][a-z0-9.+-]*)$": "a media type or family",
    r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$": "hours and minutes",
    r"\S": "text",
}


def written(text: str) -> str:
    """The document with its tables as the models are now. Raises LookupError when a heading or its table is missing."""
    for title, model in TABLES.items():
        found = re.search(rf"(?<=\n)#+ {re.escape(title)}\n(?:(?!#|\|).*\n)*((?:\|.*\n)+)", text)
        if found is None:
            raise LookupError(title)
        text = text[: found.start(1)] + "".join(f"{row}\n" for row in _rows(model)) + text[found.end(1) :]
    return text


def _rows(model: type[BaseModel]) -> list[str]:
    schemas = model.model_json_schema()["properties"]
    rows = []
    for name, field in model.model_fields.items():
        if name in SECTIONS:
            continue
        rows.append(f"| `{name}` | {_words(schemas[name])} | {_default(field)} | {field.description} |")
    return [*HEAD, *rows]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = to_jsonable_python(field.get_default(call_default_factory=True))
    return f"`{json.dumps(value, ensure_ascii=False)}`"


def _words(schema: dict[str, Any]) -> str:
    """A JSON schema's type, as a person would say it."""
    match schema:
        case {"anyOf": [one, {"type": "null"}]}:
            return f"{_words(one)}, or null"
        case {"$ref": ref}:
            title = next(title for title, model in TABLES.items() if model.__name__ == ref.rpartition("/")[2])
            return f"[{title.lower()}](#{title.lower().replace(' ', '-')})"
        case {"enum": options}:
            return ", ".join(f"`{option}`" for option in options)
        case {"type": "boolean"}:
            return "`true` or `false`"
        case {"type": "integer"}:
            return f"whole number, {schema['minimum']}–{schema['maximum']}"
        case {"type": "array"}:
            size = f" of ≤ {schema['maxItems']}" if "maxItems" in schema else ""
            return f"list{size}: {_words(schema['items'])}"
        case {"type": "object", "additionalProperties": dict(inner)} | {"type": "object", "patternProperties": dict(inner)}:
            value = inner if "patternProperties" not in schema else next(iter(inner.values()))
            return f"object with values: {_words(value)}"
        case {"type": "object"}:
            return "object"
        case {"type": "string"}:
            words = PATTERNS[schema["pattern"]] if "pattern" in schema else "text"
            return f"text, ≤ {schema['maxLength']}" if words == "text" and "maxLength" in schema else words
    raise LookupError(schema)


def main() -> None:
    TARGET.write_text(written(TARGET.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
