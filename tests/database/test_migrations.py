"""A deployment's way to the database: roles and migrations, applied once, and again, and when one of them fails."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest

from on_deploy import database as deployment
from tests.database.conftest import Cluster, prepare
from tests.database.world import FUNCTIONS, JOBS, MASTER, ROOT, Database, World

pytestmark = pytest.mark.anyio

MIGRATIONS = sorted((ROOT / "migrations").glob("*.sql"))


@pytest.fixture
async def empty(cluster: Cluster) -> AsyncIterator[Database]:
    """A database in which no deployment has been."""
    async with cluster.create("template1") as made:
        deployment.ensure_roles(made.address, MASTER, [FUNCTIONS, JOBS])
        yield made


def catalogue(database: Database) -> list[tuple[object, ...]]:
    with psycopg.connect(database.conninfo(MASTER)) as connection:
        return connection.execute("""
            select oid::int8, relname::text, relacl::text from pg_class where relnamespace = 'public'::regnamespace
            union all select oid::int8, polname::text, polroles::text from pg_policy
            union all select oid::int8, rolname::text, rolpassword::text from pg_roles
            order by 1, 2
        """).fetchall()


async def test_a_second_deployment_changes_nothing(database: Database) -> None:
    before = catalogue(database)
    await asyncio.to_thread(prepare, database.address)
    assert catalogue(database) == before
    assert deployment.migrate(database.address, MASTER, ROOT / "migrations") == []


async def test_an_empty_database_is_brought_up_in_order(empty: Database) -> None:
    applied = deployment.migrate(empty.address, MASTER, ROOT / "migrations")
    assert applied == [path.stem for path in MIGRATIONS]
    assert deployment.migrate(empty.address, MASTER, ROOT / "migrations") == []


async def test_a_migration_that_fails_takes_itself_back_and_leaves_those_before_it(empty: Database, tmp_path: Path) -> None:
    (tmp_path / "0001_good.sql").write_text("create table good (id int);")
    (tmp_path / "0002_bad.sql").write_text("create table half (id int);\ninsert into nowhere values (1);")
    (tmp_path / "0003_later.sql").write_text("create table later (id int);")
    with pytest.raises(psycopg.Error, match="nowhere"):
        deployment.migrate(empty.address, MASTER, tmp_path)
    names = {row[1] for row in catalogue(empty)}
    assert "good" in names
    assert not {"half", "later"} & names
    (tmp_path / "0002_bad.sql").write_text("create table whole (id int);")
    assert deployment.migrate(empty.address, MASTER, tmp_path) == ["0002_bad", "0003_later"]


async def test_two_deployments_at_once_apply_every_migration_once(empty: Database) -> None:
    applied = await asyncio.gather(
        *(asyncio.to_thread(deployment.migrate, empty.address, MASTER, ROOT / "migrations") for _ in range(2))
    )
    assert sorted(applied, key=len) == [[], [path.stem for path in MIGRATIONS]]


async def test_a_changed_password_works_after_the_next_deployment(cluster: Cluster, database: Database, world: World) -> None:
    other = {**FUNCTIONS, "password": "another'; drop table messages --"}
    try:
        deployment.ensure_roles(database.address, MASTER, [other])
        with pytest.raises(psycopg.OperationalError, match="password"):
            await database.connect(FUNCTIONS)
        await database.connect(other)
    finally:
        deployment.ensure_roles(database.address, MASTER, [FUNCTIONS])
    await database.write(world.acme.visitor.principal, world.acme.visitor.conversation_id, "Still here")


@pytest.mark.parametrize("path", MIGRATIONS, ids=lambda path: path.stem)
def test_a_migration_waits_for_nobody_for_long(path: Path) -> None:
    text = path.read_text()
    assert re.match(r"(--.*\n)+\n?set local lock_timeout = '\d+s';\nset local statement_timeout = '\d+s';\n", text)


def test_migrations_are_numbered_without_a_gap() -> None:
    assert [int(path.stem[:4]) for path in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))
