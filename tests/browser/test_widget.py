"""The visitor's widget in a real browser, over a whole stack: what it does to the page, and what it does for its visitor."""

import re
from uuid import uuid4

from playwright.sync_api import WebSocketRoute, expect

from tests.browser.widget import CONVERSATION, Open, begin, bubbles, composer, launcher, say, serving
from tests.client import Agent
from tests.stack import Stack


def test_before_the_visitor_acts_only_the_configuration_is_asked_for(visit: Open) -> None:
    page = visit("")
    asked: list[str] = []
    sockets: list[str] = []
    page.on("request", lambda request: asked.append(re.sub(r"^https?://[^/]+|\?.*", "", request.url)))
    page.on("websocket", lambda socket: sockets.append(socket.url))
    page.goto("/demo/")
    expect(launcher(page)).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert [path for path in asked if not path.startswith(("/demo/", "data:"))] == ["/widget.js", "/functions/v1/widget-config"]
    assert sockets == []
    assert page.context.cookies() == []
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    globals_before = page.evaluate("Object.keys(window).filter((key) => /chat|preact|livechat/i.test(key))")
    assert globals_before == ["LiveChatWidget"]


def test_the_full_widget_comes_on_intent_and_with_its_integrity(visit: Open) -> None:
    page = visit()
    with page.expect_request("**/assets/widget-full.*.js"):
        launcher(page).hover()
    script = page.locator("script[src*='widget-full']")
    assert (script.get_attribute("integrity") or "").startswith("sha256-")
    assert page.evaluate("localStorage.length") == 0


def test_the_script_included_twice_does_nothing_the_second_time(visit: Open) -> None:
    page = visit()
    expect(launcher(page)).to_be_visible()
    page.evaluate("""() => new Promise((done) => {
        const again = document.createElement("script");
        again.src = document.querySelector("script[src*='/widget.js']").src;
        again.onload = done;
        document.head.append(again);
    })""")
    expect(page.locator("livechat-widget")).to_have_count(1)


def test_the_api_tells_the_page_what_happens(visit: Open, agent: Agent, stack: Stack) -> None:
    page = visit("")
    html = """<!doctype html><title>t</title><body><script>
        window.seen = [];
        window.LiveChatWidget = {queue: [(widget) => widget.on("message", ({content}) => seen.push(["message", content]))]};
        for (const name of ["ready", "opened", "closed", "message", "unread"])
            addEventListener("livechat:" + name, ({detail}) => seen.push(["dom:" + name, name === "unread" ? detail : null]));
        LiveChatWidget.queue.push((widget) => { window.off = widget.on("opened", () => seen.push(["opened"])); });
    </script><script src="{script}" async></script>"""
    with serving(page, stack, html):
        expect(launcher(page)).to_be_visible()
        page.evaluate("LiveChatWidget.sendMessage('From the page')")
        expect(bubbles(page).last).to_contain_text("From the page")
        expect(page.get_by_text(re.compile("Sent|Seen"))).to_be_visible()
        conversation_id = str(page.evaluate(CONVERSATION))
        page.evaluate("off(); LiveChatWidget.close()")
        say(agent, conversation_id, "To the page")
        expect(launcher(page)).to_have_attribute("aria-label", "Open chat, 1 unread")
        page.evaluate("LiveChatWidget.toggle()")
        expect(bubbles(page).last).to_contain_text("To the page")
        page.evaluate("LiveChatWidget.queue.push((widget) => seen.push(['queued', widget === LiveChatWidget]))")
        page.wait_for_function("seen.some(([name, value]) => name === 'dom:unread' && value === 0)")
        assert page.evaluate("seen.map((event) => event.filter((part) => part !== null))") == [
            ["dom:ready"],
            ["opened"],
            ["dom:opened"],
            ["dom:closed"],
            ["message", "To the page"],
            ["dom:message"],
            ["dom:unread", 1],
            ["dom:unread", 0],
            ["dom:opened"],
            ["queued", True],
        ]
        page.evaluate("LiveChatWidget.shutdown()")
        expect(page.locator("livechat-widget")).to_have_count(0)
        assert page.evaluate("'LiveChatWidget' in window") is False


