"""The stack that misbehaves, and the people's script."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from random import SystemRandom

import pytest

from tests.delivery.world import World, bundle
from tests.stack import Stack, logs, running


@pytest.fixture(scope="session")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundle(tmp_path_factory.mktemp("people"))


@pytest.fixture(scope="session")
def shaky_stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One stack for all, healed between the tests."""
    failed_before = request.session.testsfailed
    with running(tmp_path_factory.mktemp("shaky"), "--faults") as started:
        assert isinstance(started, Stack)
        yield started
        if request.session.testsfailed > failed_before:
            print(logs(started.directory))


@pytest.fixture
def seed() -> int:
    """Drawn anew each time, so that a failure not seen yet may be; SEED= repeats one."""
    return int(os.environ.get("SEED") or SystemRandom().randrange(1_000_000))


@pytest.fixture
def make_world(shaky_stack: Stack, script: Path, seed: int) -> Callable[..., World]:
    return lambda **options: World(shaky_stack, script, **{"seed": seed, **options})
