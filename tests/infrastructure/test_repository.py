"""What every file of the repository keeps to."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.infrastructure.conftest import ROOT

MAKEFILE = (ROOT / "Makefile").read_text()
# Somebody's home, and this checkout; and hosts that packages come from, which are the machine's business alone.
MACHINE_PATH = re.compile(r"(?<![\w.}/-])/(?:home|Users)/[\w.-]+/|(?<![\w.}/-])/roo[t]/\w|" + re.escape(f"{ROOT}/"))
REGISTRY = re.compile(
    r"files\.pythonhosted\.org|pypi\.org/simple|registry\.(?:npmjs\.org|yarnpkg\.com|npmmirror\.com)"
    r"|\bjfrog\.io|--(?:extra-)?index-url[ =]|--find-links[ =]"
)


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


@pytest.mark.parametrize("pattern", [MACHINE_PATH, REGISTRY], ids=["a machine's path", "a registry's host"])
def test_no_file_holds(pattern: re.Pattern[str]) -> None:
    found = []
    for path in tracked():
        try:
            text = path.read_text()
        except UnicodeDecodeError:  # a picture
            continue
        found += [f"{path.relative_to(ROOT)}: {match.group()}" for match in pattern.finditer(text)]
    assert found == []


def test_locks_hold_no_address() -> None:
    assert '"resolved"' not in (ROOT / "package-lock.json").read_text()
    for lock in (ROOT / "requirements").glob("*.txt"):
        assert "://" not in lock.read_text(), lock.name


def test_every_locked_package_has_its_hash() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        packages = re.split(r"^(?=[\w.-]+(?:\[[\w,-]+\])?==)", lock.read_text(), flags=re.MULTILINE)[1:]
        assert packages
        assert all("--hash=sha256:" in package for package in packages), lock.name


def test_every_make_target_says_what_it_does() -> None:
    targets = set(re.findall(r"^([a-z-]+):(?!=)", MAKEFILE, re.MULTILINE))
    assert targets == set(re.findall(r"^([a-z-]+):.*## \S", MAKEFILE, re.MULTILINE))


def test_every_make_target_is_declared_to_be_no_file() -> None:
    declared = {name for line in re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE) for name in line.split()}
    assert set(re.findall(r"^([a-z-]+):(?!=)", MAKEFILE, re.MULTILINE)) == declared


def test_every_link_of_the_docs_leads_somewhere() -> None:
    for page in (path for path in tracked() if path.suffix == ".md"):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_make_command_of_the_docs_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for page in (path for path in tracked() if path.suffix == ".md"):
        named = set(
            re.findall(r"\bmake ([a-z]+)\b", "\n".join(re.findall(r"`[^`]+`|^make .*$", page.read_text("utf-8"), re.MULTILINE)))
        )
        assert named <= targets, f"{page.name}: {named - targets}"
