"""The database of a deployment: its roles, and its migrations applied by yoyo."""

from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from yoyo import get_backend, read_migrations

OWNER = "livechat_owner"
TIMEOUTS = {
    # Requests end at 29 s; a statement that takes longer than this has gone astray.
    "statement_timeout": "15s",
    "idle_in_transaction_session_timeout": "15s",
    # The two above count from statement to statement, and not while a pipeline waits for the next.
    "transaction_timeout": "60s",
    # Lambda keeps idle environments frozen for hours, each with its connection, and a small instance has some eighty. A
    # frozen one answers no probe either, which ends those sessions whose idleness the server does not count.
    "idle_session_timeout": "60s",
    "tcp_keepalives_idle": "30s",
    "tcp_keepalives_interval": "10s",
    "tcp_keepalives_count": "3",
}


def ensure_roles(url: str, master: dict[str, Any], logins: list[dict[str, Any]]) -> None:
    """Make the owner of the tables and the login roles, with the passwords of their secrets; again: change nothing else.

    `master` and each of `logins` are {"username", "password"}. The login roles own nothing and cannot bypass row security.
    """
    conninfo = make_conninfo(url, user=master["username"], password=master["password"])
    with psycopg.connect(conninfo, autocommit=True) as connection:
        _ensure_role(connection, OWNER, sql.SQL("nologin"))
        for login in logins:
            # What is not said stays as the server's defaults have it: no superuser, no bypass of row security.
            _ensure_role(connection, login["username"], sql.SQL("login password {}").format(sql.Literal(login["password"])))
            for name, value in TIMEOUTS.items():
                statement = sql.SQL("alter role {} set {} = {}")
                connection.execute(
                    statement.format(sql.Identifier(login["username"]), sql.Identifier(name), sql.Literal(value))
                )
        database = sql.Identifier(connection.info.dbname)
        # The master is no superuser on RDS: it must be a member to hand out what the owner owns, and to act as the owner.
        connection.execute(sql.SQL("grant {} to current_user").format(sql.Identifier(OWNER)))
        connection.execute(sql.SQL("revoke temporary on database {} from public").format(database))
        connection.execute(sql.SQL("grant create on database {} to {}").format(database, sql.Identifier(OWNER)))
        connection.execute(sql.SQL("grant create, usage on schema public to {}").format(sql.Identifier(OWNER)))


def _ensure_role(connection: psycopg.Connection[Any], name: str, options: sql.Composable) -> None:
    exists = connection.execute("select from pg_roles where rolname = %s", [name]).fetchone()
    verb = sql.SQL("create") if exists is None else sql.SQL("alter")
    connection.execute(sql.SQL("{} role {} {}").format(verb, sql.Identifier(name), options))


def migrate(url: str, master: dict[str, Any], directory: Path) -> list[str]:
    """Apply what is new in the directory, in order, each in a transaction of its own; answers the names applied.

    A migration that fails is rolled back and raises psycopg.Error; those before it stay.
    """
    backend = get_backend(_as_owner(url, master))
    try:
        migrations = read_migrations(str(directory))
        with backend.lock():
            pending = backend.to_apply(migrations)
            backend.apply_migrations(pending)
        return [migration.id for migration in pending]
    finally:
        backend.connection.close()


def make_partitions(url: str, master: dict[str, Any], ahead: int) -> None:
    """The first months' partitions; maintenance goes on from there."""
    conninfo = make_conninfo(url, user=master["username"], password=master["password"], options=f"-c role={OWNER}")
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("select app.make_message_partitions(%s)", [ahead])


def _as_owner(url: str, master: dict[str, Any]) -> str:
    """yoyo's address of the database: everything that it creates belongs to the owner role."""
    parts = urlsplit(url)
    netloc = f"{quote(master['username'], safe='')}:{quote(master['password'], safe='')}@{parts.netloc}"
    query = "&".join(filter(None, [parts.query, f"options={quote(f'-c role={OWNER}', safe='')}"]))
    return urlunsplit(("postgresql+psycopg", netloc, parts.path, query, ""))
