"""Every table from every actor's chair: what it sees, and above all what it must not see and cannot change."""

from typing import LiteralString

import pytest
from psycopg import sql
from psycopg.errors import ForeignKeyViolation, InsufficientPrivilege

from tests.database.test_schema import CUSTOMERS_TABLES
from tests.database.world import Chair, Chairs, Database, World

pytestmark = pytest.mark.anyio

EVERYBODY = ("visitor", "other_visitor", "anonymous", "key_holder", "agent", "admin", "system")
PEOPLE = ("agent", "admin", "system")

OWN: LiteralString = "customer_id = %(customer)s"
NOTHING: LiteralString = "false"
# Of which rows of a table an actor sees all; of any other it sees none. Who is not named sees nothing.
SEES: dict[str, dict[str, LiteralString]] = {
    "customers": dict.fromkeys(EVERYBODY, "id = %(customer)s"),
    "widget_configs": {
        **dict.fromkeys(("visitor", "other_visitor", "anonymous"), "id = %(widget)s"),
        **dict.fromkeys(("key_holder", *PEOPLE), OWN),
    },
    "agents": dict.fromkeys(EVERYBODY, OWN),
    "agent_sessions": dict.fromkeys(PEOPLE, OWN),
    "visitors": {
        "visitor": "id = %(visitor)s",
        "other_visitor": "id = %(other_visitor)s",
        **dict.fromkeys(PEOPLE, OWN),
    },
    "conversations": {
        "visitor": "visitor_id = %(visitor)s",
        "other_visitor": "visitor_id = %(other_visitor)s",
        **dict.fromkeys(PEOPLE, OWN),
    },
    "messages": {
        "visitor": "visitor_id = %(visitor)s",
        "other_visitor": "visitor_id = %(other_visitor)s",
        **dict.fromkeys(PEOPLE, OWN),
    },
    "connections": {"agent": "agent_id = %(agent)s", "admin": "agent_id = %(admin)s", "system": OWN},
    "connection_topics": {"system": OWN},
    "used_tickets": dict.fromkeys(EVERYBODY, OWN),
    "widget_analytics": {"admin": OWN},
    "api_rate_limits": dict.fromkeys(EVERYBODY, OWN),
    "audit_logs": {"admin": OWN},
    "outbox": {"system": OWN},
}


def ids(world: World) -> dict[str, object]:
    at = world.acme
    return {
        "customer": at.id,
        "widget": at.widget_id,
        "visitor": at.visitor.id,
        "other_visitor": at.other_visitor.id,
        "agent": at.agent.id,
        "admin": at.admin.id,
        "foreign": world.globex.id,
    }


async def test_the_table_above_names_every_table(untouched: Database) -> None:
    assert {row["name"] for row in await untouched.all(CUSTOMERS_TABLES)} == set(SEES)


@pytest.mark.parametrize("who", EVERYBODY)
async def test_an_actor_sees_what_is_its_own_and_nothing_else(who: str, chairs: Chairs, world: World) -> None:
    async with chairs.sit("jobs") as jobs, chairs.sit(who) as chair:
        for table, rules in SEES.items():
            rule = rules.get(who, NOTHING)
            there = await jobs.count(table, rule, **ids(world))
            assert (await chair.count(table), await chair.count(table, rule, **ids(world))) == (there, there), table
            assert there > 0 or rule == NOTHING, table
            assert await jobs.count(table) > there, table


async def test_nobody_sees_anything(chairs: Chairs) -> None:
    async with chairs.sit("nobody") as chair:
        assert {table: await chair.count(table) for table in SEES} == dict.fromkeys(SEES, 0)


@pytest.mark.parametrize(
    "settings",
    [
        {"app.customer_id": ""},
        {"app.customer_id": "", "app.actor": "admin", "app.visitor_id": "", "app.agent_id": "", "app.widget_id": ""},
        {"app.actor": "system"},
        {"app.actor": "admin"},
        {"app.api_key": "", "app.user_id": "", "app.connection_id": "", "app.visitor_key": ""},
        {"app.api_key": "lc_guess", "app.user_id": "guess", "app.connection_id": "guess", "app.visitor_key": "guess"},
    ],
)
async def test_a_context_that_names_nobody_shows_nothing(settings: dict[str, str], chairs: Chairs) -> None:
    async with chairs.sit("nobody") as chair:
        for name, value in settings.items():
            await chair.all("select set_config(%(name)s, %(value)s, true)", name=name, value=value)
        assert {table: await chair.count(table) for table in SEES} == dict.fromkeys(SEES, 0)


