"""The agents' console in a real browser, over a whole stack."""

import re
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.client import Agent, Visitor
from tests.stack import Stack

DESKTOP = (1440, 900)
PHONE = (360, 740)
# An agent of the first customer for the browser, and a colleague who works by plain HTTP.
BROWSER_AGENT, COLLEAGUE = 1, 2


@pytest.fixture
def page(chromium: Browser, stack: Stack) -> Iterator[Page]:
    yield from _page(chromium, stack, DESKTOP)


@pytest.fixture
def phone(chromium: Browser, stack: Stack) -> Iterator[Page]:
    yield from _page(chromium, stack, PHONE)


@pytest.fixture
def colleague(stack: Stack) -> Agent:
    return _sign_in_by_http(stack, COLLEAGUE)


@pytest.fixture(autouse=True)
def nobody_is_available(stack: Stack) -> None:
    """So that every new conversation waits in the queue, whatever an earlier test left behind."""
    for which in range(len(stack.agents)):
        agent = _sign_in_by_http(stack, which)
        agent.be("away")
        for conversation in agent.caller.get("/agent/conversations?view=open&limit=100").body["items"]:
            agent.do("resolve", conversation["id"])


def _page(chromium: Browser, stack: Stack, size: tuple[int, int]) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": size[0], "height": size[1]}, base_url=stack.base_url, locale="en-GB")
    context.set_default_timeout(15_000)
    page = context.new_page()
    mistakes: list[str] = []
    page.on("pageerror", lambda error: mistakes.append(str(error)))
    page.on("console", lambda message: mistakes.append(message.text) if "Content Security Policy" in message.text else None)
    yield page
    context.close()
    assert mistakes == []


def _sign_in_by_http(stack: Stack, which: int) -> Agent:
    account = stack.agents[which]
    return Agent.sign_in(stack.base_url, stack.identity, account["email"], account["password"])


def _sign_in(page: Page, account: dict[str, str], password: str | None = None) -> None:
    page.goto("/console/")
    page.get_by_label("E-mail").fill(account["email"])
    page.get_by_label("Password").fill(password or account["password"])
    page.get_by_role("button", name="Sign in").click()


def _inbox(page: Page, stack: Stack, which: int = BROWSER_AGENT) -> None:
    _sign_in(page, stack.agents[which])
    expect(page.get_by_role("heading", name="Mine")).to_be_visible()


def _go(page: Page, name: str) -> None:
    page.get_by_role("navigation").get_by_role("link", name=name).click()


def _row(page: Page, name: str) -> Any:
    return page.locator(".row", has_text=name)


def _visitor(stack: Stack, name: str, *said: str) -> Visitor:
    visitor = Visitor.start(
        stack.base_url,
        stack.widget_id,
        visitor_info={"name": name, "email": f"{name.lower()}@example.com"},
        context={"page_url": "https://shop.example/tents", "language": "de", "user_agent": "Mozilla/5.0 Firefox/130.0"},
    )
    for text in said:
        assert visitor.say(text).status == 201
    return visitor


def _take(page: Page, name: str) -> None:
    _go(page, "Queue")
    _row(page, name).click()
    page.get_by_role("button", name="Take conversation").click()
    # The button changes at once; the address only when the server has agreed.
    expect(page).to_have_url(re.compile("/console/mine/"))


def _write(page: Page, text: str) -> None:
    box = page.get_by_role("textbox", name=re.compile("^Message to"))
    box.fill(text)
    box.press("Enter")


def test_a_wrong_password_is_told_and_a_reload_keeps_the_sign_in(page: Page, stack: Stack) -> None:
    account = stack.agents[BROWSER_AGENT]
    _sign_in(page, account, "not the password")
    expect(page.get_by_role("alert")).to_contain_text("The e-mail or the password is not right")
    page.get_by_label("Password").fill(account["password"])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Mine")).to_be_visible()

    page.reload()
    expect(page.get_by_role("heading", name="Mine")).to_be_visible()

    page.get_by_role("button", name=re.compile("account$")).click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in to your inbox")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Sign in to your inbox")).to_be_visible()
    assert _sign_in_by_http(stack, BROWSER_AGENT).me["status"] == "offline"


