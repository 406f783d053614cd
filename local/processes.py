"""Programs started beside this one: in sessions of their own, and never outliving it."""

import asyncio
import contextlib
import ctypes
import fcntl
import os
import pwd
import signal
import socket
import struct
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

# From the manual pages of prctl and capabilities.
PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_SET_SECUREBITS = 28
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
SECBIT_NO_SETUID_FIXUP = 1 << 2
CAP_DAC_OVERRIDE = 1
LINUX_CAPABILITY_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(signum: signal.Signals) -> None:
    """Ask the kernel to send this process `signum` when its parent ends, however that ends."""
    _libc.prctl(PR_SET_PDEATHSIG, int(signum), 0, 0, 0)


def become_nobody() -> None:
    """Give up root for `nobody`, keeping the right to pass through directories that only root may enter.

    PostgreSQL refuses to run as root. A checkout below /root (mode 0700) could not be reached by another user, and
    its owner's modes are not ours to change; an ambient capability solves both and leaves nothing behind.
    """
    nobody = pwd.getpwnam("nobody")
    _libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
    # Without this bit access(2), by which initdb looks for its programs, disregards capabilities of other users than root.
    _libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    os.setgroups([])
    os.setresgid(nobody.pw_gid, nobody.pw_gid, nobody.pw_gid)
    os.setresuid(nobody.pw_uid, nobody.pw_uid, nobody.pw_uid)
    wanted = 1 << CAP_DAC_OVERRIDE
    header = struct.pack("=Ii", LINUX_CAPABILITY_VERSION_3, 0)
    sets = struct.pack("=IIIIII", wanted, wanted, wanted, 0, 0, 0)  # effective, permitted, inheritable; then their high halves
    if _libc.capset(header, sets) == 0:
        _libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)


async def start(
    *command: str | Path,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    death_signal: signal.Signals = signal.SIGKILL,
    prepare: Callable[[], None] | None = None,
    stdout: int | None = None,
    pass_fds: tuple[int, ...] = (),
) -> asyncio.subprocess.Process:
    """Start a program that logs to a file and is told `death_signal` should we die without stopping it."""

    def before_exec() -> None:
        if prepare is not None:
            prepare()
        die_with_parent(death_signal)  # after a change of user, which would clear it

    with log.open("ab") as output:
        return await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output if stdout is None else stdout,
            stderr=output,
            env=env,
            cwd=cwd,
            pass_fds=pass_fds,
            start_new_session=True,  # a terminal's Ctrl-C is for us alone, who stop the rest in order
            preexec_fn=before_exec,
        )


async def stop(process: asyncio.subprocess.Process, signum: signal.Signals, patience: float = 10) -> None:
    """Ask a program to stop, wait for it, and kill its whole session when it does not."""
    if process.returncode is not None:
        return
    try:
        process.send_signal(signum)
        await asyncio.wait_for(process.wait(), patience)
    except TimeoutError:
        await kill(process)
    except ProcessLookupError:
        await process.wait()


async def kill(process: asyncio.subprocess.Process) -> None:
    """End a program's whole session at once."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


@contextlib.asynccontextmanager
async def alone(path: Path) -> AsyncIterator[None]:
    """Wait until no other program holds this file, and hold it meanwhile."""
    with path.open() as lock:
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        yield


def free_port(preferred: int | None = None) -> int:
    """A port of 127.0.0.1 that nobody listens on now: the preferred one if possible."""
    for port in (preferred, 0):
        if port is None:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                probe.listen()
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free port")


def remembered_port(note: Path) -> int:
    """A free port, the same as last time where that is still free; kept in the file `note`."""
    preferred = int(note.read_text()) if note.exists() else None
    port = free_port(preferred)
    note.write_text(f"{port}\n")
    return port


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    draft = path.with_suffix(path.suffix + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(text)
    draft.replace(path)


def tail(log: Path) -> str:
    """The end of a log, for a message."""
    return log.read_text(errors="replace")[-4000:]