@pytest.mark.parametrize("who", ["agent", "admin", "visitor", "anonymous", "system"])
async def test_another_tenants_people_see_nothing_at_all(who: str, chairs: Chairs, world: World) -> None:
    async with chairs.sit(who, world.globex) as chair:
        for table in SEES:
            column = "id" if table == "customers" else "customer_id"
            where: LiteralString = "id = %(c)s" if column == "id" else "customer_id = %(c)s"
            assert await chair.count(table, where, c=world.acme.id) == 0, table


@pytest.mark.parametrize("who", ["nobody", *EVERYBODY])
async def test_nobody_changes_removes_or_takes_over_rows_of_another_tenant(who: str, chairs: Chairs, world: World) -> None:
    async with chairs.sit(who) as chair:
        for table in SEES:
            name = sql.Identifier(table)
            column = sql.Identifier("id" if table == "customers" else "customer_id")
            for statement in (
                sql.SQL("update {0} set {1} = {1} where {1} = %(foreign)s").format(name, column),
                sql.SQL("update {0} set {1} = %(customer)s where {1} = %(foreign)s").format(name, column),
                sql.SQL("delete from {} where {} = %(foreign)s").format(name, column),
            ):
                assert await chair.changes_nothing(statement, **ids(world)), statement.as_string()


@pytest.mark.parametrize("who", EVERYBODY)
async def test_nobody_gives_its_own_rows_to_another_tenant(who: str, chairs: Chairs, world: World) -> None:
    async with chairs.sit(who) as chair:
        for table in set(SEES) - {"customers"}:
            statement = sql.SQL("update {} set customer_id = %(foreign)s").format(sql.Identifier(table))
            assert await chair.changes_nothing(statement, **ids(world)), table


# --- the visitor's chair


async def test_a_visitor_reads_only_its_own_conversation(as_visitor: Chair, world: World) -> None:
    rows = await as_visitor.all("select conversation_id from messages")
    assert {row["conversation_id"] for row in rows} == {world.acme.visitor.conversation_id}
    assert await as_visitor.count("conversations", "id = %(id)s", id=world.acme.other_visitor.conversation_id) == 0
    assert await as_visitor.count("messages", "visitor_id = %(id)s", id=world.acme.other_visitor.id) == 0


MESSAGE: LiteralString = (
    "insert into messages (conversation_id, customer_id, visitor_id, seq, sender_type, sender_id, content)"
    " values (%(conversation)s, %(customer)s, %(visitor)s, 9, %(sender_type)s, %(sender)s, 'hello')"
)


def a_message(world: World, **different: object) -> dict[str, object]:
    own = world.acme.visitor
    return {
        "conversation": own.conversation_id,
        "customer": world.acme.id,
        "visitor": own.id,
        "sender_type": "visitor",
        "sender": own.id,
        **different,
    }


async def test_a_visitor_writes_as_itself(as_visitor: Chair, world: World) -> None:
    assert await as_visitor.change(MESSAGE, **a_message(world)) == 1


async def test_a_visitor_cannot_write_as_anybody_else(as_visitor: Chair, world: World) -> None:
    for different in (
        {"sender_type": "agent"},
        {"sender_type": "agent", "sender": world.acme.agent.id},
        {"sender_type": "bot"},
        {"sender": world.acme.other_visitor.id},
        {"sender": None},
        {"visitor": world.acme.other_visitor.id, "sender": world.acme.other_visitor.id},
        {"customer": world.globex.id},
    ):
        with pytest.raises(InsufficientPrivilege):
            await as_visitor.change(MESSAGE, **a_message(world, **different))


async def test_a_visitor_cannot_write_to_somebody_elses_conversation(as_visitor: Chair, world: World) -> None:
    for conversation in (world.acme.other_visitor.conversation_id, world.globex.visitor.conversation_id):
        with pytest.raises((InsufficientPrivilege, ForeignKeyViolation)):
            await as_visitor.change(MESSAGE, **a_message(world, conversation=conversation))