def test_the_example_page_opens_by_itself(visit: Open) -> None:
    page = visit("/demo/example.html")
    expect(page.get_by_role("dialog", name="Chat")).to_be_visible(timeout=15_000)


def test_it_works_under_a_strict_policy_and_trusted_types(visit: Open, stack: Stack) -> None:
    page = visit("")
    socket = stack.websocket_url.split("?")[0]
    policy = (
        f"default-src 'none'; script-src {stack.base_url} 'nonce-abc'; style-src {stack.base_url}; img-src {stack.base_url}; "
        f"connect-src {stack.base_url} {socket}; require-trusted-types-for 'script'; trusted-types livechat"
    )
    html = """<!doctype html><title>t</title><body><script nonce="abc">
        window.violations = [];
        document.addEventListener("securitypolicyviolation", ({violatedDirective}) => violations.push(violatedDirective));
    </script><script nonce="abc" src="{script}" async></script>"""
    with serving(page, stack, html, {"content-security-policy": policy}):
        expect(launcher(page)).to_be_visible()
        begin(page, "Under a strict policy")
        assert page.evaluate("violations") == []
        assert (
            page.evaluate("document.querySelector('livechat-widget').shadowRoot.querySelectorAll('[style], style').length") == 0
        )
        assert launcher(page).bounding_box()["width"] == 56


def test_the_page_s_own_styles_do_not_reach_it(visit: Open, stack: Stack) -> None:
    page = visit("")
    html = """<!doctype html><title>t</title><style>
        body *, livechat-widget { display: none !important; color: red !important; font-size: 3px !important; }
        body *, livechat-widget { transform: rotate(9deg) !important; }
        button, textarea, div { opacity: 0 !important; visibility: hidden !important; }
    </style><body><script src="{script}" async></script>"""
    with serving(page, stack, html):
        expect(launcher(page)).to_be_visible()
        launcher(page).click()
        expect(composer(page)).to_be_focused()
        expect(composer(page)).to_have_css("font-size", "16px")


def test_what_is_written_is_shown_as_text(visit: Open, agent: Agent) -> None:
    page = visit()
    text = "<img src=x onerror=alert(1)> javascript:alert(1) https://example.com/?q=<b>"
    conversation_id = begin(page, text)
    say(agent, conversation_id, text)
    expect(bubbles(page).last).to_have_text(text)
    expect(bubbles(page).nth(-2)).to_have_text(text)
    expect(bubbles(page).locator("img")).to_have_count(0)
    expect(bubbles(page).last.get_by_role("link")).to_have_attribute("href", "https://example.com/?q=")


def test_a_reload_shows_the_open_conversation_again(visit: Open, agent: Agent) -> None:
    page = visit()
    conversation_id = begin(page, "Before the reload")
    page.reload()
    expect(bubbles(page).last).to_have_text("Before the reload")
    page.get_by_role("button", name="Close chat").first.click()

    # Closed, it asks once and finds the news without being opened.
    say(agent, conversation_id, "While you were away")
    page.reload()
    expect(launcher(page)).to_have_attribute("aria-label", "Open chat, 1 unread")
    say(agent, conversation_id, "And again")
    expect(launcher(page)).to_have_attribute("aria-label", "Open chat, 2 unread")
    launcher(page).click()
    expect(bubbles(page).last).to_have_text("And again")
    expect(launcher(page)).to_have_attribute("aria-label", "Close chat")


def test_where_sockets_are_blocked_answers_still_arrive(visit: Open, agent: Agent) -> None:
    page = visit("")

    def refuse(socket: WebSocketRoute) -> None:
        socket.close()

    page.route_web_socket(re.compile("."), refuse)
    page.goto("/demo/")
    conversation_id = begin(page, "Without a socket")
    say(agent, conversation_id, "By polling")
    expect(bubbles(page).last).to_have_text("By polling", timeout=15_000)
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_message_written_without_a_network_is_sent_when_it_is_back(visit: Open, agent: Agent) -> None:
    page = visit()
    conversation_id = begin(page, "Online")
    page.context.set_offline(True)
    composer(page).fill("Offline")
    composer(page).press("Enter")
    expect(page.get_by_text("Messages will be sent once")).to_be_visible()
    expect(page.get_by_text("Sending…")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_text(re.compile("· (Sent|Seen)"))).to_be_visible()
    said = agent.caller.get(f"/chat/messages?conversation_id={conversation_id}").body["messages"]
    assert [entry["content"] for entry in said if entry["sender_type"] == "visitor"] == ["Online", "Offline"]


