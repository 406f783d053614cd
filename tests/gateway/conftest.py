"""An edge with functions of its own behind it, and an ear that those functions speak to."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import urllib3
from botocore.config import Config

from local.credentials import CREDENTIALS
from local.templates import REGION
from tests.stack import Edge, running

EDGE_TEMPLATE = Path(__file__).parent / "edge" / "template.yaml"
EDGE_ARGUMENTS = ("--template", str(EDGE_TEMPLATE), "--runtime", "workers")
PATIENCE_SECONDS = 20


class Ear:
    """A port that handlers call to tell something; they go on when they are released."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(PATIENCE_SECONDS)
        self._held: list[socket.socket] = []

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def hear(self, *, release: bool = True) -> Any:
        """What the next handler says, as JSON."""
        caller, _ = self._listener.accept()
        caller.settimeout(PATIENCE_SECONDS)
        with caller.makefile("rb") as stream:
            said = json.loads(stream.readline())
        self._held.append(caller)
        if release:
            self.release()
        return said

    def release(self) -> None:
        while self._held:
            with self._held.pop() as caller:
                caller.sendall(b".")

    def close(self) -> None:
        for caller in self._held:
            caller.close()
        self._listener.close()


def aws(service: str, edge: Edge, *, signature: str = "v4") -> Any:
    """A boto3 client of the services behind the edge, to be closed by whoever asked for it."""
    return boto3.client(
        service,  # type: ignore[call-overload]  # by name
        endpoint_url=edge.identity["endpoint"],
        region_name=REGION,
        config=Config(signature_version=signature),
        **CREDENTIALS,
    )


@pytest.fixture
def ear() -> Iterator[Ear]:
    ear = Ear()
    yield ear
    ear.close()


@pytest.fixture(scope="session")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    with running(tmp_path_factory.mktemp("edge"), *EDGE_ARGUMENTS) as started:
        yield started


@pytest.fixture(scope="session")
def http() -> Iterator[urllib3.PoolManager]:
    with urllib3.PoolManager(maxsize=20, retries=False, timeout=PATIENCE_SECONDS) as pool:
        yield pool
