"""Visitors: coming back, being identified, exporting their data and being forgotten."""

import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import jwt
import pytest

from livechat import conversations, visitors
from livechat.conversations import FeedbackDraft
from livechat.errors import Forbidden, IdentityNotVerified, Unauthenticated, ValidationFailed, WidgetNotFound
from livechat.identity import PageVisitor
from livechat.visitors import Export, Identification, VisitorInfo, VisitorRef
from tests.database.world import Database, Visitor, World

pytestmark = pytest.mark.anyio


async def identify(database: Database, visitor: Visitor, **claim: Any) -> VisitorRef:
    async with database.tenant(visitor.principal) as tx:
        return await visitors.identify(tx, Identification.model_validate(claim))


def proof(secret: str, external_id: str) -> str:
    return hmac.new(secret.encode(), external_id.encode(), hashlib.sha256).hexdigest()


async def test_a_visitor_that_comes_back_may_say_more_of_itself(database: Database, world: World) -> None:
    visitor = world.acme.visitor
    async with database.tenant(visitor.principal) as tx:
        assert await visitors.come_back(tx, VisitorInfo(email="vera@shop.example")) == visitor.id
    row = await database.one("select name, email from visitors where id = %(id)s", id=visitor.id)
    assert row == {"name": "Vera", "email": "vera@shop.example"}


async def test_a_claim_without_proof_is_kept_as_a_claim(database: Database, world: World) -> None:
    visitor = await identify(database, world.acme.visitor, id="u-1", traits={"name": "Vera V.", "plan": "gold"})
    assert (visitor.name, visitor.verified) == ("Vera V.", False)


async def test_a_proved_identity_is_verified_and_no_claim_changes_it(database: Database, world: World) -> None:
    acme = world.acme
    verified = await identify(database, acme.visitor, id="u-1", traits={"name": "Vera"}, hash=proof(acme.api_secret, "u-1"))
    assert verified.verified
    with pytest.raises(IdentityNotVerified):
        await identify(database, acme.visitor, id="u-2", traits={"name": "Mallory"})
    async with database.tenant(acme.visitor.principal) as tx:
        await visitors.come_back(tx, VisitorInfo(name="Mallory", email="mallory@evil.example"))
    row = await database.one("select name, email, external_id from visitors where id = %(id)s", id=acme.visitor.id)
    assert row == {"name": "Vera", "email": None, "external_id": "u-1"}

    def token(sub: str, **claims: str) -> str:
        return jwt.encode({"sub": sub, "exp": datetime.now(UTC) + timedelta(minutes=1), **claims}, acme.api_secret, "HS256")

    with pytest.raises(IdentityNotVerified):
        await identify(database, acme.visitor, id="u-2", jwt=token("u-2"))
    again = await identify(database, acme.visitor, id="u-1", traits={"name": "The CEO"}, jwt=token("u-1", name="Vera B."))
    assert (again.name, again.verified) == ("Vera B.", True)


async def test_a_proof_by_another_customers_secret_does_not_hold(database: Database, world: World) -> None:
    with pytest.raises(IdentityNotVerified):
        await identify(database, world.acme.visitor, id="u-1", hash=proof(world.globex.api_secret, "u-1"))


async def test_traits_are_added_up_to_a_limit(database: Database, world: World) -> None:
    await identify(database, world.acme.visitor, id="u-1", traits={"a": 1})
    await identify(database, world.acme.visitor, id="u-1", traits={"b": {"c": [1, None]}})
    row = await database.one("select traits from visitors where id = %(id)s", id=world.acme.visitor.id)
    assert row == {"traits": {"a": 1, "b": {"c": [1, None]}}}
    with pytest.raises(ValidationFailed):
        await identify(database, world.acme.visitor, id="u-1", traits={f"{n}": n for n in range(51)})