def test_a_message_the_service_refuses_can_be_tried_again_or_deleted(visit: Open, agent: Agent) -> None:
    page = visit()
    begin(page, "Good")
    problem = {"type": "about:blank", "title": "No", "status": 422, "detail": "Not like this.", "code": "validation_failed"}
    page.route("**/chat/message", lambda route: route.fulfill(status=422, json=problem))
    composer(page).fill("Bad")
    composer(page).press("Enter")
    expect(page.get_by_text("Not like this.")).to_be_visible()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("Not like this.")).to_be_visible()
    page.unroute("**/chat/message")
    page.get_by_role("button", name="Delete").click()
    expect(bubbles(page).last).to_have_text("Good")


def test_it_can_be_used_by_keyboard_alone(visit: Open) -> None:
    page = visit()
    expect(launcher(page)).to_be_visible()
    launcher(page).focus()
    page.keyboard.press("Enter")
    expect(composer(page)).to_be_focused()
    page.keyboard.type("One line")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("and another")
    page.keyboard.press("Enter")
    expect(bubbles(page).last).to_have_text("One line\nand another")
    expect(composer(page)).to_have_value("")
    expect(page.get_by_text(re.compile("Sent|Seen"))).to_be_visible()
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("log")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("button", name="More")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem", name="End conversation")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="More")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Chat")).to_be_hidden()
    expect(launcher(page)).to_be_focused()


def test_on_a_phone_it_fills_the_screen_and_its_targets_are_large_enough(visit: Open) -> None:
    page = visit(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True, device_scale_factor=2)
    begin(page, "From a phone")
    box = page.get_by_role("dialog", name="Chat").bounding_box()
    assert box == {"x": 0, "y": 0, "width": 360, "height": 740}
    for button in page.get_by_role("dialog", name="Chat").get_by_role("button").all():
        size = button.bounding_box()
        assert size
        assert min(size["width"], size["height"]) >= 44
    expect(composer(page)).to_have_css("font-size", "16px")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_key_that_nobody_has_is_silent_for_the_visitor(visit: Open, stack: Stack) -> None:
    page = visit("")
    html = """<!doctype html><title>t</title><body><script>
        addEventListener("livechat:error", (event) => { window.failure = event.detail.code; });
    </script><script src="{script}" async></script>"""
    with serving(page, stack, html.replace("{script}", f"{stack.base_url}/widget.js?id=lc_{uuid4().hex}")):
        page.wait_for_function("window.failure")
        assert page.evaluate("failure") == "widget_not_found"
        expect(page.locator("livechat-widget")).to_have_count(0)


def test_two_tabs_of_one_visitor_share_one_conversation(visit: Open, agent: Agent) -> None:
    first = visit()
    conversation_id = begin(first, "In the first tab")
    second = first.context.new_page()
    second.goto("/demo/")
    second.evaluate("LiveChatWidget.open()")
    expect(bubbles(second).last).to_have_text("In the first tab")
    composer(second).fill("In the second tab")
    composer(second).press("Enter")
    for page in (first, second):
        expect(bubbles(page).last).to_have_text("In the second tab")
        expect(page.locator(".bubble.pending")).to_have_count(0)
    say(agent, conversation_id, "To both")
    for page in (first, second):
        expect(bubbles(page).last).to_have_text("To both")


def test_a_first_message_shows_once_in_a_second_tab_and_its_news_end_with_it(visit: Open, agent: Agent) -> None:
    first = visit()
    second = first.context.new_page()
    second.goto("/demo/")
    second.evaluate("LiveChatWidget.open()")
    expect(composer(second)).to_be_visible()
    conversation_id = begin(first, "In both, once")
    own = bubbles(second).filter(has_text="In both, once")
    expect(own).to_have_count(1)
    expect(second.get_by_text("Sending…")).to_have_count(0)
    say(agent, conversation_id, "Read aloud")
    for page in (first, second):
        expect(bubbles(page).filter(has_text="Read aloud")).to_have_count(1)
    expect(own).to_have_count(1)
    expect(second.get_by_text("Sending…")).to_have_count(0)
    agent.do("resolve", conversation_id)
    first.get_by_role("button", name="Start a new conversation").click()
    expect(bubbles(second).filter(has_text="Read aloud")).to_have_count(0)
    expect(second.get_by_text("Read aloud")).to_have_count(0)


