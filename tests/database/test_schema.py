"""What holds for every table, whoever asks: forced policies, tenant indexes, roles without rights of their own."""

from typing import LiteralString

import pytest
from psycopg.errors import CheckViolation, ForeignKeyViolation, InsufficientPrivilege, NotNullViolation, UniqueViolation

from tests.database.world import Chair, Chairs, Database, World

pytestmark = pytest.mark.anyio

# The migrations' own book-keeping holds nobody's data.
CUSTOMERS_TABLES = """
    select c.oid, c.relname as name from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and c.relname !~ 'yoyo'
    order by 1
"""


async def names(untouched: Database) -> set[str]:
    return {row["name"] for row in await untouched.all(CUSTOMERS_TABLES)}


async def test_every_table_of_the_specification_is_there(untouched: Database) -> None:
    assert await names(untouched) >= {
        "customers",
        "widget_configs",
        "agents",
        "agent_sessions",
        "conversations",
        "messages",
        "widget_analytics",
        "api_rate_limits",
        "audit_logs",
    }


async def test_row_security_is_forced_on_every_table(untouched: Database) -> None:
    lax = await untouched.all(
        "select relname from pg_class where oid in (select oid from (" + CUSTOMERS_TABLES + ") t)"
        " and not (relrowsecurity and relforcerowsecurity)"
    )
    assert lax == []


async def test_every_table_has_a_policy_for_the_functions_and_one_for_the_jobs(untouched: Database) -> None:
    rows = await untouched.all(
        "select tablename as name, array_agg(distinct roles[1]::text) as roles, bool_and(cardinality(roles) = 1) as is_single"
        " from pg_policies group by 1"
    )
    assert {row["name"] for row in rows} == await names(untouched)
    assert all(set(row["roles"]) == {"livechat_functions", "livechat_jobs"} and row["is_single"] for row in rows)


async def test_no_policy_of_the_functions_admits_every_row(untouched: Database) -> None:
    assert not await untouched.all(
        "select policyname from pg_policies where 'livechat_functions' = any(roles) and (qual = 'true' or with_check = 'true')"
    )


async def test_policies_are_sentences(untouched: Database) -> None:
    policies = {row["policyname"] for row in await untouched.all("select policyname from pg_policies")}
    assert [name for name in policies if not name[0].isupper() or name.count(" ") < 3] == []


async def test_every_table_names_its_customer_and_has_an_index_that_begins_with_it(untouched: Database) -> None:
    indexed = await untouched.all("""
        select distinct t.relname as name from pg_index i
        join pg_class t on t.oid = i.indrelid
        join pg_attribute a on a.attrelid = t.oid and a.attnum = i.indkey[0]
        where a.attname = 'customer_id' and a.attnotnull and i.indisvalid and i.indpred is null
    """)
    assert {row["name"] for row in indexed} >= await names(untouched) - {"customers"}


async def test_every_foreign_key_that_cascades_finds_its_rows_by_an_index(untouched: Database) -> None:
    unindexed = await untouched.all("""
        select k.conrelid::regclass::text as name, k.conname from pg_constraint k
        where k.contype = 'f' and k.conparentid = 0 and k.confdeltype <> 'a' and not exists (
            select from pg_index i where i.indrelid = k.conrelid and i.indkey[0] = any(k.conkey))
    """)
    assert unindexed == []


async def test_partitions_grant_nothing_to_the_functions_and_the_jobs(untouched: Database) -> None:
    partitions = await untouched.all("""
        select c.relname, r.rolname from pg_class c, pg_roles r
        where c.relispartition and c.relkind = 'r' and r.rolname in ('livechat_functions', 'livechat_jobs')
          and has_table_privilege(r.oid, c.oid, 'select, insert, update, delete, truncate')
    """)
    assert partitions == []
    assert (await untouched.one("select count(*) as n from pg_class where relispartition and relkind = 'r'"))["n"] > 3


async def test_the_migrations_own_tables_are_closed_to_the_functions(untouched: Database) -> None:
    assert not await untouched.all("""
        select c.relname from pg_class c where c.relname ~ 'yoyo' and c.relkind = 'r'
          and has_table_privilege('livechat_functions', c.oid, 'select, insert, update, delete')
    """)


async def test_the_login_roles_have_no_rights_beyond_their_grants(untouched: Database) -> None:
    roles = await untouched.all("""
        select rolname from pg_roles where rolname in ('livechat_functions', 'livechat_jobs')
          and not (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication)
          and not exists (select from pg_auth_members m where m.member = pg_roles.oid)
    """)
    assert len(roles) == 2


async def test_the_login_roles_own_nothing(untouched: Database) -> None:
    owned = await untouched.all("""
        select relname from pg_class where relowner in ('livechat_functions'::regrole, 'livechat_jobs'::regrole)
        union all select proname from pg_proc where proowner in ('livechat_functions'::regrole, 'livechat_jobs'::regrole)
        union all select nspname from pg_namespace where nspowner in ('livechat_functions'::regrole, 'livechat_jobs'::regrole)
    """)
    assert owned == []