async def test_an_export_holds_everything_of_the_visitor_and_nothing_of_others(database: Database, world: World) -> None:
    acme = world.acme
    pair = ("browser-1", "session-1")
    first, _ = await database.enter(PageVisitor(acme.widget_id), pair, VisitorInfo(name="Xenia", email="x@shop.example"))
    await database.write(first.principal, first.conversation_id, "First words")
    await database.write(acme.agent.principal, first.conversation_id, "An answer")
    async with database.tenant(first.principal) as tx:
        await conversations.give_feedback(tx, FeedbackDraft(conversation_id=first.conversation_id, rating=4, comment="Fine"))
        await conversations.end(tx, first.conversation_id)
    second, _ = await database.enter(PageVisitor(acme.widget_id), pair)
    await identify(database, second, id="u-9", traits={"shoe_size": 41})
    await database.write(second.principal, second.conversation_id, "Second words")
    async with database.tenant(second.principal) as tx:
        export: Export = await visitors.export(tx, None)
    assert export.visitor == {
        "id": str(first.id),
        "name": "Xenia",
        "email": "x@shop.example",
        "phone": None,
        "verified": False,
        "external_id": "u-9",
        "traits": {"shoe_size": 41},
    }
    assert [entry["id"] for entry in export.conversations] == [str(first.conversation_id), str(second.conversation_id)]
    contents = [[message["content"] for message in entry["messages"]] for entry in export.conversations]
    assert contents == [["First words", "An answer", "The visitor ended the conversation."], ["Second words"]]
    assert export.conversations[0]["feedback"]["comment"] == "Fine"
    assert export.conversations[0]["visitor_info"] == {"plan": "gold"}
    assert export.conversations[0]["context"] == {"page_url": "https://shop.example/"}
    assert "Vera" not in export.model_dump_json()


async def test_a_visitor_that_is_forgotten_leaves_no_trace(database: Database, world: World) -> None:
    acme = world.acme
    secret = f"secret-{uuid4()}"
    pair = ("browser-1", "session-1")
    visitor, _ = await database.enter(PageVisitor(acme.widget_id), pair, VisitorInfo(name=secret, email=secret, phone=secret))
    await database.write(visitor.principal, visitor.conversation_id, secret, client_message_id=secret[:64])
    await identify(database, visitor, id=secret, traits={"word": secret})
    async with database.tenant(visitor.principal) as tx:
        await conversations.give_feedback(tx, FeedbackDraft(conversation_id=visitor.conversation_id, rating=1, comment=secret))
        await conversations.end(tx, visitor.conversation_id)
    again, _ = await database.enter(PageVisitor(acme.widget_id), pair)
    await database.listen(again, acme.id, f"conversation:{again.conversation_id}", "socket-of-the-forgotten")
    async with database.tenant(acme.agent.principal) as tx:
        await conversations.assign(tx, again.conversation_id)
    async with database.tenant(again.principal) as tx:
        await visitors.forget(tx)
    gone = (secret, str(visitor.id), str(visitor.conversation_id), str(again.conversation_id), "socket-of-the-forgotten")
    tables = await database.all(
        "select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"
        " and not relispartition and relname !~ 'yoyo'"
    )
    for table in tables:
        rows = await database.all(f"select * from {table['name']}")
        for row in rows:
            assert not any(word in str(row) for word in gone), table["name"]
    left = await database.one("select current_chat_count as n from agents where id = %(id)s", id=acme.agent.id)
    assert left == {"n": 0}, "its agent has the place back"
    with pytest.raises(Unauthenticated):
        async with database.tenant(again.principal):
            pass
    assert (await database.one("select count(*) as n from visitors where customer_id = %(id)s", id=acme.id))["n"] == 2


async def test_only_a_visitor_has_itself_forgotten(database: Database, world: World) -> None:
    async with database.tenant(world.acme.agent.principal) as tx:
        with pytest.raises(Forbidden):
            await visitors.forget(tx)
    assert (await database.one("select count(*) as n from visitors where customer_id = %(id)s", id=world.acme.id))["n"] == 2


async def test_a_token_is_good_for_its_own_customer_and_widget_only(database: Database, world: World) -> None:
    """Nobody can make such a token; if somebody could, it would still open nothing."""
    own = world.acme.visitor.principal
    with pytest.raises(Unauthenticated):
        async with database.tenant(replace(own, customer_id=world.globex.id)):
            pass
    with pytest.raises(WidgetNotFound):
        async with database.tenant(replace(own, widget_id=world.globex.widget_id)):
            pass
    with pytest.raises(Unauthenticated):
        async with database.tenant(replace(own, visitor_id=world.globex.visitor.id)):
            pass
