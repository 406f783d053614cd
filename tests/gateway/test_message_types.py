"""Cards, forms and their answers, and a visitor's past conversations, as any client meets them."""

import pytest

from tests.client import Agent, Answer, Caller, Json, Visitor
from tests.stack import Stack

CARD = {
    "title": "Your order",
    "text": "It is on its way.",
    "buttons": [
        {"label": "Track it", "url": "https://shop.example/orders/7"},
        {"label": "Talk to somebody", "reply": "I would like to talk to somebody."},
    ],
}
FORM = {
    "title": "How can we reach you?",
    "fields": [
        {"name": "email", "type": "email", "label": "E-mail", "required": True},
        {"name": "when", "type": "select", "label": "When?", "options": ["Morning", "Evening"]},
        {"name": "news", "type": "checkbox", "label": "News, too"},
    ],
}


@pytest.fixture(scope="module")
def agent(stack: Stack) -> Agent:
    account = stack.agents[1]
    return Agent.sign_in(stack.base_url, stack.identity, account["email"], account["password"])


@pytest.fixture
def visitor(stack: Stack) -> Visitor:
    return Visitor.start(stack.base_url, stack.widget_id)


def send(agent: Agent, visitor: Visitor, message_type: str, metadata: Json) -> Answer:
    draft = {"conversation_id": visitor.conversation_id, "sender_type": "agent", "content": "As text"}
    return agent.caller.post("/chat/message", {**draft, "message_type": message_type, "metadata": metadata})


def answer(visitor: Visitor, form: Json, values: Json, **more: str) -> Answer:
    return visitor.say("As text", message_type="form", metadata={"answer_to": form["seq"], "values": values}, **more)


def fields_refused(refusal: Answer) -> list[str]:
    assert (refusal.status, refusal.body["code"]) == (422, "validation_failed"), refusal
    return [error["field"] for error in refusal.body["errors"]]


def test_a_card_arrives_as_it_was_sent(agent: Agent, visitor: Visitor) -> None:
    sent = send(agent, visitor, "card", CARD)
    assert sent.status == 201, sent
    (entry,) = [entry for entry in visitor.log() if entry["message_type"] == "card"]
    assert (entry["metadata"], entry["content"], entry["sender_type"]) == (CARD, "As text", "agent")


def test_a_form_is_put_answered_and_then_done(agent: Agent, visitor: Visitor) -> None:
    with agent.socket() as desk:
        desk.subscribe(f"customer:{agent.me['customer_id']}")
        form = send(agent, visitor, "form", FORM).body
        values = {"email": "vera@example.com", "when": "Evening", "news": False}
        first = answer(visitor, form, values, client_message_id="a-1")
        assert first.status == 201, first
        assert first.body["metadata"] == {"answer_to": form["seq"], "values": values}
        told = desk.wait(
            "conversation.updated",
            lambda frame: frame["conversation_id"] == visitor.conversation_id and frame["data"]["visitor"]["email"] is not None,
        )
        assert told["data"]["visitor"]["email"] == "vera@example.com"
    again = answer(visitor, form, values, client_message_id="a-1")
    assert (again.status, again.body) == (200, first.body)
    second = answer(visitor, form, values, client_message_id="a-2")
    assert (second.status, second.body["code"]) == (409, "form_already_answered")
    assert second.headers["content-type"] == "application/problem+json"
    assert [entry["message_type"] for entry in visitor.log()].count("form") == 2


def test_an_answer_that_does_not_fit_is_told_field_by_field(agent: Agent, visitor: Visitor) -> None:
    form = send(agent, visitor, "form", FORM).body
    assert fields_refused(answer(visitor, form, {})) == ["metadata.values.email"]
    values = {"email": "vera", "when": "Noon", "news": "yes", "age": 7}
    assert sorted(fields_refused(answer(visitor, form, values))) == [f"metadata.values.{name}" for name in sorted(values)]
    assert fields_refused(answer(visitor, {"seq": form["seq"] + 1}, {})) == ["metadata.answer_to"]
    assert fields_refused(answer(visitor, {"seq": "1"}, {})) == ["metadata.answer_to"]
    assert fields_refused(visitor.say("x", message_type="form", metadata={})) == ["metadata.answer_to", "metadata.values"]
    assert answer(visitor, form, {"email": "vera@example.com"}).status == 201


def test_a_visitor_sends_no_card_and_puts_no_form(visitor: Visitor) -> None:
    assert fields_refused(visitor.say("x", message_type="card", metadata=CARD)) == ["message_type"]
    assert "metadata.answer_to" in fields_refused(visitor.say("x", message_type="form", metadata=FORM))
    assert visitor.say("x", message_type="text", metadata={"anything": ["at", "all"]}).status == 201


def test_a_card_or_form_that_is_none_is_refused(agent: Agent, visitor: Visitor) -> None:
    button = {"label": "Run", "url": "javascript:alert(1)"}
    assert fields_refused(send(agent, visitor, "card", {"title": "x", "buttons": [button]})) == ["metadata.buttons.0.url"]
    assert fields_refused(send(agent, visitor, "card", {})) == ["metadata.title"]
    assert fields_refused(send(agent, visitor, "form", {"fields": []})) == ["metadata.fields"]
    assert fields_refused(send(agent, visitor, "form", {"answer_to": 1, "values": {}}))[0] == "metadata.fields"
    assert fields_refused(send(agent, visitor, "card", {**CARD, "text": "€" * 1500})) == ["metadata"]


def test_a_visitor_finds_its_past_conversations_and_nobody_elses(stack: Stack, agent: Agent) -> None:
    visitor = Visitor.start(stack.base_url, stack.widget_id)
    visitor.say("The first")
    visitor.end()
    again = visitor.caller.post("/chat/start", {"widget_id": stack.widget_id})
    assert again.status == 201
    found = visitor.caller.get("/chat/conversations")
    assert found.status == 200, found
    assert [item["id"] for item in found.body["items"]] == [again.body["conversation_id"], visitor.conversation_id]
    newest, oldest = found.body["items"]
    assert (newest["last_message"], newest["ended_at"], oldest["status"]) == (None, None, "closed")
    assert (oldest["last_message"]["content"], oldest["created_at"] < oldest["ended_at"]) == ("The first", True)
    page = visitor.caller.get("/chat/conversations?limit=1").body
    rest = visitor.caller.get(f"/chat/conversations?limit=1&cursor={page['next_cursor']}").body
    assert ([page["items"][0]["id"], rest["items"][0]["id"]], rest["next_cursor"]) == ([newest["id"], oldest["id"]], None)
    other = Visitor.start(stack.base_url, stack.widget_id)
    assert [item["id"] for item in other.caller.get("/chat/conversations").body["items"]] == [other.conversation_id]
    for caller, status, code in (
        (agent.caller, 403, "forbidden"),
        (Caller(stack.base_url), 401, "unauthenticated"),
    ):
        refused = caller.get("/chat/conversations")
        assert (refused.status, refused.body["code"]) == (status, code)
    for query in ("cursor=x", "limit=0", "limit=101", "limit=x"):
        refused = visitor.caller.get(f"/chat/conversations?{query}")
        assert (refused.status, refused.body["code"]) == (400, "invalid_query"), query
