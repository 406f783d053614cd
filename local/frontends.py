"""The widget and the console, built when a source is newer than what was built."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

from local import processes
from local.steps import step

SHARED = ("client", "package-lock.json")
BUILT = {"widget": "widget/dist/widget.js", "console": "console/dist/index.html"}
NOT_SOURCES = {"dist", "test", "node_modules"}


class BuildFailed(Exception):
    """npm failed; the message is what it printed."""


async def build_frontend(root: Path, log: Path) -> None:
    async with processes.alone(root / "package.json"):  # several stacks may start at once
        with step("Node packages") as under_way:
            is_new = not (root / "node_modules" / ".package-lock.json").exists()
            # The Makefile knows when they must be installed anew.
            await _run(root, log, "make", "--silent", "node_modules/.package-lock.json")
            under_way.note = "npm ci" if is_new else ""
        with step("Widget and console") as under_way:
            if all(_is_fresh(root, name) for name in BUILT):
                under_way.note = "up to date"
            else:
                await _run(root, log, "npm", "run", "--silent", "build")
                under_way.note = "built"


def _is_fresh(root: Path, name: str) -> bool:
    built = root / BUILT[name]
    sources = (path for source in (*SHARED, name) for path in _sources(root / source))
    return built.exists() and max(path.stat().st_mtime for path in sources) <= built.stat().st_mtime


def _sources(path: Path) -> Iterator[Path]:
    """The files below, and the directories but the first: those tell of deleted files, it of its own dist/ being made."""
    if path.is_file():
        yield path
        return
    for child in path.iterdir():
        if child.name not in NOT_SOURCES:
            if child.is_dir():
                yield child
            yield from _sources(child)


async def _run(root: Path, log: Path, *command: str) -> None:
    try:
        process = await processes.start(*command, log=log, cwd=root)
    except FileNotFoundError:
        raise BuildFailed(f"{command[0]} is not installed; the README says what is needed.") from None
    try:
        failed = await process.wait() != 0
    except asyncio.CancelledError:
        await processes.kill(process)
        raise
    if failed:
        raise BuildFailed(f"{' '.join(command)} failed:\n{processes.tail(log)}")
