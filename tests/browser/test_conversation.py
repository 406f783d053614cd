"""A visitor and an agent talk in two real browsers, over the instance that `make run` starts."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from playwright.sync_api import Browser, Page, expect

from tests.client import Agent
from tests.stack import Stack


@contextmanager
def window(chromium: Browser, stack: Stack) -> Iterator[Page]:
    """A browser of somebody's own, nothing shared with the others; a script error fails the test."""
    context = chromium.new_context(base_url=stack.base_url, viewport={"width": 1280, "height": 800}, locale="en-GB")
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


def sign_in(page: Page, account: dict[str, str]) -> None:
    page.goto("/console/")
    page.get_by_label("E-mail").fill(account["email"])
    page.get_by_label("Password").fill(account["password"])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Mine")).to_be_visible()


def log_of(page: Page) -> list[str]:
    """What a log shows, entry by entry."""
    return [text.strip() for text in page.get_by_role("log").locator(".bubble").all_inner_texts()]


def test_a_visitor_and_an_agent_talk_in_two_browsers(chromium: Browser, stack: Stack) -> None:
    account = stack.agents[1]
    by_http = Agent.sign_in(stack.base_url, stack.identity, account["email"], account["password"])
    rated_before = by_http.caller.get("/agent/stats").body["feedback"]["count"]
    by_http.be("away")
    question = f"Is tent {uuid4().hex[:6]} waterproof?"

    with window(chromium, stack) as desk, window(chromium, stack) as shop, window(chromium, stack) as other_desk:
        sign_in(desk, account)
        desk.get_by_role("navigation").get_by_role("link", name="Queue").click()
        sign_in(other_desk, stack.second_customer["agents"][1])
        other_desk.get_by_role("navigation").get_by_role("link", name="All").click()

        shop.goto("/demo/")
        shop.get_by_role("button", name="Open chat").click()
        composer = shop.get_by_role("textbox", name="Write a message").or_(shop.get_by_role("textbox", name="Leave a message"))
        composer.fill(question)
        composer.press("Enter")
        expect(shop.get_by_role("log")).to_contain_text(question)

        # It arrives without a reload, is taken and answered.
        desk.locator(".row", has_text=question).click()
        desk.get_by_role("button", name="Take conversation").click()
        reply = desk.get_by_role("textbox", name=re.compile("^Message to"))
        reply.press_sequentially("Yes, up to")
        expect(shop.get_by_title(re.compile("is typing"))).to_be_visible()
        reply.press_sequentially(" 3000 mm.")
        reply.press("Enter")
        expect(shop.get_by_role("log")).to_contain_text("Yes, up to 3000 mm.")
        expect(shop.get_by_text(by_http.me["display_name"]).first).to_be_visible()

        # Both reload and see the same history.
        desk.reload()
        expect(desk.get_by_role("log")).to_contain_text("Yes, up to 3000 mm.")
        shop.reload()
        if shop.get_by_role("button", name="Open chat").is_visible():
            shop.get_by_role("button", name="Open chat").click()
        expect(shop.get_by_role("log")).to_contain_text("Yes, up to 3000 mm.")
        said = [question, "Yes, up to 3000 mm."]
        for page in (desk, shop):
            assert [text for text in log_of(page) if text in said] == said

        # The other customer's agent sees nothing of it.
        expect(other_desk.get_by_text(question)).to_have_count(0)
        other_desk.reload()
        expect(other_desk.get_by_role("heading", name="All")).to_be_visible()
        expect(other_desk.get_by_text(question)).to_have_count(0)

        # The end, and a rating that lands in the agent's statistics.
        shop.get_by_role("button", name="More").click()
        shop.get_by_role("menuitem", name="End conversation").click()
        shop.get_by_role("button", name="End conversation").click()
        shop.locator(".star").nth(3).click()
        expect(shop.locator(".star.lit")).to_have_count(4)
        shop.get_by_role("textbox", name="Anything you’d like to add?").fill("Quick and kind")
        shop.get_by_role("button", name="Send comment").click()
        expect(shop.get_by_text("Thank you for your feedback.")).to_be_visible()
        expect(desk.get_by_text(re.compile("ended the conversation"))).to_be_visible()

    stats = by_http.caller.get("/agent/stats").body
    assert stats["feedback"]["count"] == rated_before + 1