def test_a_sign_in_service_that_cannot_be_reached_is_told(page: Page, stack: Stack) -> None:
    page.route(f"{stack.identity['endpoint'].rstrip('/')}/**", lambda route: route.abort())
    _sign_in(page, stack.agents[BROWSER_AGENT])
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")


def test_an_invited_agent_chooses_a_password_first(page: Page, stack: Stack) -> None:
    account = stack.agents[BROWSER_AGENT]
    identity = boto3.client(
        "cognito-idp",
        endpoint_url=stack.identity["endpoint"],
        region_name=stack.identity["user_pool_id"].split("_")[0],
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    user = {"UserPoolId": stack.identity["user_pool_id"], "Username": account["email"]}
    identity.admin_set_user_password(**user, Password="Invitation-2026", Permanent=False)
    try:
        _sign_in(page, account, "Invitation-2026")
        page.get_by_label("New password", exact=True).fill(account["password"])
        page.get_by_label("New password again").fill("something else")
        page.get_by_role("button", name="Save and continue").click()
        expect(page.get_by_role("alert")).to_contain_text("The two passwords differ")
        page.get_by_label("New password again").fill(account["password"])
        page.get_by_role("button", name="Save and continue").click()
        expect(page.get_by_role("heading", name="Mine")).to_be_visible()
    finally:
        identity.admin_set_user_password(**user, Password=account["password"], Permanent=True)


def test_a_conversation_arrives_is_taken_answered_and_resolved_without_a_reload(page: Page, stack: Stack) -> None:
    _inbox(page, stack)
    _go(page, "Queue")
    expect(page.get_by_text("Nobody is waiting")).to_be_visible()

    visitor = _visitor(stack, "Vera", "Is the tent waterproof?")
    expect(_row(page, "Vera")).to_contain_text("Is the tent waterproof?")
    expect(page.get_by_role("navigation").get_by_role("link", name="Queue")).to_contain_text("1")

    _take(page, "Vera")
    _write(page, "Yes, up to 3000 mm.")
    expect(page.get_by_role("log")).to_contain_text("Yes, up to 3000 mm.")
    expect(page.locator(".bubble[data-state=pending]")).to_have_count(0)
    visitor.say("Great, thank you!")
    expect(page.get_by_role("log")).to_contain_text("Great, thank you!")
    _go(page, "Mine")
    expect(_row(page, "Vera")).to_contain_text("Great, thank you!")

    panel = page.get_by_role("complementary", name="About the visitor")
    _row(page, "Vera").click()
    for fact in ("vera@example.com", "shop.example/tents", "Firefox 130", "German"):
        expect(panel).to_contain_text(fact)

    page.get_by_role("button", name="Resolve").click()
    expect(page.get_by_role("status").filter(has_text="Resolved: Vera")).to_be_visible()
    expect(_row(page, "Vera")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(_row(page, "Vera")).to_be_visible()
    expect(page.get_by_text("You reopened the conversation")).to_be_visible()
    events = [entry["metadata"].get("event") for entry in visitor.log()]
    assert events == ["conversation.assigned" if at == 1 else None for at in range(4)] + [
        "conversation.resolved",
        "conversation.reopened",
    ]


def test_both_sides_see_typing_and_what_was_seen(page: Page, stack: Stack) -> None:
    visitor = _visitor(stack, "Tom", "Hello")
    _inbox(page, stack)
    _take(page, "Tom")
    with visitor.socket() as socket:
        socket.subscribe(f"conversation:{visitor.conversation_id}")
        page.get_by_role("textbox", name="Message to Tom").press_sequentially("One mo")
        assert socket.wait("typing")["is_typing"] is True
        socket.say("typing", conversation_id=visitor.conversation_id, is_typing=True)
        expect(page.get_by_text("Tom is writing")).to_be_visible()
        socket.say("typing", conversation_id=visitor.conversation_id, is_typing=False)
        expect(page.get_by_text("Tom is writing")).to_have_count(0)
        page.keyboard.type("ment")
        page.keyboard.press("Enter")
        answer = socket.wait("message.created", lambda frame: frame["data"]["sender_type"] == "agent")
        assert answer["data"]["content"] == "One moment"
        socket.say("read", conversation_id=visitor.conversation_id, seq=answer["seq"])
        expect(page.get_by_role("log").get_by_text("Seen")).to_be_visible()


def test_the_focus_is_where_the_agent_writes_once_they_may(page: Page, stack: Stack) -> None:
    _visitor(stack, "Fenja", "Hello")
    _inbox(page, stack)
    box = page.get_by_role("textbox", name=re.compile("^Message to"))
    _take(page, "Fenja")
    expect(box).to_be_focused()
    page.get_by_role("button", name="Resolve").click()
    page.get_by_role("button", name="Undo").click()
    expect(box).to_be_focused()
    page.get_by_role("button", name="Resolve").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    page.get_by_role("button", name="Reopen", exact=True).click()
    expect(box).to_be_focused()
    # What it would undo has been undone.
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    page.get_by_role("button", name="More to do").click()
    page.get_by_role("menuitem", name="Return to queue").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    page.keyboard.press("t")
    expect(box).to_be_focused()
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)


def test_what_has_ended_waits_for_nobody(page: Page, stack: Stack, colleague: Agent) -> None:
    visitor = _visitor(stack, "Gesa", "Hello", "Anybody?")
    colleague.do("assign", visitor.conversation_id)
    colleague.do("resolve", visitor.conversation_id)
    _inbox(page, stack)
    _go(page, "Closed")
    expect(_row(page, "Gesa")).to_be_visible()
    expect(_row(page, "Gesa").locator(".count")).to_have_count(0)
    _row(page, "Gesa").click()
    expect(page.get_by_role("log").get_by_text("Anybody?")).to_be_visible()
    for _ in range(50):
        told = colleague.caller.get(f"/agent/conversation?conversation_id={visitor.conversation_id}").body
        if told["unread_count"] == 0:
            break
        page.wait_for_timeout(100)
    assert told["unread_count"] == 0


def test_a_conversation_that_is_not_there_is_told(page: Page, stack: Stack) -> None:
    _inbox(page, stack)
    page.goto("/console/mine/00000000-0000-4000-8000-000000000000")
    expect(page.get_by_text("This conversation does not exist any more.")).to_be_visible()
    expect(page.get_by_text("cannot be reached")).to_have_count(0)


def test_unread_messages_are_counted_until_they_are_seen(page: Page, stack: Stack) -> None:
    visitor = _visitor(stack, "Uma", "Hello")
    _inbox(page, stack)
    _take(page, "Uma")
    _go(page, "Statistics")
    expect(page.get_by_text("Open now")).to_be_visible()
    visitor.say("Are you there?")
    visitor.say("It is about my order")
    expect(page).to_have_title(re.compile(r"^\(2\) "))
    _go(page, "Mine")
    _row(page, "Uma").click()
    expect(page).to_have_title(re.compile(r"^Inbox"))
    expect(_row(page, "Uma").locator(".count")).to_have_count(0)


def test_a_conversation_that_a_colleague_took_first_is_told(page: Page, stack: Stack, colleague: Agent) -> None:
    visitor = _visitor(stack, "Rosa", "Hello")
    _inbox(page, stack)
    _go(page, "Queue")
    _row(page, "Rosa").click()

    def overtake(route: Route) -> None:
        assert colleague.do("assign", visitor.conversation_id).status == 200
        route.continue_()

    page.route("**/agent/assign", overtake)
    page.get_by_role("button", name="Take conversation").click()
    name = colleague.me["display_name"]
    expect(page.get_by_role("status").filter(has_text=f"{name} took this conversation first")).to_be_visible()
    expect(page.get_by_text(f"{name} is in this conversation")).to_be_visible()
    expect(_row(page, "Rosa")).to_have_count(0)


def test_a_conversation_goes_to_a_colleague_and_back_to_the_queue(page: Page, stack: Stack, colleague: Agent) -> None:
    colleague.be("online")
    given, returned = _visitor(stack, "Gil", "Hello"), _visitor(stack, "Rex", "Hello")
    for visitor in (given, returned):
        colleague.do("unassign", visitor.conversation_id)
    _inbox(page, stack)
    _take(page, "Gil")
    page.get_by_role("button", name="More to do").click()
    page.get_by_role("menuitem", name="Transfer to a colleague").click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile(str(colleague.me["display_name"]))).click()
    expect(page.get_by_role("status").filter(has_text=f"Gil is now with {colleague.me['display_name']}")).to_be_visible()
    expect(page.get_by_text(f"{colleague.me['display_name']} is in this conversation")).to_be_visible()
    mine = colleague.caller.get("/agent/conversations?view=mine").body["items"]
    assert given.conversation_id in [conversation["id"] for conversation in mine]

    _take(page, "Rex")
    page.get_by_role("button", name="More to do").click()
    page.get_by_role("menuitem", name="Return to queue").click()
    expect(page.get_by_role("button", name="Take conversation")).to_be_visible()
    _go(page, "Queue")
    expect(_row(page, "Rex")).to_be_visible()


