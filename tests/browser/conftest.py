"""One Chromium for all browser tests: Debian's package, or the one that CHROMIUM names."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser.widget import Open
from tests.client import Agent
from tests.stack import Stack

# As root and without a network beyond this machine.
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=CHROMIUM_FLAGS
        )
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Browser, stack: Stack) -> Iterator[Open]:
    """A visitor's browser at a page of the stack; a script error fails the test."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def at(path: str = "/demo/", **options: Any) -> Page:
        context = chromium.new_context(
            base_url=stack.base_url, **{"viewport": {"width": 1280, "height": 800}, "locale": "en-GB", **options}
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        if path:
            page.goto(path)
        return page

    yield at
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture
def agent(stack: Stack) -> Agent:
    """The only one who is there, so that conversations come to them."""
    agents = [Agent.sign_in(stack.base_url, stack.identity, one["email"], one["password"]) for one in stack.agents]
    for one in agents:
        one.be("away")
    agents[1].be("online")
    return agents[1]
