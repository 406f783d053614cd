"""What is refused, and that it is told in the one documented form."""

import json

import pytest
from websockets.exceptions import InvalidStatus

from tests.client import Agent, Answer, Caller, Socket, Visitor, page_ids
from tests.stack import Stack

UNKNOWN = "01900000-0000-7000-8000-000000000000"


@pytest.fixture(scope="module")
def visitor(stack: Stack) -> Visitor:
    return Visitor.start(stack.base_url, stack.widget_id)


@pytest.fixture(scope="module")
def admin(stack: Stack) -> Agent:
    account = next(agent for agent in stack.agents if agent["role"] == "admin")
    return Agent.sign_in(stack.base_url, stack.identity, account["email"], account["password"])


@pytest.fixture(scope="module")
def stranger(stack: Stack) -> Agent:
    """An agent of the other customer."""
    account = stack.second_customer["agents"][1]
    return Agent.sign_in(stack.base_url, stack.identity, account["email"], account["password"])


def refused(answer: Answer, status: int, code: str) -> Answer:
    assert (answer.status, answer.body.get("code")) == (status, code), answer
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert {"type", "title", "status", "detail", "code", "request_id"} <= set(answer.body)
    return answer


def test_a_tampered_visitor_token_is_401(visitor: Visitor) -> None:
    header, payload, signature = str(visitor.caller.token).split(".")
    forged = Caller(visitor.caller.base_url, f"{header}.{payload}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}")
    refused(forged.get(f"/chat/messages?conversation_id={visitor.conversation_id}"), 401, "unauthenticated")
    refused(forged.post("/chat/start", {"widget_id": UNKNOWN}), 401, "unauthenticated")


def test_no_token_is_401(visitor: Visitor) -> None:
    nobody = Caller(visitor.caller.base_url)
    refused(nobody.get(f"/chat/messages?conversation_id={visitor.conversation_id}"), 401, "unauthenticated")
    for path in ("/agent/me", "/agent/conversations", "/agent/stats", "/admin-config/widgets", "/admin-config/customer"):
        refused(nobody.get(path), 401, "unauthenticated")


def test_an_unknown_widget_is_404(stack: Stack) -> None:
    nobody = Caller(stack.base_url)
    refused(nobody.get(f"/widget-config?widget_id={UNKNOWN}"), 404, "widget_not_found")
    refused(nobody.get("/widget-config?id=lc_nobody"), 404, "widget_not_found")
    refused(nobody.post("/chat/start", {"widget_id": UNKNOWN, **page_ids()}), 404, "widget_not_found")


def test_a_key_and_a_widget_of_different_customers_are_404(stack: Stack) -> None:
    path = f"/widget-config?id={stack.api_key}&widget_id={stack.second_customer['widget_id']}"
    refused(Caller(stack.base_url).get(path), 404, "widget_not_found")


def test_a_wrong_sender_type_is_403(visitor: Visitor) -> None:
    for sender_type in ("agent", "bot", "system"):
        refused(visitor.say("Hello", sender_type=sender_type), 403, "sender_type_mismatch")


def test_a_body_of_a_megabyte_is_413(visitor: Visitor) -> None:
    refused(visitor.say("x" * 1_000_000), 413, "payload_too_large")


@pytest.mark.parametrize(
    "broken",
    [b"{", b"", b'{"a":NaN}', b'{"a":"\\ud800"}', b"[" * 100_000, b'{"content":"a","content":"b"}', b"\xff\xfe"],
    ids=["cut off", "empty", "NaN", "lone surrogate", "deep", "key twice", "not UTF-8"],
)
def test_broken_json_is_told_apart_from_a_server_error(visitor: Visitor, broken: bytes) -> None:
    answer = visitor.caller.call("POST", "/chat/message", raw=broken)
    assert answer.status in (400, 422), answer
    assert answer.body["code"] in ("invalid_json", "validation_failed")


def test_another_media_type_is_415(visitor: Visitor) -> None:
    answer = visitor.caller.call("POST", "/chat/message", raw=b"a=b", headers={"content-type": "text/plain"})
    refused(answer, 415, "unsupported_media_type")


def test_a_wrong_field_is_named(visitor: Visitor) -> None:
    answer = refused(visitor.say("Hello", message_type="hologram", nonsense=1), 422, "validation_failed")
    assert {"message_type", "nonsense"} <= {error["field"] for error in answer.body["errors"]}
    answer = refused(visitor.caller.get("/chat/messages?conversation_id=no-uuid"), 400, "invalid_query")
    assert answer.body["errors"][0]["field"] == "conversation_id"
    for nul in ("Hello\0", "\0"):
        refused(visitor.say(nul), 422, "validation_failed")


