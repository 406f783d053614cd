"""Visitors: who they say they are, who they are proved to be, and what is kept of them."""

import secrets as random
from typing import Annotated, Any, Self
from uuid import UUID

from psycopg.types.json import Jsonb
from pydantic import AfterValidator, Field, StringConstraints, model_validator

from livechat import conversations, identity, messages
from livechat.db import TenantTransaction
from livechat.errors import Forbidden, IdentityNotVerified, InvalidQuery, Unauthenticated, ValidationFailed
from livechat.wire import Answer, Attributes, Body, ShortText, Timestamp, json_bytes, no_nul, storable

BrowserId = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9._:-]+$")]
MAX_TRAITS = 50
# Lambda answers with 6 MB at most, in which each quote and backslash of a JSON body is escaped once more.
EXPORT_BYTES = 2_000_000


class VisitorInfo(Body):
    """What a visitor tells of itself; fields of the customer's own are kept beside the known ones."""

    model_config = {"extra": "allow"}

    name: ShortText | None = None
    email: ShortText | None = None
    phone: ShortText | None = None

    @model_validator(mode="after")
    def _others_can_be_stored(self) -> Self:
        storable(self.model_extra or {})
        return self


class Identification(Body):
    """A page's claim of who its visitor is, with a proof by the account's secret."""

    id: Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(no_nul)]
    traits: Attributes = {}
    hash: ShortText | None = Field(None, description="hex HMAC-SHA256(api_secret, id)")
    jwt: Annotated[str, StringConstraints(max_length=4096)] | None = Field(
        None, description="HS256 with api_secret; sub = id; exp required"
    )


class VisitorRef(Answer):
    """A visitor as the customer's people, and the visitor itself, see it."""

    id: UUID
    name: str | None
    email: str | None
    phone: str | None
    verified: bool


class Identified(Answer):
    visitor: VisitorRef
    visitor_token: str


class Export(Answer):
    """What is kept of a visitor, whole or in parts: conversations from the oldest on, each with its log."""

    visitor: dict[str, Any]
    conversations: list[dict[str, Any]]
    exported_at: Timestamp
    next_cursor: str | None


async def enter(tx: TenantTransaction, visitor_id: str | None, session_id: str | None, info: VisitorInfo) -> UUID:
    """The visitor of a browser's pair of random ids, made if it is new; without both ids always a new one.

    From here on the transaction acts as that visitor.
    """
    key = identity.visitor_key(visitor_id, session_id) if visitor_id and session_id else random.token_hex(32)
    await tx.send("visitors.present_pair", visitor_key=key)
    row = await tx.one("visitors.enter", name=info.name, email=info.email, phone=info.phone)
    assert row is not None
    await tx.send("visitors.act_as", visitor_id=row["id"])
    tx.become_visitor(row["id"], row["name"])
    return UUID(str(row["id"]))


async def come_back(tx: TenantTransaction, info: VisitorInfo) -> UUID:
    """The visitor that holds the token."""
    row = await tx.one("visitors.return", name=info.name, email=info.email, phone=info.phone)
    if row is None:
        raise Unauthenticated
    return UUID(str(row["id"]))


async def identify(tx: TenantTransaction, claim: Identification) -> VisitorRef:
    """Take over what the page says of its visitor; only with a proof does it count as verified.

    Raises IdentityNotVerified when a proof does not hold, or when an unproved claim meets a verified visitor.
    """
    if len(claim.traits) > MAX_TRAITS:
        raise ValidationFailed(errors=[{"field": "traits", "message": f"at most {MAX_TRAITS}", "type": "too_long"}])
    row = await tx.one("customers.secret")
    assert row is not None
    proved = identity.verify_claim(row["api_secret"], claim.id, claim.hash, claim.jwt)
    # A JWT proves what it says of the visitor as well; beside a hash, which proves the id alone, it is the page's word.
    said = proved or claim.traits
    changed = await tx.one(
        "visitors.identify",
        external_id=claim.id,
        is_verified=proved is not None,
        traits=Jsonb(claim.traits),
        **{name: _detail(said.get(name)) for name in ("name", "email", "phone")},
    )
    if changed is None:
        raise IdentityNotVerified("This visitor is proved to be somebody: reset it before it becomes somebody else.")
    return ref(changed)


def _detail(value: object) -> str | None:
    """A name or address as it is stored, from what a page or its JWT may have put there."""
    return str(value)[:200] if isinstance(value, str | int) and not isinstance(value, bool) else None


def ref(row: dict[str, Any]) -> VisitorRef:
    return VisitorRef(id=row["id"], name=row["name"], email=row["email"], phone=row["phone"], verified=row["is_verified"])


async def export(tx: TenantTransaction, cursor: str | None) -> Export:
    """The visitor's own data, as much as one answer holds; the rest is asked for with `cursor=next_cursor`."""
    me = await tx.one("visitors.me")
    moment = await tx.one("identity.moment")
    if me is None or moment is None:
        raise Unauthenticated
    at, after = _read_cursor(cursor) if cursor else (None, 0)
    found: list[dict[str, Any]] = []
    size = 0
    next_cursor = None
    for row in await tx.all("conversations.of_visitor"):
        if at is not None and row["id"] < at:
            continue
        entries: list[dict[str, Any]] = []
        has_more = True
        place = after if row["id"] == at else 0
        while has_more and size < EXPORT_BYTES:
            page, has_more = await messages.history(tx, row["id"], before=None, after=place, limit=100)
            entries += [entry.model_dump(mode="json") for entry in page]
            place = page[-1].seq if page else place
            size += json_bytes(entries[-len(page) :]) if page else 0
        view = conversations.visitor_view(row).model_dump(mode="json")
        whole = {**view, "visitor_info": row["visitor_info"], "context": row["context"], "messages": entries}
        found.append(whole)
        size += json_bytes({**whole, "messages": []})
        if has_more or size >= EXPORT_BYTES:
            next_cursor = f"{row['id']}.{place}"
            break
    known = {**ref(me).model_dump(mode="json"), "external_id": me["external_id"], "traits": me["traits"]}
    return Export(visitor=known, conversations=found, exported_at=moment["now"], next_cursor=next_cursor)


def _read_cursor(cursor: str) -> tuple[UUID, int]:
    conversation_id, _, seq = cursor.partition(".")
    try:
        return UUID(conversation_id), min(int(seq), 2**31 - 1)
    except ValueError as error:
        raise InvalidQuery("cursor is not one that the export gave.", errors=[{"field": "cursor"}]) from error


async def forget(tx: TenantTransaction) -> None:
    """Erase the visitor, its conversations and messages; its token is dead at once."""
    if tx.actor.kind != "visitor":
        raise Forbidden("Only a visitor has itself forgotten here.")
    # Whoever starts a conversation at this moment waits for this lock, and then finds no visitor.
    await tx.one("visitors.lock")
    for row in await tx.all("conversations.of_visitor"):
        await conversations.end(tx, row["id"])
    await tx.send("visitors.forget_conversations")
    await tx.one("visitors.forget")