def test_what_is_written_without_a_network_is_kept_over_a_reload_and_sent_once(page: Page, stack: Stack) -> None:
    visitor = _visitor(stack, "Otto", "Hello")
    _inbox(page, stack)
    _take(page, "Otto")
    page.context.set_offline(True)
    _write(page, "I will look it up.")
    expect(page.locator(".bubble[data-state=pending]")).to_have_text("I will look it up.")
    expect(page.get_by_text("No connection")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_text("No connection")).to_have_count(0)
    expect(page.locator(".bubble[data-state=stored]", has_text="I will look it up.")).to_be_visible()

    page.route("**/chat/message", lambda route: route.abort())
    _write(page, "Found it.")
    expect(page.locator(".bubble", has_text="Found it.")).to_be_visible()
    page.get_by_role("textbox", name="Message to Otto").fill("And one more")
    page.unroute("**/chat/message")
    page.reload()
    expect(page.locator(".bubble[data-state=stored]", has_text="Found it.")).to_be_visible()
    expect(page.get_by_role("textbox", name="Message to Otto")).to_have_value("And one more")
    said = [entry["content"] for entry in visitor.log() if entry["sender_type"] == "agent"]
    assert said == ["I will look it up.", "Found it."]


def test_presence_changes_at_once_and_is_the_servers_too(page: Page, stack: Stack) -> None:
    _inbox(page, stack)
    page.get_by_role("button", name="Your presence: Away").click()
    # Shown at once; a visitor who starts is routed by what the service knows. The page tells its presence by itself as well.
    with page.expect_response(lambda answer: answer.url.endswith("/presence") and answer.json()["status"] == "online"):
        page.get_by_role("menuitemradio", name=re.compile("^Online")).click()
        expect(page.get_by_role("button", name="Your presence: Online")).to_be_visible()
    visitor = _visitor(stack, "Ida", "Hello")
    assert visitor.started["status"] == "active"
    expect(_row(page, "Ida")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Your presence: Online")).to_be_visible()


def test_keys_move_open_and_explain(page: Page, stack: Stack) -> None:
    _visitor(stack, "Kim", "Hello")
    _visitor(stack, "Lea", "Hello")
    _inbox(page, stack)
    page.keyboard.press("2")
    expect(_row(page, "Lea")).to_be_visible()
    page.keyboard.press("j")
    expect(_row(page, "Kim")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(_row(page, "Lea")).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Kim").first).to_be_visible()
    page.keyboard.press("t")
    expect(page.get_by_role("textbox", name=re.compile("^Message to"))).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_text("No conversation open")).to_be_visible()


def test_another_customers_agent_sees_nothing_of_it(page: Page, stack: Stack) -> None:
    visitor = _visitor(stack, "Secret", "Nobody else must see this")
    _sign_in(page, stack.second_customer["agents"][1])
    expect(page.get_by_role("heading", name="Mine")).to_be_visible()
    for place in ("Queue", "All", "Closed"):
        _go(page, place)
        expect(page.get_by_role("heading", name=place)).to_be_visible()
        expect(_row(page, "Secret")).to_have_count(0)
    page.goto(f"/console/queue/{visitor.conversation_id}")
    expect(page.get_by_text("This conversation does not exist any more.")).to_be_visible()


def test_a_rating_shows_with_its_conversation_and_in_the_statistics(page: Page, stack: Stack) -> None:
    visitor = _visitor(stack, "Rita", "Hello")
    _inbox(page, stack)
    _take(page, "Rita")
    visitor.end()
    expect(page.get_by_text("The visitor ended the conversation")).to_be_visible()
    expect(page.get_by_text("This conversation has ended")).to_be_visible()
    visitor.caller.post("/chat/feedback", {"conversation_id": visitor.conversation_id, "rating": 4, "comment": "Quick!"})
    panel = page.get_by_role("complementary", name="About the visitor")
    expect(panel.get_by_role("img", name="4 of 5")).to_be_visible()
    expect(panel).to_contain_text("Quick!")
    _go(page, "Statistics")
    expect(page.get_by_text("What visitors say")).to_be_visible()
    expect(page.locator(".tile", has_text="Ratings")).to_be_visible()


def test_a_phone_shows_one_pane_at_a_time_and_nothing_beyond_its_edge(phone: Page, stack: Stack) -> None:
    _visitor(stack, "Pia", "Hello " * 40, "x" * 400)
    _inbox(phone, stack)
    _go(phone, "Queue")
    _row(phone, "Pia").click()
    expect(phone.get_by_role("button", name="Take conversation")).to_be_visible()
    expect(phone.get_by_role("navigation")).to_be_hidden()
    phone.get_by_role("button", name="Pia: about the visitor").click()
    expect(phone.get_by_text("pia@example.com")).to_be_visible()
    phone.keyboard.press("Escape")
    expect(phone.get_by_text("pia@example.com")).to_be_hidden()
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    phone.go_back()
    expect(phone.get_by_role("heading", name="Queue")).to_be_visible()
    expect(_row(phone, "Pia")).to_be_visible()


def test_whoever_is_no_agent_here_is_told_and_can_sign_out(page: Page, stack: Stack) -> None:
    _inbox(page, stack)
    problem = {"type": "about:blank", "title": "No", "status": 403, "detail": "No agent.", "code": "agent_unknown"}
    page.route("**/functions/v1/agent/**", lambda route: route.fulfill(status=403, json=problem))
    told = page.get_by_text("Your account is not set up here, or was deactivated. Ask an admin.")
    # Whatever is asked next is refused: what the page asks by itself may be that as well.
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(told).to_be_visible()
    page.reload()
    expect(told).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Password")).to_be_visible()
    expect(told).to_have_count(0)


def test_the_composer_stays_the_same_field_while_a_conversation_becomes_ones_own(page: Page, stack: Stack) -> None:
    visitor = _visitor(stack, "Nora", "Hello")
    _inbox(page, stack)
    _go(page, "Queue")
    _row(page, "Nora").click()
    expect(page.get_by_role("button", name="Take it to write")).to_be_visible()
    page.locator(".composer textarea").evaluate("(field) => { field.dataset.mark = 'the first' }")
    field = page.get_by_role("textbox", name="Message to Nora")

    def while_asked(route: Route) -> None:
        # News from before the decision arrives, and the agent writes already.
        visitor.say("Anybody?")
        route.continue_()

    page.route("**/agent/assign", while_asked)
    page.get_by_role("button", name="Take conversation").click()
    field.press_sequentially("I am here, one", delay=20)
    expect(page).to_have_url(re.compile("/console/mine/"))
    field.press_sequentially(" moment", delay=20)
    expect(field).to_be_focused()
    expect(field).to_have_value("I am here, one moment")
    expect(field).to_have_attribute("data-mark", "the first")


def test_where_a_visitor_comes_from_shows_though_the_lists_leave_it_out(page: Page, stack: Stack) -> None:
    _visitor(stack, "Pia", "Hello")

    def in_short(route: Route) -> None:
        answer = route.fetch()
        body = answer.json()
        for item in body["items"]:
            item.update(context={}, visitor_info={})
        route.fulfill(response=answer, json=body)

    page.route("**/agent/conversations?*", in_short)
    _inbox(page, stack)
    _go(page, "Queue")
    _row(page, "Pia").click()
    panel = page.get_by_role("complementary", name="About the visitor")
    expect(panel.get_by_text("shop.example/tents")).to_be_visible()
    expect(panel.get_by_text("German")).to_be_visible()
    expect(panel.get_by_text("Firefox 130")).to_be_visible()
    _go(page, "All")
    _go(page, "Queue")
    _row(page, "Pia").click()
    expect(panel.get_by_text("shop.example/tents")).to_be_visible()
