"""The environment's own connection: one transaction a request, nothing left behind, and what happens when it breaks."""

import asyncio
import os
import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from livechat import agents, connections, db, messages
from livechat.errors import DatabaseUnavailable, Unauthenticated
from livechat.identity import ConnectionHolder, Customer, TicketHolder
from livechat.messages import Draft
from maintenance import app as maintenance
from tests.database.conftest import Cluster
from tests.database.world import Connection, Database, World

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("environment")]

CONTEXT = ("actor", "customer_id", "widget_id", "visitor_id", "agent_id", "api_key", "user_id", "connection_id", "visitor_key")


async def context(connection: Connection) -> dict[str, str]:
    """What is set on a connection, but for what is empty."""
    rows = [
        await (await connection.execute("select current_setting('app.' || %s, true) as value", [name])).fetchone()
        for name in CONTEXT
    ]
    return {name: row["value"] for name, row in zip(CONTEXT, rows, strict=True) if row and row["value"]}


async def backend() -> int:
    """The server's process behind the environment's connection."""
    async with db.job() as tx:
        return tx._connection.info.backend_pid


async def test_the_database_answers(database: Database) -> None:
    await db.check()


async def test_one_connection_serves_one_request_after_the_other(database: Database, world: World) -> None:
    first = await backend()
    for principal in (world.acme.agent.principal, world.globex.visitor.principal):
        async with db.tenant(principal) as tx:
            assert tx._connection.info.backend_pid == first
    open_now = await database.all(
        "select pid from pg_stat_activity where datname = current_database() and usename = 'livechat_functions'"
    )
    assert len(open_now) == 1


async def test_nothing_of_a_request_is_left_on_the_connection(database: Database, world: World) -> None:
    class Broken(Exception):
        pass

    connection = await database.connect()
    for principal in (world.acme.admin.principal, world.acme.visitor.principal, ConnectionHolder("socket-of-bea@acme")):
        async with db.tenant(principal, connection) as tx:
            await tx.one("identity.moment")
            assert set(await context(connection)) >= {"actor", "customer_id"}
        assert await context(connection) == {}, "after a commit"
        with pytest.raises(Broken):
            async with db.tenant(principal, connection):
                raise Broken
        assert await context(connection) == {}, "after a rollback"
    with pytest.raises(Unauthenticated):
        async with db.tenant(replace(ticket_of(world, "s"), visitor_id=UUID(int=9)), connection):
            pass
    assert await context(connection) == {}, "after a refusal"
    assert await (await connection.execute("select * from customers")).fetchall() == []
    assert await (await connection.execute("select * from messages_with_sender")).fetchall() == []


async def test_a_request_that_fails_has_changed_nothing(database: Database, world: World) -> None:
    visitor = world.acme.visitor
    sent = Draft(conversation_id=visitor.conversation_id, sender_type="visitor", content="Never stored")

    async def append_and_fail() -> None:
        async with db.tenant(visitor.principal) as tx:
            await messages.append(tx, sent)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await append_and_fail()
    left = await database.one("select last_seq from conversations where id = %(id)s", id=visitor.conversation_id)
    assert left == {"last_seq": 2}
    async with db.tenant(visitor.principal) as tx:
        await tx.one("identity.moment")


async def test_acting_as_the_system_ends_with_its_block(database: Database, world: World) -> None:
    async with db.tenant(world.acme.visitor.principal) as tx:
        async with tx.as_system():
            assert len(await tx.all("connections.subscribers", topics=[f"customer:{world.acme.id}"])) == 3
        assert await tx.all("connections.subscribers", topics=[f"customer:{world.acme.id}"]) == []


async def test_a_connection_that_the_server_closed_is_made_anew(cluster: Cluster, database: Database) -> None:
    before = await backend()
    async with await psycopg.AsyncConnection.connect(cluster.superuser, autocommit=True) as superuser:
        await superuser.execute("select pg_terminate_backend(%s, 5000)", [before])
    assert await backend() != before


async def test_a_connection_is_made_anew_before_the_server_gives_it_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async with db.job() as tx:
        before = tx._connection.info.backend_pid
        cursor = await tx._connection.execute(
            "select extract(epoch from current_setting('idle_session_timeout')::interval) as seconds"
        )
        row = await cursor.fetchone()
    assert row is not None
    assert db.IDLE_SECONDS < row["seconds"] <= 60
    assert await backend() == before
    monkeypatch.setattr(db, "IDLE_SECONDS", 0)
    assert await backend() != before


async def test_a_server_that_is_gone_is_noticed_within_a_request() -> None:
    async with db.job() as tx:
        link = socket.socket(fileno=os.dup(tx._connection.fileno()))
        with link:
            assert link.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            idle, interval, count = (
                link.getsockopt(socket.IPPROTO_TCP, option)
                for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
            )
            assert idle + interval * count < 20
            assert link.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) < 20_000


async def test_a_connection_that_breaks_in_a_request_is_a_503_and_the_next_request_works(
    cluster: Cluster, database: Database, world: World
) -> None:
    async def lose_the_connection() -> None:
        async with db.tenant(world.acme.agent.principal) as tx:
            async with await psycopg.AsyncConnection.connect(cluster.superuser, autocommit=True) as superuser:
                await superuser.execute("select pg_terminate_backend(%s, 5000)", [tx._connection.info.backend_pid])
            await agents.me(tx)

    with pytest.raises(DatabaseUnavailable) as caught:
        await lose_the_connection()
    assert caught.value.retry_after == 1
    async with db.tenant(world.acme.agent.principal) as tx:
        assert (await agents.me(tx)).display_name == "Bea"


