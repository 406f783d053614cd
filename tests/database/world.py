"""Two customers with their people and conversations, made by the product's own nouns, and the chairs their actors sit in."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, LiteralString
from uuid import UUID, uuid4

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import Jsonb

from livechat import agents, audit, connections, conversations, customers, db, messages, topics, visitors, widgets
from livechat.agents import PresenceRequest
from livechat.customers import NewAgent, NewCustomer
from livechat.db import TenantTransaction, Transaction
from livechat.identity import PageVisitor, Principal, SignedInAgent, TicketHolder, TokenVisitor
from livechat.messages import Draft, Message
from livechat.visitors import VisitorInfo
from livechat.widgets import Widget, WidgetChange, WidgetConfig

ROOT = Path(__file__).resolve().parents[2]
Connection = psycopg.AsyncConnection[DictRow]
Login = dict[str, str]

MASTER: Login = {"username": "livechat_master", "password": "master's"}
FUNCTIONS: Login = {"username": "livechat_functions", "password": "functions'"}
JOBS: Login = {"username": "livechat_jobs", "password": "jobs'"}

SOMEWHERE = audit.Source(None, "a test")


@dataclass(frozen=True)
class Agent:
    id: UUID
    user_id: str

    @property
    def principal(self) -> SignedInAgent:
        return SignedInAgent(self.user_id)


@dataclass(frozen=True)
class Visitor:
    """A visitor, and the open conversation it wrote two messages to."""

    id: UUID
    customer_id: UUID
    widget_id: UUID
    conversation_id: UUID

    @property
    def principal(self) -> TokenVisitor:
        return TokenVisitor(self.customer_id, self.widget_id, self.id, datetime.now(UTC))


@dataclass(frozen=True)
class Tenant:
    """A customer: its first widget, a second one, an admin, two agents, and two visitors who wait in the queue."""

    id: UUID
    api_key: str
    api_secret: str
    widget_id: UUID
    other_widget_id: UUID
    admin: Agent
    agent: Agent
    colleague: Agent
    visitor: Visitor
    other_visitor: Visitor


@dataclass(frozen=True)
class World:
    acme: Tenant
    globex: Tenant


@dataclass
class Database:
    """One database of the server, and the connections that a test has to it."""

    address: str
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _idle: list[Connection] = field(default_factory=list)

    def conninfo(self, login: Login) -> str:
        # A slow test may leave its connections alone for longer than the functions do.
        options = "-c idle_session_timeout=0"
        return make_conninfo(self.address, user=login["username"], password=login["password"], options=options)

    async def connect(self, login: Login = FUNCTIONS) -> Connection:
        """A connection of its own, closed when the test ends."""
        opened = await psycopg.AsyncConnection.connect(self.conninfo(login), autocommit=True, row_factory=dict_row)
        self._stack.push_async_callback(opened.close)
        return opened

    @asynccontextmanager
    async def tenant(self, principal: Principal) -> AsyncIterator[TenantTransaction]:
        """What `livechat.db.tenant` opens, on a connection that nobody else uses meanwhile."""
        connection = self._idle.pop() if self._idle else await self.connect()
        async with db.tenant(principal, connection) as tx:
            yield tx
        self._idle.append(connection)

    async def all(self, statement: LiteralString, **parameters: Any) -> list[DictRow]:
        """What is really there, as the jobs see it."""
        async with await psycopg.AsyncConnection.connect(
            self.conninfo(JOBS), autocommit=True, row_factory=dict_row
        ) as connection:
            return await (await connection.execute(statement, parameters)).fetchall()

    async def one(self, statement: LiteralString, **parameters: Any) -> DictRow:
        (row,) = await self.all(statement, **parameters)
        return row

    async def do(self, statement: LiteralString, **parameters: Any) -> None:
        """Arrange something that no request does, with the jobs' rights."""
        async with await psycopg.AsyncConnection.connect(self.conninfo(JOBS), autocommit=True) as connection:
            await connection.execute(statement, parameters)

    async def close(self) -> None:
        await self._stack.aclose()

    async def enter(
        self, page: PageVisitor, pair: tuple[str, str] | None = None, info: VisitorInfo | None = None
    ) -> tuple[Visitor, bool]:
        """A visitor starts a conversation as POST /chat/start has it do; whether the conversation is new."""
        browser, session = pair or (None, None)
        async with self.tenant(page) as tx:
            visitor_id = await visitors.enter(tx, browser, session, info or VisitorInfo())
            started = await conversations.start(tx, {"plan": "gold"}, {"page_url": "https://shop.example/"})
            assert tx.actor.widget_id is not None
            return (
                Visitor(visitor_id, tx.actor.customer_id, tx.actor.widget_id, started.conversation.id),
                started.is_new,
            )

    async def write(
        self, principal: Principal, conversation_id: UUID, content: str, client_message_id: str | None = None
    ) -> Message:
        sender_type = "agent" if isinstance(principal, SignedInAgent) else "visitor"
        draft = Draft.model_validate(
            {
                "conversation_id": str(conversation_id),
                "sender_type": sender_type,
                "content": content,
                "client_message_id": client_message_id,
            }
        )
        async with self.tenant(principal) as tx:
            message, _ = await messages.append(tx, draft)
            return message

    async def go(self, agent: Agent, status: agents.PresenceStatus) -> None:
        async with self.tenant(agent.principal) as tx:
            await agents.set_presence(tx, PresenceRequest(status=status))

    async def add_widget(self, admin: Agent, config: WidgetConfig) -> Widget:
        async with self.tenant(admin.principal) as tx:
            return await widgets.create(tx, config, SOMEWHERE)

    async def listen(self, agent_or_visitor: Agent | Visitor, tenant_id: UUID, topic: str, connection_id: str) -> None:
        """Open a socket with a ticket, and have it listen to a topic."""
        is_agent = isinstance(agent_or_visitor, Agent)
        ticket = TicketHolder(
            ticket_id=uuid4(),
            expires_at=datetime.now(UTC) + timedelta(seconds=60),
            customer_id=tenant_id,
            connection_id=connection_id,
            widget_id=None if isinstance(agent_or_visitor, Agent) else agent_or_visitor.widget_id,
            visitor_id=None if is_agent else agent_or_visitor.id,
            agent_id=agent_or_visitor.id if is_agent else None,
        )
        async with self.tenant(ticket) as tx:
            await connections.open_with(tx, ticket)
            await connections.subscribe(tx, topic)


