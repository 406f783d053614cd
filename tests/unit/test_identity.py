"""Whom a token speaks for: visitor tokens and tickets of ours, access tokens of the provider, claims of a page."""

import asyncio
import base64
import hashlib
import hmac
import json
import string
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from livechat import identity
from livechat.errors import IdentityNotVerified, Unauthenticated, Unavailable
from livechat.identity import Actor, IssuerKeys, SignedInAgent, TokenVisitor
from tests.unit.conftest import IdentityProvider, Vault

CUSTOMER, WIDGET, VISITOR, AGENT = (UUID(int=n) for n in range(1, 5))
KEY = "the first key of this run, long enough for every algorithm that anybody could try"
NEXT_KEY = "the second key of this run, 32 bytes or more"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
SECRET = "a customer's secret, 32 bytes or more of it"

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def held(vault: Vault) -> None:
    vault.hold(kid="k1", key=KEY)


def actor(**different: Any) -> Actor:
    usual: dict[str, Any] = {
        "kind": "visitor",
        "customer_id": CUSTOMER,
        "company_name": "Acme",
        "customer_is_active": True,
        "widget_id": WIDGET,
        "visitor_id": VISITOR,
        "agent_id": None,
        "name": None,
        "avatar": None,
    }
    return Actor(**{**usual, **different})


def forge(key: str = KEY, kid: str | None = "k1", algorithm: str = "HS256", **different: Any) -> str:
    """A visitor token in which something is different; a claim that is None is left out."""
    now = datetime.now(UTC)
    usual = {
        "sub": str(VISITOR),
        "cid": str(CUSTOMER),
        "wid": str(WIDGET),
        "aud": "visitor",
        "iat": now,
        "exp": now + timedelta(days=1),
    }
    claims = {name: value for name, value in {**usual, **different}.items() if value is not None}
    return jwt.encode(claims, key, algorithm, headers={"kid": kid} if kid else None)


# --- our own tokens


async def test_a_visitor_token_names_customer_widget_and_visitor() -> None:
    token = identity.visitor_token(CUSTOMER, WIDGET, VISITOR)
    holder = await identity.verify(token, "https://shop.example")
    assert isinstance(holder, TokenVisitor)
    assert (holder.customer_id, holder.widget_id, holder.visitor_id) == (CUSTOMER, WIDGET, VISITOR)
    assert holder.origin == "https://shop.example"
    claims = jwt.decode(token, KEY, ["HS256"], audience="visitor")
    assert claims["exp"] - claims["iat"] == timedelta(days=30).total_seconds()


@pytest.mark.parametrize(
    "different",
    [
        {"key": NEXT_KEY},
        {"kid": "k2"},
        {"kid": None},
        {"exp": LONG_AGO},
        {"exp": None},
        {"iat": None},
        {"iat": datetime(2100, 1, 1, tzinfo=UTC)},
        {"nbf": datetime(2100, 1, 1, tzinfo=UTC)},
        {"aud": "ticket"},
        {"aud": None},
        {"sub": None},
        {"sub": "somebody"},
        {"cid": None},
        {"cid": "x"},
        {"wid": None},
        {"wid": 1},
        {"algorithm": "HS384"},
        {"algorithm": "HS512"},
    ],
    ids=repr,
)
async def test_a_token_in_which_anything_is_wrong_opens_nothing(different: dict[str, Any]) -> None:
    assert isinstance(await identity.verify(forge(), None), TokenVisitor)
    with pytest.raises(Unauthenticated):
        await identity.verify(forge(**different), None)


async def test_no_single_changed_character_goes_unnoticed() -> None:
    token = identity.visitor_token(CUSTOMER, WIDGET, VISITOR)
    # The last character of a 32-byte signature holds two bits that mean nothing.
    for at in range(len(token) - 1):
        other = "A" if token[at] != "A" else "B"
        with pytest.raises(Unauthenticated):
            await identity.verify(token[:at] + other + token[at + 1 :], None)


async def test_a_token_cannot_choose_to_be_unsigned() -> None:
    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    _, claims, signature = identity.visitor_token(CUSTOMER, WIDGET, VISITOR).split(".")
    for algorithm in ("none", "None", "NONE", "", None, 1, ["HS256"]):
        header = part({"alg": algorithm, "typ": "JWT", "kid": "k1"})
        for token in (f"{header}.{claims}.", f"{header}.{claims}.{signature}", f"{header}.{claims}"):
            with pytest.raises(Unauthenticated):
                await identity.verify(token, None)


@pytest.mark.parametrize(
    "token", ["", ".", "..", "a.b.c", "x" * 10_000, "ey.ey.ey", "é.é.é", "null", "{}", "e30.e30.", "W10.W10.W10"]
)
async def test_what_is_no_token_opens_nothing(token: str) -> None:
    with pytest.raises(Unauthenticated):
        await identity.verify(token, None)


@hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(string.ascii_letters + string.digits + "-_.=+/ ", max_size=120) | st.text(max_size=40))
def test_any_text_is_refused_as_a_token_and_as_a_ticket(text: str) -> None:
    with pytest.raises(Unauthenticated):
        asyncio.run(identity.verify(text, None))
    with pytest.raises(Unauthenticated):
        identity.verify_ticket(text, "socket", None)


async def test_a_ticket_is_no_token_and_a_token_no_ticket() -> None:
    with pytest.raises(Unauthenticated):
        await identity.verify(identity.ticket(actor(), None), None)
    with pytest.raises(Unauthenticated):
        identity.verify_ticket(identity.visitor_token(CUSTOMER, WIDGET, VISITOR), "socket", None)


@pytest.mark.parametrize(
    ("holder", "asked_from", "origin", "opens"),
    [
        ("visitor", "https://shop.example", "https://shop.example", True),
        ("visitor", "https://shop.example", "https://evil.example", False),
        ("visitor", "https://shop.example", None, True),
        ("visitor", None, "https://shop.example", True),
        ("agent", "https://chat.example", "https://chat.example", True),
        ("agent", "https://chat.example", "https://evil.example", False),
        ("agent", None, "https://chat.example", True),
        ("agent", None, "https://evil.example", False),
        ("agent", None, None, True),
    ],
)
def test_a_ticket_opens_a_socket_where_it_was_asked_for(
    holder: str, asked_from: str | None, origin: str | None, opens: bool
) -> None:
    who = actor() if holder == "visitor" else actor(kind="agent", agent_id=AGENT, widget_id=None, visitor_id=None)
    ticket = identity.verify_ticket(identity.ticket(who, asked_from), "socket", origin)
    assert ticket.is_where_it_was_asked_for("https://chat.example") is opens


def test_a_ticket_is_for_its_holder_for_a_minute() -> None:
    holder = identity.verify_ticket(identity.ticket(actor(), None), "socket", "https://shop.example")
    assert (holder.customer_id, holder.widget_id, holder.visitor_id, holder.agent_id) == (CUSTOMER, WIDGET, VISITOR, None)
    assert (holder.connection_id, holder.origin) == ("socket", "https://shop.example")
    assert timedelta(seconds=40) < holder.expires_at - datetime.now(UTC) <= timedelta(seconds=50)
    agent = actor(kind="agent", agent_id=AGENT, widget_id=None, visitor_id=None)
    other = identity.verify_ticket(identity.ticket(agent, None), "socket", None)
    assert (other.agent_id, other.visitor_id, other.widget_id) == (AGENT, None, None)
    assert other.ticket_id != holder.ticket_id


@pytest.mark.parametrize(
    "different",
    [
        {"jti": "x"},
        {"jti": None},
        {"knd": None},
        {"sub": "x"},
        {"cid": "x"},
        {"wid": "x"},
        {"exp": LONG_AGO},
    ],
    ids=repr,
)
def test_a_ticket_in_which_anything_is_wrong_opens_nothing(different: dict[str, Any]) -> None:
    usual = {"aud": "ticket", "knd": "visitor", "jti": str(UUID(int=9))}
    assert identity.verify_ticket(forge(**usual), "socket", None).visitor_id == VISITOR
    with pytest.raises(Unauthenticated):
        identity.verify_ticket(forge(**{**usual, **different}), "socket", None)


async def test_a_rotation_keeps_the_previous_key_for_tokens_that_are_out(vault: Vault) -> None:
    old = identity.visitor_token(CUSTOMER, WIDGET, VISITOR)
    vault.hold(kid="k2", key=NEXT_KEY, previous_kid="k1", previous_key=KEY)
    new = identity.visitor_token(CUSTOMER, WIDGET, VISITOR)
    assert jwt.get_unverified_header(new)["kid"] == "k2"
    for token in (old, new):
        assert isinstance(await identity.verify(token, None), TokenVisitor)
    with pytest.raises(Unauthenticated):
        await identity.verify(forge(key=KEY, kid="k2"), None)
    vault.hold(kid="k3", key=KEY, previous_kid="k2", previous_key=NEXT_KEY)
    assert isinstance(await identity.verify(new, None), TokenVisitor)
    with pytest.raises(Unauthenticated):
        await identity.verify(old, None)