async def test_an_agent_cannot_write_to_another_tenants_conversation(as_agent: Chair, world: World) -> None:
    agent = {"sender_type": "agent", "sender": world.acme.agent.id}
    assert await as_agent.change(MESSAGE, **a_message(world, **agent)) == 1
    theirs = world.globex.visitor
    for different in (
        {"conversation": theirs.conversation_id},
        {"conversation": theirs.conversation_id, "visitor": theirs.id},
        {"customer": world.globex.id, "conversation": theirs.conversation_id, "visitor": theirs.id},
    ):
        with pytest.raises((InsufficientPrivilege, ForeignKeyViolation)):
            await as_agent.change(MESSAGE, **a_message(world, **agent, **different))


async def test_a_visitor_cannot_start_a_conversation_for_somebody_else(chairs: Chairs, world: World) -> None:
    start: LiteralString = (
        "insert into conversations (widget_id, customer_id, visitor_id, status)"
        " values (%(widget)s, %(customer)s, %(visitor)s, 'queued')"
    )
    own: dict[str, object] = {"widget": world.acme.widget_id, "customer": world.acme.id, "visitor": world.acme.visitor.id}
    async with chairs.sit("visitor") as chair:
        await chair.all("delete from conversations returning id")
        assert await chair.change(start, **own) == 1
        for different in (
            {"visitor": world.acme.other_visitor.id},
            {"widget": world.acme.other_widget_id},
            {"widget": world.globex.widget_id},
            {"customer": world.globex.id},
        ):
            with pytest.raises(InsufficientPrivilege):
                await chair.change(start, **{**own, **different})


@pytest.mark.parametrize(
    "statement",
    [
        "update conversations set visitor_id = %(other_visitor)s",
        "update conversations set customer_id = %(foreign)s",
        "update visitors set id = %(other_visitor)s",
        "update conversations set status = 'closed' where visitor_id = %(other_visitor)s",
        "delete from conversations where visitor_id = %(other_visitor)s",
        "delete from messages where visitor_id = %(other_visitor)s",
        "delete from visitors where id = %(other_visitor)s",
        "update messages set content = 'never said'",
        "update agents set status = 'online'",
        "update agents set current_chat_count = 0",
        "update widget_configs set name = 'mine'",
        "update customers set company_name = 'mine'",
        "insert into agents (customer_id, display_name, email, role) values (%(customer)s, 'Me', 'me@x.example', 'admin')",
        "insert into agent_sessions (customer_id, agent_id, socket_id, status) values (%(customer)s, %(agent)s, 's', 'online')",
        "insert into connections (id, customer_id, agent_id) values ('s', %(customer)s, %(agent)s)",
        "insert into connection_topics (customer_id, topic, connection_id) values (%(customer)s, 't', 'socket-of-ada@acme')",
        "delete from connections",
        "insert into audit_logs (customer_id, agent_id, action, resource_type, resource_id)"
        " values (%(customer)s, %(agent)s, 'a', 'b', 'c')",
        "update widget_analytics set metrics = '{}'",
    ],
)
async def test_a_visitor_cannot(statement: LiteralString, as_visitor: Chair, world: World) -> None:
    assert await as_visitor.changes_nothing(statement, **ids(world))


async def test_a_visitor_that_is_gone_is_admitted_as_nobody(database: Database, world: World) -> None:
    await database.do("delete from conversations where visitor_id = %(id)s", id=world.acme.visitor.id)
    await database.do("delete from visitors where id = %(id)s", id=world.acme.visitor.id)
    chairs = Chairs(database, world)
    async with chairs.sit("other_visitor") as chair:
        assert await chair.count("visitors") == 1
    with pytest.raises(AssertionError):
        async with chairs.sit("visitor"):
            pass


# --- whoever stands before a page