async def test_a_database_that_is_not_there_is_a_503(cluster: Cluster, database: Database, world: World) -> None:
    async with await psycopg.AsyncConnection.connect(cluster.superuser, autocommit=True) as superuser:
        await superuser.execute("alter role livechat_functions connection limit 0")
        try:
            with pytest.raises(DatabaseUnavailable):
                await db.check()
        finally:
            await superuser.execute("alter role livechat_functions connection limit -1")
    await db.check()


# --- sockets


def ticket_of(world: World, connection_id: str, ticket_id: int = 1) -> TicketHolder:
    return TicketHolder(
        UUID(int=ticket_id),
        datetime.now(UTC) + timedelta(minutes=1),
        world.acme.id,
        connection_id,
        widget_id=world.acme.widget_id,
        visitor_id=world.acme.visitor.id,
    )


async def test_a_ticket_opens_one_socket_also_when_used_twice_at_once(database: Database, world: World) -> None:
    async def use(connection_id: str) -> bool:
        ticket = ticket_of(world, connection_id)
        try:
            async with database.tenant(ticket) as tx:
                await connections.open_with(tx, ticket)
        except Unauthenticated:
            return False
        return True

    assert sorted(await asyncio.gather(*(use(f"s-{n}") for n in range(6)))) == [False] * 5 + [True]
    assert not await use("s-late")


async def test_a_socket_listens_until_it_says_so_or_is_closed(database: Database, world: World) -> None:
    visitor = world.acme.visitor
    topic = f"conversation:{visitor.conversation_id}"

    async def listeners() -> list[str]:
        async with db.tenant(visitor.principal) as tx:
            return sorted((await connections.subscribers(tx, [topic])).get(topic, []))

    await database.listen(visitor, world.acme.id, topic, "second")
    assert await listeners() == ["second", "socket-of-Vera@acme"]
    async with db.tenant(ConnectionHolder("second")) as tx:
        await connections.unsubscribe(tx, topic)
    assert await listeners() == ["socket-of-Vera@acme"]
    async with db.system(ConnectionHolder("socket-of-Vera@acme")) as system:
        await connections.close(system, ["socket-of-Vera@acme", "socket-of-ada@globex"])
    assert await listeners() == []
    assert (await database.one("select count(*) as n from connections where id = 'socket-of-ada@globex'"))["n"] == 1
    with pytest.raises(Unauthenticated):
        async with db.tenant(ConnectionHolder("socket-of-Vera@acme")):
            pass


async def test_a_socket_not_heard_of_is_not_pushed_to(database: Database, world: World) -> None:
    visitor = world.acme.visitor
    topic = f"conversation:{visitor.conversation_id}"
    await database.do("update connections set last_seen_at = now() - interval '11 minutes'")
    async with db.tenant(visitor.principal) as tx:
        assert await connections.subscribers(tx, [topic]) == {}
    async with db.tenant(ConnectionHolder("socket-of-Vera@acme")) as tx:
        await connections.touch(tx)
        assert await connections.subscribers(tx, [topic]) == {topic: ["socket-of-Vera@acme"]}


async def test_a_closed_socket_ends_its_agents_session(database: Database, world: World) -> None:
    async with db.system(Customer(world.acme.id)) as tx:
        await connections.close(tx, ["socket-of-bea@acme"])
    ended = await database.all("select agent_id from agent_sessions where disconnected_at is not null")
    assert [row["agent_id"] for row in ended] == [world.acme.agent.id]


# --- what is done by the clock


async def test_what_has_expired_is_swept_away_and_the_rest_stays(database: Database, world: World, as_the_jobs: None) -> None:
    for age in (
        "update connections set last_seen_at = now() - interval '16 minutes' where customer_id = %(id)s",
        "update api_rate_limits set window_start = now() - interval '2 days' where customer_id = %(id)s",
    ):
        await database.do(age, id=world.acme.id)
    assert await maintenance._sweep() == {"connections": 5, "agent_sessions": 3, "used_tickets": 0, "api_rate_limits": 1}
    assert await maintenance._sweep() == {"connections": 0, "agent_sessions": 0, "used_tickets": 0, "api_rate_limits": 0}
    assert (await database.one("select count(*) as n from connections"))["n"] == 5


async def test_partitions_are_made_ahead_once(database: Database, as_the_jobs: None) -> None:
    assert await maintenance._make_partitions() == {"partitions": 0}, "the deployment has made them"
    async with db.job() as tx:
        row = await tx.one("maintenance.make_partitions", ahead=5)
    assert row == {"made": 2}
    assert await maintenance._make_partitions() == {"partitions": 0}


async def test_messages_lie_in_the_partition_of_their_month(database: Database, world: World) -> None:
    lying = await database.all(
        "select distinct tableoid::regclass::text as name, to_char(created_at at time zone 'utc', 'YYYY_MM') as month"
        " from messages"
    )
    assert lying
    assert all(row["name"] == f"messages_{row['month']}" for row in lying)