def test_before_and_after_together_and_a_parameter_twice_are_400(visitor: Visitor) -> None:
    path = f"/chat/messages?conversation_id={visitor.conversation_id}"
    refused(visitor.caller.get(f"{path}&before=3&after=1"), 400, "invalid_query")
    refused(visitor.caller.get(f"{path}&after=3&after=1"), 400, "invalid_query")


def test_content_that_is_too_long_is_told(visitor: Visitor) -> None:
    refused(visitor.say("x" * 10_001), 422, "content_too_long")
    refused(visitor.say("€" * 9_000), 422, "content_too_long")
    assert visitor.say("x" * 10_000).status == 201


def test_small_bodies_cannot_grow_into_answers_that_are_too_large(stack: Stack, visitor: Visitor) -> None:
    for number in (1e308, -1e16, 1e-300):
        refused(visitor.say("Hello", metadata={"list": [number] * 5}), 422, "validation_failed")
        body = {"widget_id": stack.widget_id, **page_ids(), "context": {"list": [number]}}
        refused(Caller(stack.base_url).post("/chat/start", body), 422, "validation_failed")
    refused(visitor.say("\x01" * 10_000), 422, "content_too_long")
    longest = Visitor.start(stack.base_url, stack.widget_id, context={"page_url": "ü" * 4_000})
    assert all(longest.say('"' * 10_000).status == 201 for _ in range(100))
    assert len(longest.log()) == 100


def test_the_same_client_message_id_for_another_message_is_409(visitor: Visitor) -> None:
    assert visitor.say("one", client_message_id="same").status == 201
    assert visitor.say("one", client_message_id="same").status == 200
    refused(visitor.say("two", client_message_id="same"), 409, "client_message_id_reused")


def test_foreign_and_unknown_ids_answer_alike(stack: Stack, visitor: Visitor, stranger: Agent) -> None:
    other = Visitor.start(stack.base_url, stack.widget_id)
    for caller in (other.caller, stranger.caller):
        told = []
        for conversation_id in (visitor.conversation_id, UNKNOWN):
            answer = refused(caller.get(f"/chat/messages?conversation_id={conversation_id}"), 404, "conversation_not_found")
            told.append({**answer.body, "request_id": ""})
            refused(caller.post("/chat/end", {"conversation_id": conversation_id}), 404, "conversation_not_found")
        assert told[0] == told[1]
    refused(stranger.do("assign", visitor.conversation_id), 404, "conversation_not_found")
    assert visitor.conversation_id not in json.dumps(stranger.caller.get("/agent/conversations?view=all").body)


def test_a_path_that_nobody_serves_and_a_method_that_nobody_offers_are_problems(stack: Stack) -> None:
    nobody = Caller(stack.base_url)
    for path in ("/nothing", "/chat/nothing", "/agent/nothing", "/admin-config/nothing"):
        refused(nobody.get(path), 404, "not_found")
    refused(nobody.call("DELETE", "/chat/message"), 405, "method_not_allowed")


def test_a_preflight_is_answered_for_any_origin(stack: Stack) -> None:
    headers = {"origin": "https://anywhere.example", "access-control-request-method": "POST"}
    answer = Caller(stack.base_url).call("OPTIONS", "/chat/message", headers=headers)
    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "authorization" in answer.headers["access-control-allow-headers"]


def test_a_blocked_domain_is_403_and_readable(stack: Stack, admin: Agent) -> None:
    made = admin.caller.post(
        "/admin-config/widget",
        {"name": "Fenced", "allowed_domains": ["*.good.example"], "blocked_domains": ["bad.good.example"]},
    )
    assert made.status == 201, made
    widget_id = made.body["id"]
    for origin, status in (
        ("https://shop.good.example", 200), ("https://SHOP.good.example.:8443", 200),
        ("https://good.example", 403), ("https://bad.good.example", 403), ("https://good.example.evil.com", 403),
        ("null", 403), ("https://evil.com\\@x.good.example", 403),
    ):  # fmt: skip
        page = Caller(stack.base_url, origin=origin)
        answer = page.get(f"/widget-config?widget_id={widget_id}")
        assert answer.status == status, (origin, answer)
        if status == 403:
            refused(answer, 403, "domain_not_allowed")
            refused(page.post("/chat/start", {"widget_id": widget_id, **page_ids()}), 403, "domain_not_allowed")
    assert admin.caller.call("DELETE", f"/admin-config/widget?widget_id={widget_id}").status == 204
    refused(Caller(stack.base_url).get(f"/widget-config?widget_id={widget_id}"), 404, "widget_not_found")