@pytest.mark.parametrize(
    "statement",
    [
        "update widget_configs set name = 'mine'",
        "insert into widget_configs (customer_id, name) values (%(customer)s, 'mine')",
        "update customers set api_key = 'mine'",
        "update agents set status = 'online'",
        "update visitors set name = 'Mallory'",
        "delete from visitors",
        "update conversations set status = 'closed'",
        "delete from conversations",
        "insert into conversations (widget_id, customer_id, visitor_id) values (%(widget)s, %(customer)s, %(visitor)s)",
        "insert into visitors (customer_id, widget_id, visitor_key) values (%(customer)s, %(widget)s, 'not presented')",
        "insert into messages (conversation_id, customer_id, visitor_id, seq, sender_type, content)"
        " select id, customer_id, visitor_id, 9, 'system', '' from conversations",
        "delete from messages",
        "delete from connections",
    ],
)
async def test_an_anonymous_page_cannot(statement: LiteralString, as_anonymous: Chair, world: World) -> None:
    assert await as_anonymous.changes_nothing(statement, **ids(world))


async def test_a_pair_of_ids_shows_its_visitor_only_before_the_widget_it_was_made_at(
    as_anonymous: Chair, untouched: Database, world: World
) -> None:
    key = (await untouched.one("select visitor_key from visitors where id = %(id)s", id=world.acme.visitor.id))["visitor_key"]
    await as_anonymous.all("select set_config('app.visitor_key', %(key)s, true)", key=key)
    assert await as_anonymous.count("visitors") == 1
    widget = str(world.acme.other_widget_id)
    await as_anonymous.all("select set_config('app.widget_id', %(widget)s, true)", widget=widget)
    assert await as_anonymous.count("visitors") == 0


# --- the agent's and the admin's chair


@pytest.mark.parametrize(
    "statement",
    [
        "update widget_configs set name = 'mine'",
        "insert into widget_configs (customer_id, name) values (%(customer)s, 'mine')",
        "delete from widget_configs",
        "update customers set max_widgets = 1000",
        "delete from customers",
        "update agents set status = 'online' where id <> %(agent)s",
        "insert into agents (customer_id, display_name, email) values (%(customer)s, 'Friend', 'f@x.example')",
        "delete from agents",
        "insert into audit_logs (customer_id, agent_id, action, resource_type, resource_id)"
        " values (%(customer)s, %(agent)s, 'a', 'b', 'c')",
        "update audit_logs set action = 'nothing'",
        "delete from audit_logs",
        "update messages set content = 'never said'",
        "delete from messages",
        "delete from conversations",
        "update visitors set name = 'Renamed'",
        "delete from visitors",
        "insert into agent_sessions (customer_id, agent_id, socket_id, status) values (%(customer)s, %(admin)s, 's', 'online')",
        "update agent_sessions set status = 'online' where agent_id <> %(agent)s",
        "delete from agent_sessions",
        "delete from connections",
        "update widget_analytics set metrics = '{}'",
    ],
)
async def test_an_agent_cannot(statement: LiteralString, as_agent: Chair, world: World) -> None:
    assert await as_agent.changes_nothing(statement, **ids(world))


async def test_an_agent_cannot_write_as_anybody_else(as_agent: Chair, world: World) -> None:
    for different in (
        {},
        {"sender_type": "agent", "sender": world.acme.colleague.id},
        {"sender_type": "agent", "sender": None},
        {"sender_type": "bot", "sender": world.acme.agent.id},
    ):
        with pytest.raises(InsufficientPrivilege):
            await as_agent.change(MESSAGE, **a_message(world, **different))


async def test_an_agent_changes_itself_and_its_customers_conversations(as_agent: Chair, world: World) -> None:
    assert await as_agent.change("update agents set status = 'online' where id = %(agent)s", **ids(world)) == 1
    assert await as_agent.change("update conversations set context = '{}'") == 2


async def test_an_agent_cannot_make_itself_an_admin(as_agent: Chair, world: World) -> None:
    assert await as_agent.changes_nothing("update agents set role = 'admin' where id = %(agent)s", **ids(world))


async def test_an_admin_changes_its_own_customer_widgets_and_agents(as_admin: Chair, world: World) -> None:
    assert await as_admin.change("update customers set company_name = 'Acme & Sons'") == 1
    assert await as_admin.change("update widget_configs set name = 'New'") == 2
    assert (
        await as_admin.change("insert into widget_configs (customer_id, name) values (%(customer)s, 'Third')", **ids(world))
        == 1
    )
    assert await as_admin.change("update agents set is_active = false where id = %(agent)s", **ids(world)) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "insert into widget_configs (customer_id, name) values (%(foreign)s, 'theirs')",
        "insert into agents (customer_id, display_name, email) values (%(foreign)s, 'Spy', 's@x.example')",
        "insert into audit_logs (customer_id, agent_id, action, resource_type, resource_id)"
        " values (%(foreign)s, %(admin)s, 'a', 'b', 'c')",
        "insert into audit_logs (customer_id, agent_id, action, resource_type, resource_id)"
        " values (%(customer)s, %(agent)s, 'a', 'b', 'c')",
        "delete from widget_configs",
        "delete from customers",
        "delete from messages",
        "update widget_analytics set metrics = '{}'",
    ],
)
async def test_an_admin_cannot(statement: LiteralString, as_admin: Chair, world: World) -> None:
    assert await as_admin.changes_nothing(statement, **ids(world))


