"""One transaction per request, opened for one principal: the only way to the database."""

import asyncio
import select
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any, LiteralString, TypeVar, cast
from uuid import UUID

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.rows import DictRow, dict_row
from pydantic import BaseModel

from livechat import connections, domains, secrets
from livechat.errors import (
    AgentUnknown,
    AnotherConversationOpen,
    Conflict,
    CustomerSuspended,
    DatabaseUnavailable,
    DomainNotAllowed,
    Unauthenticated,
    WidgetNotFound,
)
from livechat.identity import (
    Actor,
    ConnectionHolder,
    Customer,
    PageVisitor,
    Principal,
    SignedInAgent,
    TicketHolder,
    TokenVisitor,
)
from livechat.settings import settings

HEARTBEAT_STALE_SECONDS = 15
# The server closes what has been idle for a minute (on_deploy/database.py). An environment that was frozen meanwhile may
# not have heard of it, and would find out in the middle of a request.
IDLE_SECONDS = 50
# A server that is gone (a failover sends no goodbye) is noticed before the request's time is up.
KEEPALIVES = {"keepalives_idle": 5, "keepalives_interval": 3, "keepalives_count": 3, "tcp_user_timeout": 10_000}

# What the client is told when a key refuses a row, by the key's name.
UNIQUE_KEYS: dict[str, type[Conflict]] = {"conversations_visitor_id_open_key": AnotherConversationOpen}

T = TypeVar("T", bound="Transaction")


@cache
def query(name: str) -> LiteralString:
    """The text of a named query: `messages.append` is the block `-- name: append` in sql/messages.sql."""
    noun, wanted = name.split(".")
    blocks = files("livechat").joinpath("sql", f"{noun}.sql").read_text("utf-8").split("-- name: ")[1:]
    for block in blocks:
        title, _, text = block.partition("\n")
        if title.strip() == wanted:
            return cast(LiteralString, text.strip())  # type: ignore[redundant-cast]  # psycopg asks for a literal; the file is ours
    raise LookupError(name)


class Transaction:
    """What a noun asks the database through. Statements go out in a pipeline: only a fetched result costs a round trip."""

    def __init__(self, connection: psycopg.AsyncConnection[DictRow]) -> None:
        self._connection = connection

    async def send(self, name: str, /, **parameters: Any) -> psycopg.AsyncCursor[DictRow]:
        """Queue a named query; its rows may be fetched later, also after the transaction."""
        return await self._connection.execute(query(name), parameters)

    async def one(self, name: str, /, **parameters: Any) -> DictRow | None:
        return await (await self.send(name, **parameters)).fetchone()

    async def all(self, name: str, /, **parameters: Any) -> list[DictRow]:
        return await (await self.send(name, **parameters)).fetchall()


@dataclass(frozen=True, slots=True)
class Announcement:
    """A frame for a topic's listeners, to be pushed once the transaction has committed."""

    topic: str
    frame: BaseModel
    except_connection: str | None = None


class TenantTransaction(Transaction):
    """A transaction for one admitted actor of one customer, and what it has to announce."""

    actor: Actor

    def __init__(self, connection: psycopg.AsyncConnection[DictRow]) -> None:
        super().__init__(connection)
        self.announcements: list[Announcement] = []
        self.listeners: dict[str, list[str]] = {}
        self.effects: dict[UUID, dict[str, Any]] = {}

    def announce(self, topic: str, frame: BaseModel, *, except_connection: str | None = None) -> None:
        """Have a frame pushed to whoever listens to the topic when this transaction commits."""
        self.announcements.append(Announcement(topic, frame, except_connection))

    def become_visitor(self, visitor_id: UUID, name: str | None) -> None:
        """Somebody on a page turned out to be this visitor."""
        self.actor = replace(self.actor, kind="visitor", visitor_id=visitor_id, name=name)

    @asynccontextmanager
    async def as_system(self) -> AsyncIterator[None]:
        """What the product itself does for the customer in between: routing, finding listeners, removing the gone."""
        await self.send("identity.become", actor="system")
        yield
        await self.send("identity.become", actor=self.actor.kind)


class _Pool:
    """The one connection of this execution environment, made when first needed and checked before each use."""

    def __init__(self) -> None:
        self._connection: psycopg.AsyncConnection[DictRow] | None = None
        self._asked_at = 0.0

    async def get(self) -> psycopg.AsyncConnection[DictRow]:
        # By the wall clock: the monotonic one may stand still in a frozen environment.
        before, self._asked_at = self._asked_at, time.time()
        if self._connection is None or self._asked_at - before > IDLE_SECONDS or not _is_usable(self._connection):
            await self.drop()
            self._connection = await _connect()
        return self._connection

    async def drop(self) -> None:
        if self._connection is not None:
            await self._connection.close()
            self._connection = None


def _is_usable(connection: psycopg.AsyncConnection[DictRow]) -> bool:
    """An idle connection has nothing to read, unless the server has closed it."""
    if connection.closed or connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
        return False
    readable, _, _ = select.select([connection.fileno()], [], [], 0)
    return not readable


async def _connect() -> psycopg.AsyncConnection[DictRow]:
    wanted = settings()
    secret = await asyncio.to_thread(secrets.read, wanted.database_secret)
    conninfo = make_conninfo(
        wanted.database_url,
        user=secret["username"],
        password=secret["password"],
        connect_timeout=5,
        application_name="livechat",
        **KEEPALIVES,
    )
    threshold = None if wanted.database_is_proxied else 5
    return await psycopg.AsyncConnection.connect(conninfo, autocommit=True, row_factory=dict_row, prepare_threshold=threshold)


