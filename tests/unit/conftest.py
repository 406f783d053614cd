"""Settings without a database, secrets in moto, and an identity provider that is a real HTTP server."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import boto3
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from moto import mock_aws

from livechat import settings

CLIENT = "console"
SigningKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class IdentityProvider:
    """Signs access tokens, and serves the keys to verify them with."""

    def __init__(self) -> None:
        self.requests = 0
        self.is_down = False
        self._keys: dict[str, SigningKey] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.requests += 1
                body = json.dumps({"keys": outer._jwks()}).encode()
                self.send_response(503 if outer.is_down else 200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that it has there
                """Tests print nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/pool"

    def add_key(self, kid: str, key: SigningKey) -> None:
        self._keys[kid] = key

    def drop_key(self, kid: str) -> None:
        del self._keys[kid]

    def token(self, kid: str, *, key: SigningKey | None = None, **claims: Any) -> str:
        """An access token as Cognito makes them; a claim that is None is left out."""
        now = datetime.now(UTC)
        usual = {
            "iss": self.issuer,
            "sub": "sub-of-bea",
            "client_id": CLIENT,
            "token_use": "access",
            "iat": now,
            "exp": now + timedelta(hours=1),
        }
        said = {name: value for name, value in {**usual, **claims}.items() if value is not None}
        signer = key or self._keys[kid]
        algorithm = "RS256" if isinstance(signer, rsa.RSAPrivateKey) else "ES256"
        return jwt.encode(said, signer, algorithm, headers={"kid": kid})

    def _jwks(self) -> list[dict[str, Any]]:
        found = []
        for kid, key in self._keys.items():
            algorithm: Any = jwt.get_algorithm_by_name("RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256")
            found.append({**algorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig"})
        return found

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Vault:
    """The secret that visitor tokens and tickets are signed with, and its rotation."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def hold(self, **secret: str) -> None:
        """Store a signing secret under a new name, so that nothing cached is in the way."""
        name = f"signing-{uuid4()}"
        boto3.client("secretsmanager").create_secret(Name=name, SecretString=json.dumps(secret))
        self._monkeypatch.setenv("LIVECHAT_SIGNING_SECRET", name)
        settings.settings.cache_clear()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture
def provider() -> Iterator[IdentityProvider]:
    started = IdentityProvider()
    yield started
    started.stop()


@pytest.fixture(scope="session")
def aws() -> Iterator[None]:
    with mock_aws():
        yield


@pytest.fixture
def vault(aws: None, provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vault]:
    """The settings of a function, complete but for the signing secret's value."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    for variable, text in {
        "DATABASE_URL": "postgresql://nowhere.example/livechat",
        "DATABASE_SECRET": "unused",
        "SIGNING_SECRET": "unset",
        "WEBSOCKET_URL": "wss://socket.example",
        "CONNECTIONS_URL": "https://socket.example/live",
        "IDENTITY_ISSUER": provider.issuer,
        "IDENTITY_CLIENT_ID": CLIENT,
    }.items():
        monkeypatch.setenv(f"LIVECHAT_{variable}", text)
    settings.settings.cache_clear()
    yield Vault(monkeypatch)
    settings.settings.cache_clear()
