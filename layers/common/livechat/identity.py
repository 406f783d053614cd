"""Who is calling: visitor tokens and tickets that we sign, access tokens that the agents' identity provider signs."""

import asyncio
import hashlib
import hmac
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID, uuid4

import jwt

from livechat import secrets
from livechat.errors import IdentityNotVerified, Unauthenticated, Unavailable
from livechat.observe import logger
from livechat.settings import settings
from livechat.wire import storable

VISITOR_TOKEN_LIFE = timedelta(days=30)
VISITOR_TOKEN_RENEWED_AFTER = timedelta(days=1)
# The function that verifies may have another clock than the one that signed; with it a ticket is at most 60 s old.
CLOCK_SKEW_SECONDS = 10
TICKET_LIFE = timedelta(seconds=50)
MAX_ORIGIN = 300
# An unknown `kid` makes the keys be fetched again, but not more often than this: a stranger can invent any number of them.
JWKS_REFETCH_SECONDS = 60
JWKS_RETRY_SECONDS = 5
JWKS_MAX_AGE_SECONDS = 6 * 3600
ACCESS_TOKEN_ALGORITHMS = ["RS256", "ES256"]


@dataclass(frozen=True, slots=True)
class PageVisitor:
    """Somebody on a page, known by nothing but the widget that stands there (or its customer's key)."""

    widget_id: UUID | None = None
    api_key: str | None = None
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class TokenVisitor:
    """A visitor that holds our token."""

    customer_id: UUID
    widget_id: UUID
    visitor_id: UUID
    issued_at: datetime
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class SignedInAgent:
    """An agent, known by the identity provider's `sub`."""

    user_id: str


@dataclass(frozen=True, slots=True)
class TicketHolder:
    """Whoever opens a socket with a ticket: one visitor or one agent."""

    ticket_id: UUID
    expires_at: datetime
    customer_id: UUID
    connection_id: str
    widget_id: UUID | None = None
    visitor_id: UUID | None = None
    agent_id: UUID | None = None
    origin: str | None = None
    asked_from: str | None = None

    def is_where_it_was_asked_for(self, console_url: str) -> bool:
        """A browser's socket has its page's Origin. A ticket that no browser asked for opens a visitor's socket where
        its widget may be used (which is checked apart), and an agent's on the console's own site alone."""
        if self.origin is None:
            return True
        if self.asked_from is not None:
            return self.origin[:MAX_ORIGIN] == self.asked_from
        return self.agent_id is None or self.origin == console_url


@dataclass(frozen=True, slots=True)
class ConnectionHolder:
    """Whoever speaks over an open socket."""

    connection_id: str


@dataclass(frozen=True, slots=True)
class Customer:
    """No caller at all: the product itself, at work for one customer."""

    customer_id: UUID


Principal = PageVisitor | TokenVisitor | SignedInAgent | TicketHolder | ConnectionHolder | Customer


@dataclass(frozen=True, slots=True)
class Actor:
    """A principal after the database has admitted it."""

    kind: Literal["anonymous", "visitor", "agent", "admin"]
    customer_id: UUID
    company_name: str
    customer_is_active: bool
    widget_id: UUID | None
    visitor_id: UUID | None
    agent_id: UUID | None
    name: str | None
    avatar: str | None

    @property
    def is_agent(self) -> bool:
        return self.kind in ("agent", "admin")

    @property
    def sender_type(self) -> Literal["visitor", "agent"]:
        return "agent" if self.is_agent else "visitor"

    @property
    def sender_id(self) -> UUID:
        """The visitor's or agent's id; an anonymous caller sends nothing."""
        sender = self.agent_id if self.is_agent else self.visitor_id
        assert sender is not None
        return sender


def _signing_keys() -> dict[str, str]:
    """Our keys by `kid`, the one to sign with first. A rotation keeps the previous one until its tokens have expired."""
    secret = secrets.read(settings().signing_secret)
    keys = {str(secret["kid"]): str(secret["key"])}
    if secret.get("previous_kid"):
        keys[str(secret["previous_kid"])] = str(secret["previous_key"])
    return keys