@pytest.mark.parametrize("who", EVERYBODY)
async def test_the_audit_log_only_grows(who: str, chairs: Chairs) -> None:
    async with chairs.sit(who) as chair:
        for statement in ("update audit_logs set action = ''", "delete from audit_logs", "truncate audit_logs"):
            with pytest.raises(InsufficientPrivilege):
                await chair.change(sql.Composed([sql.SQL(statement)]))


async def test_even_the_jobs_do_not_rewrite_the_audit_log(as_jobs: Chair) -> None:
    assert await as_jobs.count("audit_logs") > 0
    with pytest.raises(InsufficientPrivilege):
        await as_jobs.change("update audit_logs set action = ''")


# --- the system's chair


async def test_the_system_routes_and_cleans_up_within_one_customer(as_system: Chair, world: World) -> None:
    assert await as_system.change("update agents set current_chat_count = 1") == 3
    assert await as_system.change("update agent_sessions set disconnected_at = now()") == 3
    assert await as_system.change("delete from connections") == 5


@pytest.mark.parametrize(
    "statement",
    [
        "update customers set is_active = false",
        "update widget_configs set name = 'x'",
        "insert into agents (customer_id, display_name, email) values (%(customer)s, 'x', 'x')",
        "delete from conversations",
        "delete from messages",
        "delete from visitors",
        "update visitors set name = 'x'",
        "insert into connections (id, customer_id, agent_id) values ('s', %(customer)s, %(agent)s)",
    ],
)
async def test_the_system_cannot(statement: LiteralString, as_system: Chair, world: World) -> None:
    assert await as_system.changes_nothing(statement, **ids(world))


async def test_the_system_writes_nobodys_words(as_system: Chair, world: World) -> None:
    assert await as_system.change(MESSAGE, **a_message(world, sender_type="system", sender=None)) == 1
    for different in ({}, {"sender_type": "agent", "sender": world.acme.agent.id}, {"sender_type": "bot"}):
        with pytest.raises(InsufficientPrivilege):
            await as_system.change(MESSAGE, **a_message(world, **different))


# --- sockets and tickets


async def test_a_connection_speaks_only_for_itself(chairs: Chairs, world: World) -> None:
    async with chairs.sit("nobody") as chair:
        await chair.all("select set_config('app.connection_id', 'socket-of-Vera@acme', true)")
        assert await chair.all("select visitor_id from connections") == [{"visitor_id": world.acme.visitor.id}]
        assert await chair.count("connection_topics") == 1
        assert await chair.count("conversations") == 0
        with pytest.raises(InsufficientPrivilege):
            await chair.change(
                "insert into connection_topics (customer_id, topic, connection_id)"
                " values (%(customer)s, 't', 'socket-of-ada@acme')",
                **ids(world),
            )


async def test_a_connection_cannot_be_opened_in_anothers_name(as_visitor: Chair, world: World) -> None:
    await as_visitor.all("select set_config('app.connection_id', 'fresh', true)")
    opening: LiteralString = (
        "insert into connections (id, customer_id, widget_id, visitor_id, agent_id)"
        " values (%(id)s, %(customer)s, %(widget)s, %(by)s, %(agent)s)"
    )
    own = {**ids(world), "id": "fresh", "by": world.acme.visitor.id, "agent": None}
    assert await as_visitor.change(opening, **own) == 1
    for different in (
        {"id": "another"},
        {"by": world.acme.other_visitor.id},
        {"by": None, "agent": world.acme.agent.id},
        {"customer": world.globex.id},
    ):
        with pytest.raises(InsufficientPrivilege):
            await as_visitor.change(opening, **{**own, **different})