async def populate(database: Database) -> World:
    """Fill a migrated database: every table holds rows of both customers."""
    return World(await _populate_tenant(database, "Acme"), await _populate_tenant(database, "Globex"))


async def _populate_tenant(database: Database, company: str) -> Tenant:
    word = company.lower()
    new = NewCustomer(
        company_name=company,
        agents=[
            NewAgent(email=f"{name}@{word}.example", display_name=name.title(), role=role)
            for name, role in (("ada", "admin"), ("bea", "agent"), ("carl", "agent"))
        ],
    )
    user_ids: dict[str, str | None] = {agent.email: f"sub-of-{agent.email}" for agent in new.agents}
    async with await database.connect(JOBS) as connection, connection.pipeline(), connection.transaction():
        made = await customers.create(Transaction(connection), new, user_ids)
    customer_id, widget_id = UUID(made["customer_id"]), UUID(made["widget_id"])
    admin, agent, colleague = (Agent(UUID(row["agent_id"]), row["user_id"]) for row in made["agents"])
    other_widget = await database.add_widget(admin, WidgetConfig(name="Second"))
    async with database.tenant(admin.principal) as tx:
        await widgets.update(tx, other_widget.id, WidgetChange(name="Other"), SOMEWHERE)
    people = []
    for name in ("Vera", "Victor"):
        visitor, _ = await database.enter(PageVisitor(widget_id), info=VisitorInfo(name=name))
        for text in (f"I am {name}", "Is anybody there?"):
            await database.write(visitor.principal, visitor.conversation_id, text)
        await database.listen(visitor, customer_id, topics.conversation(visitor.conversation_id), f"socket-of-{name}@{word}")
        people.append(visitor)
    for name, one in (("ada", admin), ("bea", agent), ("carl", colleague)):
        socket_id = f"socket-of-{name}@{word}"
        await database.listen(one, customer_id, topics.customer(customer_id), socket_id)
        async with database.tenant(one.principal) as tx:
            await agents.set_presence(tx, PresenceRequest(status="offline", socket_id=socket_id))
    await database.do(
        "insert into widget_analytics (customer_id, widget_id, date, metrics)"
        " values (%(customer)s, %(widget)s, current_date, %(m)s)",
        customer=customer_id,
        widget=widget_id,
        m=Jsonb({"conversations": 2}),
    )
    await database.do(
        "insert into api_rate_limits (customer_id, endpoint, window_start, request_count) values (%(c)s, 'chat', now(), 1)",
        c=customer_id,
    )
    return Tenant(
        customer_id,
        made["api_key"],
        made["api_secret"],
        widget_id,
        other_widget.id,
        admin,
        agent,
        colleague,
        people[0],
        people[1],
    )