def digest(purpose: str, text: str) -> str:
    """A keyed digest of something that must not be stored as it is; `purpose` keeps digests of the same text apart."""
    key = next(iter(_signing_keys().values()))
    return hmac.new(key.encode(), f"{purpose}\0{text}".encode(), hashlib.sha256).hexdigest()


def visitor_key(visitor_id: str, session_id: str) -> str:
    """The digest under which a browser's pair of random ids is stored. Unkeyed: it must outlive a rotation."""
    return hashlib.sha256(f"{visitor_id}\0{session_id}".encode()).hexdigest()


def _sign(claims: dict[str, Any], audience: str, life: timedelta) -> str:
    kid, key = next(iter(_signing_keys().items()))
    now = datetime.now(UTC)
    return jwt.encode({**claims, "aud": audience, "iat": now, "exp": now + life}, key, "HS256", headers={"kid": kid})


def _verify(token: str, audience: str) -> dict[str, Any]:
    try:
        key = _signing_keys().get(str(jwt.get_unverified_header(token).get("kid")))
        if key is None:
            raise Unauthenticated("The token was not made here.")
        return jwt.decode(
            token,
            key,
            ["HS256"],
            audience=audience,
            options={"require": ["exp", "iat", "aud", "sub"]},
            leeway=CLOCK_SKEW_SECONDS,
        )
    except (jwt.InvalidTokenError, ValueError) as error:
        raise Unauthenticated("The token is expired or was tampered with.") from error


def visitor_token(customer_id: UUID, widget_id: UUID, visitor_id: UUID) -> str:
    """The token a visitor carries: a JWT bound to customer, widget and visitor, good for 30 days."""
    return _sign({"sub": str(visitor_id), "cid": str(customer_id), "wid": str(widget_id)}, "visitor", VISITOR_TOKEN_LIFE)


def _verify_visitor_token(token: str, origin: str | None) -> TokenVisitor:
    claims = _verify(token, "visitor")
    try:
        return TokenVisitor(
            UUID(claims["cid"]),
            UUID(claims["wid"]),
            UUID(claims["sub"]),
            datetime.fromtimestamp(claims["iat"], UTC),
            origin,
        )
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise Unauthenticated("The token lacks what a visitor's token holds.") from error


def is_due_for_renewal(visitor: TokenVisitor) -> bool:
    return datetime.now(UTC) - visitor.issued_at > VISITOR_TOKEN_RENEWED_AFTER


def ticket(actor: Actor, origin: str | None) -> str:
    """A ticket for one socket: at most 60 s old, usable once, for this actor only, on the site that asked for it."""
    claims = {"sub": str(actor.sender_id), "cid": str(actor.customer_id), "knd": actor.sender_type, "jti": str(uuid4())}
    if origin is not None:
        claims["org"] = origin[:MAX_ORIGIN]
    if actor.widget_id:
        claims["wid"] = str(actor.widget_id)
    return _sign(claims, "ticket", TICKET_LIFE)


def verify_ticket(token: str, connection_id: str, origin: str | None) -> TicketHolder:
    """Raises Unauthenticated for a ticket that is not ours or too old; that it is used once is checked in the database."""
    claims = _verify(token, "ticket")
    try:
        holder = UUID(claims["sub"])
        is_agent = claims["knd"] == "agent"
        return TicketHolder(
            ticket_id=UUID(claims["jti"]),
            expires_at=datetime.fromtimestamp(claims["exp"], UTC),
            customer_id=UUID(claims["cid"]),
            connection_id=connection_id,
            widget_id=UUID(claims["wid"]) if "wid" in claims else None,
            visitor_id=None if is_agent else holder,
            agent_id=holder if is_agent else None,
            origin=origin,
            asked_from=claims.get("org"),
        )
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise Unauthenticated("The ticket lacks what a ticket holds.") from error


