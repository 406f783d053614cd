"""Writes the states of widget and console to screenshots/*.png, over a stack of its own, for whoever changed them to look at.

usage: python -m scripts.screenshots [--images]   (--images: the README's picture as well)
"""

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import CHROMIUM_FLAGS
from tests.client import Agent
from tests.stack import Stack, running

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "screenshots"
README_IMAGE = ROOT / "docs" / "images" / "conversation.png"
SIZES = {"phone": {"width": 360, "height": 740}, "desktop": {"width": 1440, "height": 900}}
SCHEMES = ("light", "dark")


@contextmanager
def window(chromium: Browser, stack: Stack, size: str, scheme: str) -> Iterator[Page]:
    context = chromium.new_context(
        base_url=stack.base_url,
        viewport=SIZES[size],  # type: ignore[arg-type]  # a ViewportSize by its shape
        color_scheme=scheme,  # type: ignore[arg-type]  # one of SCHEMES
        locale="en-GB",
        reduced_motion="reduce",
    )
    yield context.new_page()
    context.close()


def take(page: Page, name: str, size: str, scheme: str) -> None:
    page.wait_for_load_state("networkidle")
    page.screenshot(path=TARGET / f"{name}-{size}-{scheme}.png", animations="disabled")


def sign_in(page: Page, account: dict[str, str]) -> None:
    page.get_by_label("E-mail").fill(account["email"])
    page.get_by_label("Password").fill(account["password"])
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Mine").wait_for()


def conversation(chromium: Browser, stack: Stack, size: str, scheme: str, *, readme: bool) -> None:
    """One conversation from hello to rating, with a picture of each state on either side."""
    account = stack.agents[1]
    agent = Agent.sign_in(stack.base_url, stack.identity, account["email"], account["password"])
    agent.be("away")
    with window(chromium, stack, size, scheme) as shop, window(chromium, stack, size, scheme) as desk:
        desk.goto("/console/")
        take(desk, "console-1-sign-in", size, scheme)
        sign_in(desk, account)
        take(desk, "console-2-nothing-yet", size, scheme)

        shop.goto("/demo/")
        shop.get_by_role("button", name="Open chat").wait_for()
        take(shop, "widget-1-closed", size, scheme)
        shop.get_by_role("button", name="Open chat").click()
        composer = shop.get_by_role("textbox", name=re.compile("message"))
        composer.wait_for()
        take(shop, "widget-2-open", size, scheme)
        composer.fill("Is the Skerry 2 waterproof? We are off to Skye on Friday.")
        composer.press("Enter")
        shop.get_by_text("Sent").wait_for()
        take(shop, "widget-3-waiting", size, scheme)

        newest = agent.caller.get("/agent/conversations?view=queue&limit=100").body["items"][-1]["id"]
        assert agent.do("assign", newest).status == 200
        agent.say(newest, "It is: 3000 mm, and all seams are taped.")
        agent.say(newest, "For Skye I would take the storm pegs along. Shall I add a set?")
        shop.get_by_role("log").get_by_text("storm pegs").wait_for()
        take(shop, "widget-4-answered", size, scheme)
        desk.goto("/console/")
        desk.get_by_role("heading", name="Mine").wait_for()
        desk.locator(".row", has_text="storm pegs").click()
        desk.get_by_role("log").get_by_text("storm pegs").wait_for()
        take(desk, "console-3-conversation", size, scheme)
        if readme:
            README_IMAGE.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TARGET / f"console-3-conversation-{size}-{scheme}.png", README_IMAGE)
            shutil.copy(TARGET / f"widget-4-answered-{size}-{scheme}.png", README_IMAGE.with_name("widget.png"))

        agent.do("resolve", newest)
        shop.locator(".stars").wait_for()
        take(shop, "widget-5-ended", size, scheme)


def main() -> None:
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir()
    with tempfile.TemporaryDirectory() as directory, running(Path(directory)) as stack, sync_playwright() as playwright:
        assert isinstance(stack, Stack)
        path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        chromium = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        for size in SIZES:
            for scheme in SCHEMES:
                readme = "--images" in sys.argv and (size, scheme) == ("desktop", "light")
                conversation(chromium, stack, size, scheme, readme=readme)
        chromium.close()
    print(f"{len(list(TARGET.iterdir()))} pictures in {TARGET.relative_to(ROOT)}/")


if __name__ == "__main__":
    main()
