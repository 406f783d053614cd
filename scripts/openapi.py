"""Writes docs/openapi.json: one OpenAPI document for all areas, with the socket's frames and what messages carry.

usage: python -m scripts.openapi [--check]
"""

import json
import sys
from pathlib import Path
from typing import Any, Literal, get_args

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from admin.app import app as admin
from agent.app import app as agent
from chat.app import app as chat
from livechat import frames, http, message_types
from widget_config.app import app as widget_config

TARGET = Path(__file__).parents[1] / "docs" / "openapi.json"
AREAS: list[FastAPI] = [widget_config, chat, agent, admin]
CLIENT_FRAMES: list[type[BaseModel]] = [frames.Subscribe, frames.Unsubscribe, frames.Typing, frames.Read, frames.Ping]
SERVER_FRAMES: list[type[BaseModel]] = [*get_args(frames.ServerFrame)]
METADATA: list[type[BaseModel]] = [
    message_types.Card,
    message_types.CardButton,
    message_types.Form,
    message_types.FormAnswer,
]
PUBLIC = {"/functions/v1/widget-config", "/functions/v1/chat/start", "/healthz"}


def document() -> dict[str, Any]:
    """The document, with every path as it stands behind the gateway."""
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    for app in AREAS:
        part = get_openapi(title=app.title, version="1", routes=app.routes)
        prefix = f"{http.PREFIX}/{app.state.area}" if app.state.area else ""
        for path, operations in part["paths"].items():
            for operation in operations.values():
                operation["tags"] = [app.title]
                # Two areas may have a route of the same name; in one document an id stands once.
                operation["operationId"] = f"{app.title.lower()}_{operation['operationId']}".replace(" ", "_")
                # Every error is a problem; FastAPI's own description of 422 is of an answer that is never given.
                operation["responses"].pop("422", None)
                operation["responses"]["default"]["content"] = {
                    "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
                }
                if prefix + path not in PUBLIC:
                    operation["security"] = [{"token": []}]
            paths[prefix + path] = operations
        schemas |= part["components"]["schemas"]
    kinds: list[tuple[type[BaseModel], Literal["validation", "serialization"]]] = [
        *((frame, "serialization") for frame in SERVER_FRAMES),
        *((kind, "validation") for kind in [*CLIENT_FRAMES, *METADATA]),
    ]
    _, definitions = models_json_schema(kinds, ref_template="#/components/schemas/{model}")
    schemas |= {name: schema for name, schema in definitions["$defs"].items() if name not in schemas}
    # Metadata is stored as it was sent: no default stands in for what was left out.
    for model in METADATA:
        for field in schemas[model.__name__]["properties"].values():
            field.pop("default", None)
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Live chat",
            "version": "1",
            "description": "The contracts of the widget, the console and other clients.",
        },
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "A visitor token or an access token"}
            },
        },
    }


def main() -> None:
    text = json.dumps(document(), indent=1, ensure_ascii=False) + "\n"
    if "--check" in sys.argv:
        if TARGET.read_text("utf-8") != text:
            sys.exit("docs/openapi.json is not what the apps say: run `make types`")
    else:
        TARGET.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
