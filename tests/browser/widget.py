"""The widget as a test handles it."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Page, expect

from tests.client import Agent
from tests.stack import Stack

Open = Callable[..., Page]
CONVERSATION = "JSON.parse(Object.entries(localStorage).find(([key]) => key.endsWith(':session'))[1]).conversation_id"


def launcher(page: Page) -> Any:
    return page.locator("livechat-widget .launcher")


def composer(page: Page) -> Any:
    return page.get_by_role("textbox", name="Write a message…")


def bubbles(page: Page) -> Any:
    return page.get_by_role("log").locator(".bubble")


def begin(page: Page, text: str) -> str:
    """Open the panel and say something; answers the conversation's id."""
    page.evaluate("LiveChatWidget.open()")
    composer(page).fill(text)
    composer(page).press("Enter")
    expect(page.get_by_text(re.compile("Sent|Seen"))).to_be_visible()
    return str(page.evaluate(CONVERSATION))


def say(agent: Agent, conversation_id: str, text: str) -> None:
    body = {"conversation_id": conversation_id, "sender_type": "agent", "content": text}
    assert agent.caller.post("/chat/message", body).status == 201


@contextmanager
def serving(page: Page, stack: Stack, html: str, headers: dict[str, str] | None = None) -> Iterator[None]:
    """Somebody's page, at the stack's own origin."""
    text = html.replace("{script}", f"{stack.base_url}/widget.js?id={stack.api_key}")
    page.route(
        "**/somebody.html", lambda route: route.fulfill(body=text, headers={"content-type": "text/html", **(headers or {})})
    )
    page.goto("/somebody.html")
    yield
