"""A conversation by plain HTTP and a plain WebSocket, through the whole system."""

import time
from concurrent.futures import ThreadPoolExecutor

import jwt

from tests.client import Agent, Caller, Visitor, page_ids
from tests.stack import Stack


def sign_in(stack: Stack, which: int = 1) -> Agent:
    account = stack.agents[which]
    return Agent.sign_in(stack.base_url, stack.identity, account["email"], account["password"])


def test_a_visitor_and_an_agent_talk_from_hello_to_rating(stack: Stack) -> None:
    agent = sign_in(stack)
    agent.be("away")
    with agent.socket() as desk:
        wide = f"customer:{agent.me['customer_id']}"
        assert desk.subscribe(wide)["connection_id"]
        visitor = Visitor.start(
            stack.base_url, stack.widget_id, visitor_info={"name": "Vera"}, context={"page_url": "https://shop/"}
        )
        assert (visitor.started["status"], visitor.started["agent"]) == ("queued", None)
        topic = f"conversation:{visitor.conversation_id}"
        desk.wait("conversation.updated", lambda frame: frame["conversation_id"] == visitor.conversation_id)

        with visitor.socket() as page:
            assert page.subscribe(topic)["conversation"]["status"] == "queued"
            said = visitor.say("Is the tent waterproof?", client_message_id="one")
            assert (said.status, said.body["seq"]) == (201, 1)
            preview = desk.wait("message.created", lambda frame: frame["conversation_id"] == visitor.conversation_id)
            assert (preview["topic"], preview["data"]["content"]) == (wide, "Is the tent waterproof?")
            assert page.wait("message.created")["data"] == said.body  # the sender gets its own as well

            taken = agent.do("assign", visitor.conversation_id)
            presence = desk.wait("presence.updated", lambda frame: frame["data"]["agent_id"] == agent.id)
            assert presence["data"]["current_chat_count"] == 1
            assert (taken.status, taken.body["status"], taken.body["agent"]["id"]) == (200, "active", agent.id)
            assert page.wait("message.created")["data"]["metadata"]["event"] == "conversation.assigned"
            assert page.wait("conversation.updated")["data"]["agent"]["name"] == agent.me["display_name"]

            desk.subscribe(topic)
            desk.say("typing", conversation_id=visitor.conversation_id, is_typing=True)
            typing = page.wait("typing")
            assert (typing["sender_type"], typing["sender"]["name"], typing["is_typing"]) == (
                "agent",
                agent.me["display_name"],
                True,
            )

            answered = agent.say(visitor.conversation_id, "Yes, up to 3000 mm.")
            assert answered.status == 201
            pushed = page.wait("message.created", lambda frame: frame["data"]["sender_type"] == "agent")
            assert (pushed["seq"], pushed["data"]["content"]) == (3, "Yes, up to 3000 mm.")

            page.say("read", conversation_id=visitor.conversation_id, seq=3)
            read = desk.wait("read", lambda frame: frame["topic"] == topic)
            assert (read["reader"], read["seq"]) == ("visitor", 3)

            page.say("ping", seqs={visitor.conversation_id: 2})
            assert page.wait("pong")["seqs"] == {visitor.conversation_id: 3}

            assert visitor.end().body["status"] == "closed"
            assert (
                page.wait("message.created", lambda frame: frame["seq"] == 4)["data"]["metadata"]["event"]
                == "conversation.ended"
            )

    rated = visitor.caller.post("/chat/feedback", {"conversation_id": visitor.conversation_id, "rating": 4, "nps": 9})
    assert rated.body["feedback"]["rating"] == 4
    stats = agent.caller.get("/agent/stats").body
    assert stats["feedback"]["count"] >= 1
    assert stats["conversations"]["ended"] >= 1
    assert [entry["seq"] for entry in visitor.log()] == [1, 2, 3, 4]
    seen_by_agent = agent.caller.get(f"/chat/messages?conversation_id={visitor.conversation_id}&after=0").body
    assert seen_by_agent["messages"] == visitor.log()
    assert seen_by_agent["last_seq"] == 4
    assert not seen_by_agent["has_more"]


def test_an_available_agent_gets_a_new_conversation_at_once(stack: Stack) -> None:
    agent = sign_in(stack)
    agent.be("online")
    visitor = Visitor.start(stack.base_url, stack.widget_id)
    agent.be("away")
    assert visitor.started["status"] == "active"
    assert visitor.started["agent"]["id"] == agent.id
    assert visitor.log()[0]["metadata"]["event"] == "conversation.assigned"
    assert visitor.started["last_seq"] == 1
    visitor.end()


