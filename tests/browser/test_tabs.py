"""Several tabs of one browser: one of them sends, one of them holds the socket, and all of them show the same."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.widget import Open, begin, bubbles, composer, launcher, say
from tests.client import Agent

# What Safari before 15.4 lacks: then the store does the work of both.
OLD = "delete Navigator.prototype.locks; delete window.BroadcastChannel;"
COUNTING = """
    window.sockets = [];
    window.WebSocket = class extends WebSocket {
        constructor(url) { super(url); sockets.push(this); }
    };
"""
each_browser = pytest.mark.parametrize("lacks", ["", OLD], ids=["locks and channel", "leases"])


def _open_sockets(*tabs: Page) -> int:
    return sum(tab.evaluate("sockets.filter((socket) => socket.readyState === 1).length") for tab in tabs)


def _first(visit: Open, lacks: str, text: str) -> tuple[Page, str]:
    page = visit("")
    page.context.add_init_script(lacks + COUNTING)
    page.goto("/demo/")
    return page, begin(page, text)


def _another(page: Page) -> Page:
    tab = page.context.new_page()
    tab.goto("/demo/")
    expect(launcher(tab)).to_be_visible()
    tab.evaluate("LiveChatWidget.open()")
    expect(bubbles(tab).first).to_be_visible()
    return tab


def _write(page: Page, text: str) -> None:
    composer(page).fill(text)
    composer(page).press("Enter")


def _said(agent: Agent, conversation_id: str) -> list[str]:
    entries = agent.caller.get(f"/chat/messages?conversation_id={conversation_id}&limit=100").body["messages"]
    return [entry["content"] for entry in entries if entry["sender_type"] == "visitor"]


@each_browser
def test_a_panel_that_the_page_opened_stores_nothing(visit: Open, lacks: str) -> None:
    page = visit("")
    page.context.add_init_script(
        lacks + "window.writes = []; const { setItem } = Storage.prototype;"
        "Storage.prototype.setItem = function (key, value) { writes.push(key); setItem.call(this, key, value); };"
    )
    page.goto("/demo/")
    with page.expect_response("**/assets/widget-tabs.*.js"):
        page.evaluate("LiveChatWidget.open()")
    expect(composer(page)).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert page.evaluate("writes") == []


@each_browser
def test_tabs_share_one_socket_and_hand_it_on(visit: Open, agent: Agent, lacks: str) -> None:
    first, conversation_id = _first(visit, lacks, "Hello")
    second, third = _another(first), _another(first)
    tabs = (first, second, third)
    say(agent, conversation_id, "To all of you")
    for tab in tabs:
        expect(bubbles(tab).last).to_have_text("To all of you")
    assert _open_sockets(*tabs) == 1
    holder = next(tab for tab in tabs if _open_sockets(tab))
    rest = [tab for tab in tabs if tab is not holder]
    holder.close()
    say(agent, conversation_id, "To those who stay")
    for tab in rest:
        expect(bubbles(tab).last).to_have_text("To those who stay", timeout=15_000)
    expect(bubbles(rest[0]).filter(has_text="To those who stay")).to_have_count(1)
    assert _open_sockets(*rest) == 1


@each_browser
def test_what_is_written_in_several_tabs_is_sent_once_and_in_order(visit: Open, agent: Agent, lacks: str) -> None:
    first, conversation_id = _first(visit, lacks, "0")
    second = _another(first)
    first.context.set_offline(True)
    for number in range(1, 7):
        tab = (first, second)[number % 2]
        _write(tab, str(number))
        expect(bubbles(tab).last).to_have_text(str(number))
    for tab in (first, second):
        expect(bubbles(tab).filter(has_text=re.compile("^[1-6]$"))).to_have_text(["1", "2", "3", "4", "5", "6"])
    first.context.set_offline(False)
    for tab in (first, second):
        expect(tab.locator(".bubble.pending, .bubble.failed")).to_have_count(0, timeout=30_000)
        expect(bubbles(tab).filter(has_text=re.compile("^[0-6]$"))).to_have_text(list("0123456"))
    assert _said(agent, conversation_id) == list("0123456")


@each_browser
def test_a_tab_that_is_closed_leaves_what_it_wrote_to_the_others(visit: Open, agent: Agent, lacks: str) -> None:
    first, conversation_id = _first(visit, lacks, "Stored")
    second = _another(first)
    first.route("**/chat/message", lambda route: None)  # never answered
    _write(first, "Written in a tab that is closed")
    expect(bubbles(second).last).to_have_text("Written in a tab that is closed")
    first.close()
    expect(second.locator(".bubble.pending, .bubble.failed")).to_have_count(0, timeout=30_000)
    assert _said(agent, conversation_id) == ["Stored", "Written in a tab that is closed"]


def test_what_is_deleted_in_one_tab_is_gone_from_the_other(visit: Open, agent: Agent) -> None:
    first, _ = _first(visit, "", "Stored")
    second = _another(first)
    problem = {"type": "about:blank", "title": "No", "status": 422, "detail": "Not like this.", "code": "validation_failed"}
    first.context.route("**/chat/message", lambda route: route.fulfill(status=422, json=problem))
    _write(first, "Bad")
    expect(first.get_by_text("Not like this.")).to_be_visible()
    expect(second.get_by_text("Not like this.")).to_be_visible()
    second.get_by_role("button", name="Delete").click()
    for tab in (first, second):
        expect(tab.get_by_text("Bad", exact=True)).to_have_count(0)