_pool = _Pool()


@asynccontextmanager
async def _transaction(kind: type[T], connection: psycopg.AsyncConnection[DictRow] | None = None) -> AsyncIterator[T]:
    try:
        connection = connection or await _pool.get()
        async with connection.pipeline(), connection.transaction():
            yield kind(connection)
    except psycopg.errors.UniqueViolation as error:
        raise UNIQUE_KEYS.get(error.diag.constraint_name or "", Conflict) from error
    except psycopg.errors.ForeignKeyViolation as error:
        raise Conflict("What this belongs to was removed at the same moment.") from error
    except psycopg.OperationalError as error:
        # The connection's state is unknown: whether a commit arrived is for the client's retry to find out.
        await _pool.drop()
        raise DatabaseUnavailable(retry_after=1) from error


async def check() -> None:
    """Raises DatabaseUnavailable unless the database answers."""
    async with _transaction(Transaction) as tx:
        await tx.one("identity.moment")


@asynccontextmanager
async def job() -> AsyncIterator[Transaction]:
    """A transaction of the system's own jobs, for no single customer; only the jobs' database role sees anything in it."""
    async with _transaction(Transaction) as tx:
        yield tx


@asynccontextmanager
async def system(principal: ConnectionHolder | Customer) -> AsyncIterator[Transaction]:
    """A transaction of the product itself, for the customer that the principal belongs to; nobody is admitted."""
    async with _transaction(Transaction) as tx:
        await _present(tx, principal)
        await tx.send("identity.become", actor="system")
        yield tx


@asynccontextmanager
async def tenant(
    principal: Principal, connection: psycopg.AsyncConnection[DictRow] | None = None, *, own_data: bool = False
) -> AsyncIterator[TenantTransaction]:
    """A transaction opened for one principal of one customer, who is admitted before anything else happens.

    On the environment's own connection, unless the caller brings another. `own_data`: a visitor's right to its own data
    outlives its widget and the account's standing.
    Raises Unauthenticated, WidgetNotFound, CustomerSuspended, DomainNotAllowed, DatabaseUnavailable.
    """
    async with _transaction(TenantTransaction, connection) as tx:
        await _present(tx, principal)
        row = await tx.one("identity.admit")
        tx.actor = _admitted(principal, row, own_data=own_data)
        yield tx
        if tx.announcements:
            # In the transaction itself, so that whoever subscribes later sees the committed state instead.
            tx.listeners = await connections.subscribers(tx, sorted({announcement.topic for announcement in tx.announcements}))
        if tx.actor.is_agent and row and row["seconds_since_seen"] > HEARTBEAT_STALE_SECONDS:
            # Last, so that an agent's row is never locked before a conversation's.
            await tx.send("agents.touch")


async def _present(tx: Transaction, principal: Principal) -> None:
    """Tell the database what the caller holds; it finds out for itself whose that is."""
    match principal:
        case TokenVisitor():
            await tx.send(
                "identity.present_visitor",
                customer_id=principal.customer_id,
                widget_id=principal.widget_id,
                visitor_id=principal.visitor_id,
            )
        case TicketHolder():
            await tx.send(
                "identity.present_ticket",
                customer_id=principal.customer_id,
                connection_id=principal.connection_id,
                widget_id=_or_empty(principal.widget_id),
                visitor_id=_or_empty(principal.visitor_id),
                agent_id=_or_empty(principal.agent_id),
            )
        case SignedInAgent():
            await tx.send("identity.present_user", user_id=principal.user_id)
            await tx.send("identity.recognise_user")
        case ConnectionHolder():
            await tx.send("identity.present_connection", connection_id=principal.connection_id)
            await tx.send("identity.recognise_connection")
        case Customer():
            await tx.send("identity.present_customer", customer_id=principal.customer_id)
        case PageVisitor(widget_id=None):
            await tx.send("identity.present_api_key", api_key=principal.api_key or "")
            await tx.send("identity.recognise_api_key")
            await tx.send("identity.recognise_oldest_widget")
        case PageVisitor():
            await tx.send("identity.present_widget", widget_id=principal.widget_id, api_key=principal.api_key or "")
            await tx.send("identity.recognise_widget")


def _or_empty(value: UUID | None) -> str:
    return "" if value is None else str(value)


def _admitted(principal: Principal, row: DictRow | None, *, own_data: bool) -> Actor:
    is_page = isinstance(principal, PageVisitor)
    if row is None or (is_page and row["widget_id"] is None):
        if isinstance(principal, SignedInAgent):
            raise AgentUnknown
        raise WidgetNotFound if is_page else Unauthenticated
    if not is_page and row["agent_id"] is None and row["visitor_id"] is None:
        raise Unauthenticated("The account or the visitor is no longer there.")
    if row["agent_id"] is None and not own_data:
        if not row["customer_is_active"]:
            raise CustomerSuspended
        if row["widget_id"] is None:
            raise WidgetNotFound
        origin = getattr(principal, "origin", None)
        if not domains.allows(origin, row["allowed_domains"], row["blocked_domains"]):
            raise DomainNotAllowed
    return Actor(
        kind=row["kind"],
        customer_id=row["customer_id"],
        company_name=row["company_name"],
        customer_is_active=row["customer_is_active"],
        widget_id=row["widget_id"],
        visitor_id=row["visitor_id"],
        agent_id=row["agent_id"],
        name=row["name"],
        avatar=row["avatar_url"],
    )
