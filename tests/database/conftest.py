"""A real PostgreSQL for the run, one migrated and filled database as the template, and a clone of it for every test."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import uuid4

import boto3
import psycopg
import pytest
from moto import mock_aws
from psycopg import sql

from livechat import db, settings
from local.databases import Database as Server
from on_deploy import database as deployment
from tests.database.world import FUNCTIONS, JOBS, MASTER, ROOT, Chair, Chairs, Database, World, populate

TEMPLATE = "livechat"


@dataclass(frozen=True)
class Cluster:
    """The server of this run: its roles are made, and its template is migrated and filled."""

    superuser: str  # an address
    port: int
    world: World

    def address(self, name: str) -> str:
        return f"postgresql://127.0.0.1:{self.port}/{name}"

    @asynccontextmanager
    async def create(self, template: str) -> AsyncIterator[Database]:
        """A database that the master owns, made from a template and dropped afterwards."""
        name = f"test_{uuid4().hex}"
        made = Database(self.address(name))
        async with await psycopg.AsyncConnection.connect(self.superuser, autocommit=True) as superuser:
            await superuser.execute(
                sql.SQL("create database {} template {} owner {} strategy file_copy").format(
                    sql.Identifier(name), sql.Identifier(template), sql.Identifier(MASTER["username"])
                )
            )
            try:
                yield made
            finally:
                await made.close()
                # The server may not have noticed yet that the last connection is closed.
                await superuser.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """One event loop for the whole run: the server and its fixtures live in it."""
    return "asyncio"


@pytest.fixture(scope="session")
async def cluster(anyio_backend: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    directory = tmp_path_factory.mktemp("postgres")
    server = Server(directory, directory)
    await server.start()
    try:
        maintenance = server.url().removesuffix(TEMPLATE) + "postgres"
        async with await psycopg.AsyncConnection.connect(maintenance, autocommit=True) as superuser:
            # What a crash would lose matters to nobody here.
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                await superuser.execute(sql.SQL("alter system set {} = off").format(sql.Identifier(setting)))
            await superuser.execute("select pg_reload_conf()")
        await server.ensure_master(MASTER["username"], MASTER["password"])
        template = Database(f"postgresql://127.0.0.1:{server.port}/{TEMPLATE}")
        await asyncio.to_thread(prepare, template.address)
        world = await populate(template)
        await template.close()
        yield Cluster(maintenance, server.port, world)
    finally:
        await server.stop()


def prepare(address: str) -> None:
    """Do to an empty database what a deployment does."""
    deployment.ensure_roles(address, MASTER, [FUNCTIONS, JOBS])
    deployment.migrate(address, MASTER, ROOT / "migrations")
    deployment.make_partitions(address, MASTER, 3)


@pytest.fixture
def world(cluster: Cluster) -> World:
    return cluster.world


@pytest.fixture
async def database(cluster: Cluster) -> AsyncIterator[Database]:
    """A clone of the template, for this test alone."""
    async with cluster.create(TEMPLATE) as clone:
        yield clone


@pytest.fixture(scope="session")
async def untouched(cluster: Cluster) -> AsyncIterator[Database]:
    """A clone that tests only look at: what they change there, they take back."""
    async with cluster.create(TEMPLATE) as clone:
        yield clone


@pytest.fixture
def chairs(untouched: Database, world: World) -> Chairs:
    return Chairs(untouched, world)


@pytest.fixture
async def as_visitor(chairs: Chairs) -> AsyncIterator[Chair]:
    async with chairs.sit("visitor") as chair:
        yield chair


@pytest.fixture
async def as_agent(chairs: Chairs) -> AsyncIterator[Chair]:
    async with chairs.sit("agent") as chair:
        yield chair


@pytest.fixture
async def as_admin(chairs: Chairs) -> AsyncIterator[Chair]:
    async with chairs.sit("admin") as chair:
        yield chair


@pytest.fixture
async def as_anonymous(chairs: Chairs) -> AsyncIterator[Chair]:
    async with chairs.sit("anonymous") as chair:
        yield chair


@pytest.fixture
async def as_system(chairs: Chairs) -> AsyncIterator[Chair]:
    async with chairs.sit("system") as chair:
        yield chair


@pytest.fixture
async def as_jobs(chairs: Chairs) -> AsyncIterator[Chair]:
    async with chairs.sit("jobs") as chair:
        yield chair


@pytest.fixture(scope="session")
def aws() -> Iterator[None]:
    with mock_aws():
        yield


@pytest.fixture
async def environment(aws: None, database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """An execution environment as a function finds it: settings that point to the clone, secrets where they name them."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    name = urlsplit(database.address).path[1:]
    vault = boto3.client("secretsmanager")
    for kind, value in {
        "functions": FUNCTIONS,
        "jobs": JOBS,
        "signing": {"kid": "k1", "key": "a key that only this run knows of, 32 bytes long"},
    }.items():
        vault.create_secret(Name=f"{name}/{kind}", SecretString=json.dumps(value))
    for variable, text in {
        "DATABASE_URL": database.address,
        "DATABASE_SECRET": f"{name}/functions",
        "SIGNING_SECRET": f"{name}/signing",
        "WEBSOCKET_URL": "wss://socket.example",
        "CONNECTIONS_URL": "https://socket.example/live",
        "IDENTITY_ISSUER": "https://issuer.example",
        "IDENTITY_CLIENT_ID": "console",
    }.items():
        monkeypatch.setenv(f"LIVECHAT_{variable}", text)
    settings.settings.cache_clear()
    yield
    await db._pool.drop()
    settings.settings.cache_clear()


@pytest.fixture
def as_the_jobs(environment: None, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of the function that works by the clock."""
    monkeypatch.setenv("LIVECHAT_DATABASE_SECRET", f"{urlsplit(database.address).path[1:]}/jobs")
    settings.settings.cache_clear()