def test_ten_starts_at_once_make_one_conversation(stack: Stack) -> None:
    body = {"widget_id": stack.widget_id, **page_ids()}
    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(lambda _: Caller(stack.base_url).post("/chat/start", body), range(10)))
    assert sorted({answer.status for answer in answers}) == [200, 201]
    assert sum(answer.status == 201 for answer in answers) == 1
    assert len({answer.body["conversation_id"] for answer in answers}) == 1


def test_a_visitor_id_alone_never_opens_somebodys_history(stack: Stack) -> None:
    ids = page_ids()
    first = Visitor.start(stack.base_url, stack.widget_id, **ids)
    other = Caller(stack.base_url).post(
        "/chat/start", {"widget_id": stack.widget_id, "visitor_id": ids["visitor_id"], "session_id": "s_other"}
    )
    assert other.status == 201
    assert other.body["conversation_id"] != first.conversation_id
    assert other.body["visitor_id"] != first.started["visitor_id"]


def test_the_token_brings_the_visitor_back_to_its_open_conversation(stack: Stack) -> None:
    visitor = Visitor.start(stack.base_url, stack.widget_id)
    again = visitor.caller.post("/chat/start", {"widget_id": stack.widget_id})
    assert (again.status, again.body["conversation_id"]) == (200, visitor.conversation_id)


def test_sends_at_once_take_every_place_in_the_log_once(stack: Stack) -> None:
    visitor = Visitor.start(stack.base_url, stack.widget_id)
    drafts = [(f"message {n % 20}", f"id-{n % 20}") for n in range(60)]
    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(lambda draft: visitor.say(draft[0], client_message_id=draft[1]), drafts))
    assert {answer.status for answer in answers} == {200, 201}
    assert sum(answer.status == 201 for answer in answers) == 20
    log = visitor.log()
    assert [entry["seq"] for entry in log] == list(range(1, 21))
    assert len({entry["client_message_id"] for entry in log}) == 20


def test_the_history_is_paged_both_ways(stack: Stack) -> None:
    visitor = Visitor.start(stack.base_url, stack.widget_id)
    for n in range(1, 8):
        visitor.say(str(n))
    path = f"/chat/messages?conversation_id={visitor.conversation_id}"
    newest = visitor.caller.get(f"{path}&limit=3").body
    assert ([entry["seq"] for entry in newest["messages"]], newest["has_more"], newest["last_seq"]) == ([5, 6, 7], True, 7)
    older = visitor.caller.get(f"{path}&limit=3&before=5").body
    assert ([entry["seq"] for entry in older["messages"]], older["has_more"]) == ([2, 3, 4], True)
    first = visitor.caller.get(f"{path}&limit=3&before=2").body
    assert ([entry["seq"] for entry in first["messages"]], first["has_more"]) == ([1], False)
    missed = visitor.caller.get(f"{path}&limit=3&after=4").body
    assert ([entry["seq"] for entry in missed["messages"]], missed["has_more"]) == ([5, 6, 7], False)


def test_of_two_agents_who_take_one_conversation_one_wins(stack: Stack) -> None:
    first, second = sign_in(stack, 1), sign_in(stack, 2)
    for agent in (first, second):
        agent.be("away")
    visitor = Visitor.start(stack.base_url, stack.widget_id)
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(lambda agent: agent.do("assign", visitor.conversation_id), (first, second)))
    assert sorted(answer.status for answer in answers) == [200, 409]
    loser = next(answer for answer in answers if answer.status == 409)
    assert loser.body["code"] == "already_assigned"
    visitor.end()


def test_a_conversation_goes_back_to_the_queue_over_to_a_colleague_and_on_after_its_end(stack: Stack) -> None:
    first, second = sign_in(stack, 1), sign_in(stack, 2)
    for agent in (first, second):
        agent.be("away")
    visitor = Visitor.start(stack.base_url, stack.widget_id)
    at = visitor.conversation_id
    assert first.do("assign", at).body["agent"]["id"] == first.id
    assert second.do("unassign", at).status == 403
    assert first.do("unassign", at).body["status"] == "queued"
    assert second.do("assign", at).status == 200
    assert second.do("transfer", at, agent_id=first.id).body["agent"]["id"] == first.id
    assert first.do("resolve", at).body["status"] == "resolved"
    assert visitor.say("One more thing").body["code"] == "conversation_closed"
    assert second.do("reopen", at).body["agent"]["id"] == second.id
    assert visitor.say("One more thing").status == 201
    visitor.end()
    events = [entry["metadata"].get("event", "") for entry in visitor.log()]
    assert [event.removeprefix("conversation.") for event in events if event] == [
        *("assigned", "unassigned", "assigned", "transferred", "resolved", "reopened", "ended")
    ]
    for agent in (first, second):
        assert agent.caller.get("/agent/me").body["current_chat_count"] == 0