def test_agents_who_are_no_admins_change_nothing(stack: Stack) -> None:
    account = next(agent for agent in stack.agents if agent["role"] == "agent")
    agent = Agent.sign_in(stack.base_url, stack.identity, account["email"], account["password"])
    refused(agent.caller.get("/admin-config/widgets"), 403, "forbidden")
    refused(agent.caller.post("/admin-config/refresh-key"), 403, "forbidden")


def test_visitors_are_no_agents(visitor: Visitor) -> None:
    refused(visitor.caller.get("/agent/conversations"), 403, "forbidden")
    refused(visitor.caller.get("/admin-config/customer"), 403, "forbidden")


def test_a_ticket_opens_one_socket_once(visitor: Visitor) -> None:
    ticket = visitor.caller.post("/chat/ticket", {}).body
    with Socket(ticket) as page:
        page.subscribe(f"conversation:{visitor.conversation_id}")
        with pytest.raises(InvalidStatus) as second, Socket(ticket):
            pass
        assert second.value.response.status_code == 401
    for nonsense in ("", "nonsense", str(visitor.caller.token)):
        with pytest.raises(InvalidStatus) as refusal, Socket({**ticket, "ticket": nonsense}):
            pass
        assert refusal.value.response.status_code == 401


def test_a_ticket_opens_no_socket_on_another_site(stack: Stack, visitor: Visitor, admin: Agent) -> None:
    headers = {"origin": "https://shop.example"}
    ticket = visitor.caller.post("/chat/ticket", {}, headers=headers).body
    with pytest.raises(InvalidStatus) as refusal, Socket(ticket, origin="https://evil.example"):
        pass
    assert refusal.value.response.status_code == 403
    with Socket(visitor.caller.post("/chat/ticket", {}, headers=headers).body, origin="https://shop.example") as page:
        page.subscribe(f"conversation:{visitor.conversation_id}")
    with pytest.raises(InvalidStatus), Socket(admin.caller.post("/agent/ticket", {}).body, origin="https://evil.example"):
        pass
    with Socket(admin.caller.post("/agent/ticket", {}).body, origin=stack.base_url) as desk:
        desk.subscribe(f"customer:{admin.me['customer_id']}")


def test_a_token_for_another_widget_is_as_good_as_none(stack: Stack, visitor: Visitor) -> None:
    for widget_id in (stack.second_customer["widget_id"], UNKNOWN):
        refused(visitor.caller.post("/chat/start", {"widget_id": widget_id}), 404, "widget_not_found")


def test_a_socket_is_told_of_its_mistakes_and_stays_open(stack: Stack, visitor: Visitor) -> None:
    other = Visitor.start(stack.base_url, stack.widget_id)
    with visitor.socket() as page:
        page.connection.send("{")
        assert page.wait("error")["code"] == "invalid_json"
        page.say("dance")
        assert page.wait("error")["code"] == "invalid_frame"
        page.say("subscribe", topic="nonsense")
        assert page.wait("error") == {
            "type": "error", "code": "invalid_frame", "action": "subscribe",
            "detail": "topic must be conversation:<id> or customer:<id>.",
        }  # fmt: skip
        page.say("subscribe", topic=f"conversation:{other.conversation_id}")
        assert page.wait("error")["code"] == "conversation_not_found"
        page.say("typing", conversation_id=other.conversation_id, is_typing=True)
        assert page.wait("error")["code"] == "conversation_not_found"
        page.say("subscribe", topic="public:agent_sessions")
        assert page.wait("error")["code"] == "forbidden"
        for customer_id in (stack.second_customer["customer_id"], UNKNOWN):
            page.say("subscribe", topic=f"customer:{customer_id}")
            assert page.wait("error")["code"] == "not_found"
        page.say("ping", seqs={other.conversation_id: 0})
        assert page.wait("pong")["seqs"] == {}
        alias = f"public:messages:conversation_id=eq.{visitor.conversation_id}"
        assert page.subscribe(alias)["topic"] == f"conversation:{visitor.conversation_id}"