@pytest.mark.parametrize(("age", "is_due"), [(timedelta(), False), (timedelta(hours=23), False), (timedelta(hours=25), True)])
def test_a_token_is_renewed_by_use_once_a_day(age: timedelta, is_due: bool) -> None:
    holder = TokenVisitor(CUSTOMER, WIDGET, VISITOR, datetime.now(UTC) - age)
    assert identity.is_due_for_renewal(holder) is is_due


def test_digests_of_one_text_for_two_purposes_differ(vault: Vault) -> None:
    first = identity.digest("address", "192.0.2.1")
    assert first == identity.digest("address", "192.0.2.1")
    assert len({first, identity.digest("other", "192.0.2.1"), identity.digest("address", "192.0.2.2")}) == 3
    vault.hold(kid="k2", key=NEXT_KEY)
    assert identity.digest("address", "192.0.2.1") != first


def test_a_pair_of_ids_is_known_by_both_and_by_their_order() -> None:
    pairs = [("a", "b"), ("b", "a"), ("ab", ""), ("", "ab"), ("a", "bb")]
    assert len({identity.visitor_key(*pair) for pair in pairs}) == len(pairs)


# --- the identity provider's tokens


async def test_an_agent_is_who_the_provider_says(
    provider: IdentityProvider, rsa_key: rsa.RSAPrivateKey, fresh_keys: None
) -> None:
    provider.add_key("p1", rsa_key)
    provider.add_key("p2", ec.generate_private_key(ec.SECP256R1()))
    for kid in ("p1", "p2"):
        assert await identity.verify(provider.token(kid), "https://console.example") == SignedInAgent("sub-of-bea")
    for form in ({"client_id": None, "aud": "console"}, {"client_id": None, "aud": ["other", "console"]}, {"token_use": None}):
        assert await identity.verify(provider.token("p1", **form), None) == SignedInAgent("sub-of-bea")
    assert provider.requests == 1


@pytest.mark.parametrize(
    "different",
    [
        {"exp": LONG_AGO},
        {"exp": None},
        {"iat": None},
        {"sub": None},
        {"sub": 7},
        {"iss": "https://another.example/pool"},
        {"iss": None},
        {"client_id": "another"},
        {"client_id": None},
        {"client_id": None, "aud": "another"},
        {"client_id": None, "aud": ["another", "third"]},
        {"token_use": "id"},
        {"token_use": "refresh"},
    ],
    ids=repr,
)
async def test_an_access_token_in_which_anything_is_wrong_opens_nothing(
    different: dict[str, Any], provider: IdentityProvider, rsa_key: rsa.RSAPrivateKey, fresh_keys: None
) -> None:
    provider.add_key("p1", rsa_key)
    with pytest.raises(Unauthenticated):
        await identity.verify(provider.token("p1", **different), None)


async def test_a_token_signed_by_somebody_else_opens_nothing(
    provider: IdentityProvider, rsa_key: rsa.RSAPrivateKey, fresh_keys: None
) -> None:
    provider.add_key("p1", rsa_key)
    stranger = rsa.generate_private_key(65537, 2048)
    with pytest.raises(Unauthenticated):
        await identity.verify(provider.token("p1", key=stranger), None)
    with pytest.raises(Unauthenticated):
        await identity.verify(provider.token("unknown", key=stranger), None)
    with pytest.raises(Unauthenticated):
        await identity.verify(provider.token("p1", key=ec.generate_private_key(ec.SECP256R1())), None)