def test_a_deleted_widget_does_not_end_its_visitors_rights(stack: Stack) -> None:
    admin = sign_in(stack, 0)
    widget_id = admin.caller.post("/admin-config/widget", {"name": "Short-lived"}).body["id"]
    visitor = Visitor.start(stack.base_url, widget_id)
    visitor.say("Still mine")
    assert admin.caller.call("DELETE", f"/admin-config/widget?widget_id={widget_id}").status == 204
    assert visitor.say("Too late").body["code"] == "widget_not_found"
    exported = visitor.caller.get("/chat/export")
    assert exported.body["conversations"][0]["messages"][0]["content"] == "Still mine"
    assert visitor.caller.post("/chat/forget").status == 204


def test_a_proved_identity_is_not_talked_over(stack: Stack) -> None:
    ids = page_ids()
    visitor = Visitor.start(stack.base_url, stack.widget_id, **ids)
    claims = {"sub": "u-1", "exp": int(time.time()) + 60, "name": "Mallory", "email": "mallory@example.com"}
    proof = jwt.encode(claims, stack.api_secret, "HS256")
    proved = visitor.caller.post("/chat/identify", {"id": "u-1", "traits": {"email": "ceo@example.com"}, "jwt": proof})
    assert (proved.body["visitor"]["email"], proved.body["visitor"]["verified"]) == ("mallory@example.com", True)
    body = {"widget_id": stack.widget_id, **ids, "visitor_info": {"name": "The CEO", "email": "ceo@example.com"}}
    again = Caller(stack.base_url).post("/chat/start", body)
    assert again.body["conversation_id"] == visitor.conversation_id
    seen = sign_in(stack).caller.get(f"/agent/conversation?conversation_id={visitor.conversation_id}").body["visitor"]
    assert (seen["name"], seen["email"], seen["verified"]) == ("Mallory", "mallory@example.com", True)

    other = jwt.encode({**claims, "sub": "u-2"}, stack.api_secret, "HS256")
    refused = visitor.caller.post("/chat/identify", {"id": "u-2", "jwt": other})
    assert (refused.status, refused.body["code"]) == (403, "identity_not_verified")
    for name in ("a\0b", {"first": "M"}, True):
        odd = jwt.encode({**claims, "name": name}, stack.api_secret, "HS256")
        assert visitor.caller.post("/chat/identify", {"id": "u-1", "jwt": odd}).status in (200, 403)


def test_a_proof_replaces_what_the_visitor_said_of_itself(stack: Stack) -> None:
    visitor = Visitor.start(stack.base_url, stack.widget_id, visitor_info={"name": "The CEO", "email": "ceo@example.com"})
    proof = jwt.encode({"sub": "u-9", "exp": int(time.time()) + 60, "name": "Nina"}, stack.api_secret, "HS256")
    proved = visitor.caller.post("/chat/identify", {"id": "u-9", "jwt": proof}).body["visitor"]
    assert (proved["name"], proved["email"], proved["verified"]) == ("Nina", None, True)


def test_a_large_export_comes_in_parts(stack: Stack) -> None:
    visitor = Visitor.start(stack.base_url, stack.widget_id)
    for n in range(260):
        assert visitor.say(f"{n} " + '"' * 9_900).status == 201
    found: list[int] = []
    path, parts = "/chat/export", 0
    while path:
        answer = visitor.caller.get(path)
        assert answer.status == 200, answer
        found += [entry["seq"] for part in answer.body["conversations"] for entry in part["messages"]]
        cursor = answer.body["next_cursor"]
        path, parts = f"/chat/export?cursor={cursor}" if cursor else "", parts + 1
    assert found == list(range(1, 261))
    assert parts > 1
    assert visitor.caller.get("/chat/export?cursor=nonsense").body["code"] == "invalid_query"


def test_what_a_visitor_left_behind_is_exported_and_forgotten(stack: Stack) -> None:
    visitor = Visitor.start(stack.base_url, stack.widget_id, visitor_info={"name": "Vera", "email": "vera@example.com"})
    visitor.say("Forget me")
    exported = visitor.caller.get("/chat/export").body
    assert exported["visitor"]["email"] == "vera@example.com"
    assert exported["conversations"][0]["messages"][0]["content"] == "Forget me"
    assert visitor.caller.post("/chat/forget").status == 204
    assert visitor.caller.get("/chat/export").status == 401
    assert visitor.say("Still there?").status == 401