def test_the_end_leaves_the_focus_in_the_panel(visit: Open, agent: Agent) -> None:
    focused = "document.querySelector('livechat-widget').shadowRoot.activeElement?.className"
    page = visit()
    conversation_id = begin(page, "First")
    composer(page).focus()
    agent.do("resolve", conversation_id)
    expect(page.locator(".star")).to_have_count(5)
    assert "panel" in page.evaluate(focused)
    page.keyboard.press("Escape")
    expect(launcher(page)).to_have_attribute("aria-expanded", "false")
    page.evaluate("LiveChatWidget.open()")
    page.get_by_role("button", name="Start a new conversation").click()
    begin(page, "Second")
    page.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="End conversation").click()
    page.get_by_role("button", name="End conversation").click()
    expect(page.get_by_role("radio").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(launcher(page)).to_have_attribute("aria-expanded", "false")


def test_an_unsent_first_message_goes_out_after_a_reload_even_with_the_panel_closed(visit: Open, agent: Agent) -> None:
    page = visit()
    page.route("**/chat/start", lambda route: route.abort())
    page.evaluate("LiveChatWidget.open()")
    composer(page).fill("Written before the reload")
    composer(page).press("Enter")
    expect(page.get_by_text("Not sent.")).to_be_visible()
    page.get_by_role("button", name="Close chat").first.click()
    page.unroute("**/chat/start")
    with page.expect_response("**/chat/message"):
        page.reload()
    launcher(page).click()
    expect(bubbles(page).last).to_have_text("Written before the reload")
    expect(page.get_by_text(re.compile("Sent|Seen"))).to_be_visible()
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.includes('outbox'))") == []


def test_odd_values_from_the_page_do_no_harm(visit: Open, agent: Agent) -> None:
    page = visit()
    page.evaluate("LiveChatWidget.open()")
    expect(composer(page)).to_be_visible()
    page.evaluate("""() => {
        const throws = { toString() { throw Error("odd") } };
        for (const odd of [undefined, null, {}, [], Symbol("odd"), () => 1, "", false, throws]) {
            LiveChatWidget.sendMessage(odd);
            LiveChatWidget.identify(odd, odd, odd);
            LiveChatWidget.setCustomAttributes(odd);
            LiveChatWidget.trackEvent(odd, odd);
            LiveChatWidget.prefill(odd);
        }
        LiveChatWidget.identify("u1", { phone: 41791234567, deep: { circle: window } }, { id: "u2", hash: 5 });
    }""")
    expect(composer(page)).to_have_value("")
    expect(page.get_by_role("log").locator(".own")).to_have_count(0)
    conversation_id = begin(page, "All the same")
    conversation = agent.caller.get(f"/agent/conversation?conversation_id={conversation_id}").body
    assert conversation["visitor"]["phone"] == "41791234567"


def test_the_menu_and_a_second_thought_about_the_end_leave_the_panel_alive(visit: Open, agent: Agent) -> None:
    page = visit()
    conversation_id = begin(page, "First")
    page.get_by_role("button", name="More").click()
    page.keyboard.press("Escape")
    composer(page).fill("Second")
    composer(page).press("Enter")
    expect(bubbles(page).filter(has_text="Second")).to_be_visible()
    page.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="End conversation").click()
    page.get_by_role("button", name="Keep chatting").click()
    say(agent, conversation_id, "Third")
    expect(bubbles(page).filter(has_text="Third")).to_be_visible()
    page.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="End conversation").click()
    page.get_by_role("button", name="End conversation").click()
    expect(page.locator(".star")).to_have_count(5)
    page.get_by_role("button", name="Start a new conversation").click()
    expect(composer(page)).to_be_visible()