class Chair:
    """Where one actor sits: a transaction opened as the product opens it, in which raw SQL is tried out."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def all(self, statement: LiteralString | sql.Composed, **parameters: Any) -> list[DictRow]:
        return await (await self._connection.execute(statement, parameters)).fetchall()

    async def count(self, table: str, where: LiteralString = "true", **parameters: Any) -> int:
        """How many rows of the table the actor sees."""
        statement = sql.SQL("select count(*) as n from {} where {}").format(sql.Identifier(table), sql.SQL(where))
        return int((await self.all(statement, **parameters))[0]["n"])

    async def change(self, statement: LiteralString | sql.Composed, **parameters: Any) -> int:
        """Try a change and take it back; how many rows it touched. Raises what the database raises."""
        async with self._connection.transaction(force_rollback=True):
            return (await self._connection.execute(statement, parameters)).rowcount

    async def changes_nothing(self, statement: LiteralString | sql.Composed, **parameters: Any) -> bool:
        """Whether a change is refused, or finds no row that it may touch."""
        try:
            return await self.change(statement, **parameters) == 0
        except psycopg.errors.InsufficientPrivilege:
            return True


class Chairs:
    """The chairs round one tenant's table, each on a connection and in a transaction of its own."""

    def __init__(self, database: Database, world: World) -> None:
        self._database = database
        self._world = world

    @asynccontextmanager
    async def sit(self, who: str, tenant: Tenant | None = None) -> AsyncIterator[Chair]:
        """Take a chair, at Acme's table unless another tenant is named; whatever happens in it is taken back."""
        at = tenant or self._world.acme
        conninfo = self._database.conninfo(JOBS if who == "jobs" else FUNCTIONS)
        async with (
            await psycopg.AsyncConnection.connect(conninfo, autocommit=True, row_factory=dict_row) as connection,
            connection.transaction(force_rollback=True),
        ):
            for name, parameters in self._context(who, at):
                await connection.execute(db.query(name), parameters)
            if who not in ("nobody", "system", "jobs"):
                admitted = await (await connection.execute(db.query("identity.admit"))).fetchone()
                assert admitted is not None
                assert admitted["kind"] == {"other_visitor": "visitor", "key_holder": "anonymous"}.get(who, who)
            yield Chair(connection)

    def _context(self, who: str, at: Tenant) -> list[tuple[str, dict[str, Any]]]:
        match who:
            case "nobody" | "jobs":
                return []
            case "anonymous":
                return [
                    ("identity.present_widget", {"widget_id": at.widget_id, "api_key": ""}),
                    ("identity.recognise_widget", {}),
                ]
            case "key_holder":
                return [
                    ("identity.present_api_key", {"api_key": at.api_key}),
                    ("identity.recognise_api_key", {}),
                    ("identity.recognise_oldest_widget", {}),
                ]
            case "visitor" | "other_visitor":
                visitor = at.visitor if who == "visitor" else at.other_visitor
                return [
                    (
                        "identity.present_visitor",
                        {"customer_id": at.id, "widget_id": at.widget_id, "visitor_id": visitor.id},
                    )
                ]
            case "agent" | "admin":
                agent = at.agent if who == "agent" else at.admin
                return [("identity.present_user", {"user_id": agent.user_id}), ("identity.recognise_user", {})]
            case "system":
                return [("identity.present_customer", {"customer_id": at.id}), ("identity.become", {"actor": "system"})]
        raise LookupError(who)