class IssuerKeys:
    """The identity provider's public keys, fetched when first needed and kept."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = float("-inf")
        self._asked_at = float("-inf")
        self._is_failing = False

    async def find(self, kid: str) -> jwt.PyJWK | None:
        """None for a key that the provider does not have. Raises Unavailable when it cannot be asked.

        A key that is known stays good while the provider cannot be reached.
        """
        now = self._clock()
        is_due = kid not in self._keys or now - self._fetched_at > JWKS_MAX_AGE_SECONDS
        if is_due and now - self._asked_at > (JWKS_RETRY_SECONDS if self._is_failing else JWKS_REFETCH_SECONDS):
            self._asked_at = now
            await asyncio.to_thread(self._fetch)
        if self._is_failing and kid not in self._keys:
            raise Unavailable("The identity provider's keys cannot be read; try again in a moment.")
        return self._keys.get(kid)

    def _fetch(self) -> None:
        url = settings().identity_jwks_url or settings().identity_issuer.rstrip("/") + "/.well-known/jwks.json"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - the address is a setting, not input
                keys = jwt.PyJWKSet.from_json(answer.read().decode())
        except (OSError, ValueError, jwt.PyJWTError):
            logger.exception("the identity provider's keys cannot be read")
            self._is_failing = True
            return
        self._keys = {key.key_id: key for key in keys.keys if key.key_id}
        self._fetched_at = self._clock()
        self._is_failing = False


_issuer_keys = IssuerKeys()


async def _verify_access_token(token: str, kid: str) -> SignedInAgent:
    key = await _issuer_keys.find(kid)
    if key is None:
        raise Unauthenticated("The token is signed by an unknown key.")
    wanted = settings()
    try:
        # Cognito's access tokens carry client_id and no aud; others carry aud. One of them must name our client.
        claims = jwt.decode(
            token,
            key,
            ACCESS_TOKEN_ALGORITHMS,
            issuer=wanted.identity_issuer,
            options={"require": ["exp", "iat", "iss", "sub"], "verify_aud": False},
            leeway=CLOCK_SKEW_SECONDS,
        )
    except (jwt.InvalidTokenError, ValueError) as error:
        raise Unauthenticated("The access token is expired or was tampered with.") from error
    audience = claims.get("aud", [])
    clients = [claims.get("client_id"), *(audience if isinstance(audience, list) else [audience])]
    if (
        wanted.identity_client_id not in clients
        or claims.get("token_use", wanted.identity_token_use) != wanted.identity_token_use
    ):
        raise Unauthenticated("The token was made for something else.")
    return SignedInAgent(str(claims["sub"]))


async def verify(token: str, origin: str | None) -> TokenVisitor | SignedInAgent:
    """Who holds this bearer token.

    Raises Unauthenticated when nobody does, Unavailable when the identity provider's keys cannot be read.
    """
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.InvalidTokenError, ValueError) as error:
        raise Unauthenticated("The token is not a JWT.") from error
    if header.get("alg") == "HS256":
        return _verify_visitor_token(token, origin)
    kid = header.get("kid")
    if header.get("alg") not in ACCESS_TOKEN_ALGORITHMS or not kid:
        raise Unauthenticated("The token is not signed in a way that is accepted here.")
    return await _verify_access_token(token, kid)


def verify_claim(api_secret: str, external_id: str, proof_hash: str | None, proof_jwt: str | None) -> dict[str, Any] | None:
    """What is proved of a page's claim that its visitor is `external_id`, by its customer's secret.

    None without a proof; an empty dict when the hash proves the id and nothing else; a JWT's claims.
    Raises IdentityNotVerified when there is a proof and it does not hold.
    """
    if proof_hash is not None:
        wanted = hmac.new(api_secret.encode(), external_id.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(wanted.encode(), proof_hash.lower().encode()):
            raise IdentityNotVerified("The hash is not the HMAC-SHA256 of the id.")
        return {}
    if proof_jwt is not None:
        try:
            claims: dict[str, Any] = jwt.decode(
                proof_jwt,
                api_secret,
                ["HS256"],
                options={"require": ["exp", "sub"], "verify_aud": False},
                leeway=CLOCK_SKEW_SECONDS,
            )
        except (jwt.InvalidTokenError, ValueError) as error:
            raise IdentityNotVerified("The JWT is expired or not signed with the account's secret.") from error
        try:
            storable(claims)
        except ValueError as error:
            raise IdentityNotVerified("The JWT holds what cannot be stored.") from error
        if claims["sub"] != external_id:
            raise IdentityNotVerified("The JWT's sub is not the id.")
        return claims
    return None