async def test_all_tables_belong_to_an_owner_that_nobody_logs_in_as(untouched: Database) -> None:
    rows = await untouched.all("""
        select distinct r.rolname, r.rolcanlogin, r.rolsuper, r.rolbypassrls
        from pg_class c join pg_roles r on r.oid = c.relowner where c.relnamespace = 'public'::regnamespace
    """)
    assert rows == [{"rolname": "livechat_owner", "rolcanlogin": False, "rolsuper": False, "rolbypassrls": False}]


@pytest.mark.parametrize(
    "statement",
    [
        "create table public.mine ()",
        "alter table messages disable row level security",
        'drop policy "An agent changes itself" on agents',
        "truncate messages",
        "set role livechat_owner",
        "set role livechat_jobs",
        "select app.make_message_partitions(1)",
        "select * from messages_default",
        "select * from pg_authid",
        "create function public.mine() returns int language sql as 'select 1'",
        "copy messages to program 'cat'",
    ],
)
async def test_the_functions_cannot(statement: LiteralString, chairs: Chairs) -> None:
    async with chairs.sit("admin") as chair:
        with pytest.raises(InsufficientPrivilege):
            await chair.change(statement)


async def test_a_statement_that_has_gone_astray_is_ended(chairs: Chairs) -> None:
    async with chairs.sit("nobody") as chair:
        assert await chair.all("select current_setting('statement_timeout') as s") == [{"s": "15s"}]


async def test_views_show_what_their_caller_may_see(untouched: Database, chairs: Chairs) -> None:
    views = await untouched.all("""
        select relname as name, 'security_invoker=true' = any(reloptions) as is_caller from pg_class
        where relkind in ('v', 'm') and relnamespace = 'public'::regnamespace
    """)
    assert {row["name"] for row in views} == {"conversations_with_people", "messages_with_sender"}
    assert all(row["is_caller"] for row in views)
    async with chairs.sit("visitor") as chair:
        assert [await chair.count(str(row["name"])) for row in views] == [
            await chair.count("conversations" if "conv" in row["name"] else "messages") for row in views
        ]
    async with chairs.sit("nobody") as chair:
        assert [await chair.count(str(row["name"])) for row in views] == [0, 0]


async def test_a_visitor_has_one_open_conversation(as_jobs: Chair, world: World) -> None:
    with pytest.raises(UniqueViolation, match="conversations_visitor_id_open_key"):
        await as_jobs.change(
            "insert into conversations (widget_id, customer_id, visitor_id) select widget_id, customer_id, visitor_id"
            " from conversations where id = %(id)s",
            id=world.acme.visitor.conversation_id,
        )


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("update conversations set status = 'active'", "conversations_active_has_agent_check"),
        ("update conversations set assigned_agent_id = %(agent)s", "conversations_queued_has_no_agent_check"),
        ("update conversations set status = 'lost'", "conversations_status_check"),
        ("update agents set role = 'owner'", "agents_role_check"),
        ("update agents set status = 'asleep'", "agents_status_check"),
        ("update agents set current_chat_count = -1", "agents_current_chat_count_check"),
        ("update agents set display_name = ''", "agents_display_name_check"),
        ("update customers set company_name = ''", "customers_company_name_check"),
        ("update customers set max_widgets = -1", "customers_max_widgets_check"),
        ("update connections set visitor_id = null, agent_id = null", "connections_one_principal_check"),
    ],
)
async def test_a_row_that_makes_no_sense_is_refused(
    change: LiteralString, constraint: str, as_jobs: Chair, world: World
) -> None:
    with pytest.raises(CheckViolation, match=constraint):
        await as_jobs.change(change, agent=world.acme.agent.id)


async def test_keys_and_addresses_are_unique(as_jobs: Chair, world: World) -> None:
    both = {"a": world.acme.id, "b": world.globex.id}
    with pytest.raises(UniqueViolation, match="customers_api_key_key"):
        await as_jobs.change(
            "update customers set api_key = (select api_key from customers where id = %(b)s) where id = %(a)s", **both
        )
    with pytest.raises(UniqueViolation, match="agents_customer_id_email_key"):
        await as_jobs.change(
            "update agents set email = 'BEA@acme.example' where customer_id = %(a)s and display_name = 'Carl'", **both
        )
    assert await as_jobs.change("update agents set email = 'ada@acme.example' where email = 'ada@globex.example'") == 1


async def test_a_message_has_a_place_in_the_log(as_jobs: Chair, world: World) -> None:
    copy = (
        "insert into messages (conversation_id, customer_id, visitor_id, seq, sender_type, content)"
        " select id, customer_id, visitor_id, %(seq)s, 'system', '' from conversations limit 1"
    )
    with pytest.raises(CheckViolation, match="messages_seq_check"):
        await as_jobs.change(copy, seq=0)
    with pytest.raises(NotNullViolation):
        await as_jobs.change(copy, seq=None)


async def test_a_customer_takes_everything_along_when_it_goes(database: Database, world: World) -> None:
    await database.do("delete from customers where id = %(id)s", id=world.acme.id)
    for table in await names(database) - {"customers"}:
        left = await database.all(f"select customer_id from {table}")
        assert {row["customer_id"] for row in left} == {world.globex.id}, table


async def test_deleting_a_widget_row_does_not_lose_its_conversations(as_jobs: Chair, world: World) -> None:
    with pytest.raises(ForeignKeyViolation, match="_widget_id_fkey"):
        await as_jobs.change("delete from widget_configs where id = %(id)s", id=world.acme.widget_id)