async def test_the_providers_public_key_is_no_secret_to_sign_with(
    provider: IdentityProvider, rsa_key: rsa.RSAPrivateKey, fresh_keys: None
) -> None:
    provider.add_key("p1", rsa_key)
    public = rsa_key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    for kid in ("p1", "k1"):
        head = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "kid": kid}).encode()).decode().rstrip("=")
        body = provider.token("p1").split(".")[1]
        mac = (
            base64.urlsafe_b64encode(hmac.new(public, f"{head}.{body}".encode(), hashlib.sha256).digest()).decode().rstrip("=")
        )
        with pytest.raises(Unauthenticated):
            await identity.verify(f"{head}.{body}.{mac}", None)


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def fresh_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The keys as a new execution environment knows them: not yet."""
    monkeypatch.setattr(identity, "_issuer_keys", IssuerKeys())


async def test_keys_are_fetched_when_first_needed_and_kept(provider: IdentityProvider, rsa_key: rsa.RSAPrivateKey) -> None:
    provider.add_key("p1", rsa_key)
    clock = Clock()
    keys = IssuerKeys(clock)
    for _ in range(3):
        assert await keys.find("p1") is not None
        clock.now += 3600
    assert provider.requests == 1
    clock.now += 6 * 3600
    assert await keys.find("p1") is not None
    assert provider.requests == 2


async def test_strangers_with_invented_keys_cause_one_request_a_minute(
    provider: IdentityProvider, rsa_key: rsa.RSAPrivateKey
) -> None:
    provider.add_key("p1", rsa_key)
    clock = Clock()
    keys = IssuerKeys(clock)
    for minute in range(1, 4):
        for n in range(20):
            assert await keys.find(f"invented-{n}") is None
        assert await keys.find("p1") is not None
        assert provider.requests == minute
        clock.now += identity.JWKS_REFETCH_SECONDS + 1


async def test_a_new_key_of_the_provider_is_found_within_a_minute_and_a_dropped_one_forgotten(
    provider: IdentityProvider, rsa_key: rsa.RSAPrivateKey
) -> None:
    provider.add_key("p1", rsa_key)
    clock = Clock()
    keys = IssuerKeys(clock)
    await keys.find("p1")
    provider.add_key("p2", rsa_key)
    provider.drop_key("p1")
    assert await keys.find("p2") is None
    clock.now += identity.JWKS_REFETCH_SECONDS + 1
    assert await keys.find("p2") is not None
    assert await keys.find("p1") is None
    assert provider.requests == 2


async def test_a_provider_that_is_down_is_a_503_and_is_not_asked_for_every_token(
    provider: IdentityProvider, rsa_key: rsa.RSAPrivateKey
) -> None:
    provider.add_key("p1", rsa_key)
    provider.is_down = True
    clock = Clock()
    keys = IssuerKeys(clock)
    for _ in range(5):
        with pytest.raises(Unavailable):
            await keys.find("p1")
    assert provider.requests == 1
    provider.is_down = False
    clock.now += identity.JWKS_RETRY_SECONDS + 1
    assert await keys.find("p1") is not None


async def test_known_keys_stay_good_while_the_provider_is_down(provider: IdentityProvider, rsa_key: rsa.RSAPrivateKey) -> None:
    provider.add_key("p1", rsa_key)
    clock = Clock()
    keys = IssuerKeys(clock)
    await keys.find("p1")
    provider.is_down = True
    clock.now += identity.JWKS_MAX_AGE_SECONDS + 1
    assert await keys.find("p1") is not None
    with pytest.raises(Unavailable):
        await keys.find("p2")
    assert provider.requests == 2


# --- a page's claim of who its visitor is


def proof(external_id: str, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), external_id.encode(), hashlib.sha256).hexdigest()


def signed(secret: str = SECRET, algorithm: str = "HS256", **different: Any) -> str:
    claims = {"sub": "u-1", "exp": datetime.now(UTC) + timedelta(minutes=5), **different}
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, secret, algorithm)


def test_a_claim_without_proof_proves_nothing() -> None:
    assert identity.verify_claim(SECRET, "u-1", None, None) is None


def test_a_claim_is_proved_by_hash_or_jwt() -> None:
    assert identity.verify_claim(SECRET, "u-1", proof("u-1"), None) == {}
    assert identity.verify_claim(SECRET, "u-1", proof("u-1").upper(), None) == {}
    assert identity.verify_claim(SECRET, "ü-1", proof("ü-1"), None) == {}
    assert identity.verify_claim(SECRET, "u-1", None, signed())
    assert identity.verify_claim(SECRET, "u-1", None, signed(aud="anything", name="Vera"))


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "0",
        proof("u-2"),
        proof("u-1", "another secret"),
        proof("u-1")[:-1],
        proof("u-1") + "0",
        "é" * 64,
        " " + proof("u-1"),
    ],
)
def test_a_hash_that_does_not_fit_is_refused(wrong: str) -> None:
    with pytest.raises(IdentityNotVerified):
        identity.verify_claim(SECRET, "u-1", wrong, None)


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "a.b.c",
        signed(secret="another customer's secret, also 32 bytes long"),
        signed(sub="u-2"),
        signed(sub=None),
        signed(exp=None),
        signed(exp=LONG_AGO),
        jwt.encode({"sub": "u-1", "exp": datetime(2100, 1, 1, tzinfo=UTC)}, "", "none"),
        jwt.encode({"sub": "u-1", "exp": datetime(2100, 1, 1, tzinfo=UTC)}, SECRET * 2, "HS512"),
    ],
)
def test_a_jwt_that_does_not_fit_is_refused(wrong: str) -> None:
    with pytest.raises(IdentityNotVerified):
        identity.verify_claim(SECRET, "u-1", None, wrong)


@given(st.text(max_size=50), st.text(max_size=50))
def test_a_proof_is_for_one_id_alone(one: str, other: str) -> None:
    if one == other:
        assert identity.verify_claim(SECRET, one, proof(other), None) == {}
    else:
        with pytest.raises(IdentityNotVerified):
            identity.verify_claim(SECRET, one, proof(other), None)
