"""The visitor's and the agent's side of a conversation."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from livechat import conversations, db, http, identity, messages, realtime, tickets, visitors
from livechat.conversations import (
    AgentConversation,
    ConversationRequest,
    FeedbackDraft,
    OwnConversation,
    ReadRequest,
    Status,
    VisitorConversation,
)
from livechat.db import TenantTransaction
from livechat.errors import CustomerSuspended, Forbidden, InvalidQuery, SenderTypeMismatch, ValidationFailed, WidgetNotFound
from livechat.identity import PageVisitor, Principal, TokenVisitor
from livechat.messages import Draft, Message
from livechat.tickets import Ticket
from livechat.visitors import BrowserId, Export, Identification, Identified, VisitorInfo
from livechat.wire import AgentRef, Answer, Attributes, Body, Id, Page, json_bytes

# A page of 100 conversations carries both a hundred times, and Lambda answers with 6 MB at most.
MAX_CONTEXT_BYTES = 8 * 1024

app = http.make_app("chat", "Chat")


class StartRequest(Body):
    """Who starts a conversation, and where from."""

    widget_id: Id
    visitor_id: BrowserId | None = None
    session_id: BrowserId | None = None
    visitor_info: VisitorInfo = VisitorInfo()
    context: Attributes = {}


class StartedConversation(Ticket):
    conversation_id: UUID
    status: Status
    agent: AgentRef | None
    visitor_token: str
    visitor_id: UUID
    last_seq: int


class TicketRequest(Body):
    conversation_id: Id | None = None


class History(Answer):
    """A page of a conversation's log, oldest first; `last_seq` and `conversation` are of this very moment."""

    messages: list[Message]
    last_seq: int
    has_more: bool
    conversation: VisitorConversation | AgentConversation


@asynccontextmanager
async def _open(principal: Principal, response: Response | None = None) -> AsyncIterator[TenantTransaction]:
    """A transaction for a caller of an account that is not suspended; an ageing visitor token is renewed by its use."""
    async with db.tenant(principal) as tx:
        if not tx.actor.customer_is_active:
            raise CustomerSuspended
        yield tx
    if response is not None and isinstance(principal, TokenVisitor) and identity.is_due_for_renewal(principal):
        response.headers["x-visitor-token"] = _visitor_token(tx)


@app.post("/start", status_code=201)
async def post_start(
    body: StartRequest, token: http.VisitorIfAnyDep, origin: http.OriginDep, response: Response
) -> StartedConversation:
    _check_size(body)
    if token is not None and token.widget_id != body.widget_id:
        raise WidgetNotFound
    async with _open(token or PageVisitor(body.widget_id, origin=origin)) as tx:
        if token is None:
            await visitors.enter(tx, body.visitor_id, body.session_id, body.visitor_info)
        else:
            await visitors.come_back(tx, body.visitor_info)
        info = body.visitor_info.model_dump(mode="json", exclude_none=True)
        started = await conversations.start(tx, info, body.context)
    await realtime.publish(tx)
    response.status_code = 201 if started.is_new else 200
    conversation = started.conversation
    assert tx.actor.visitor_id is not None
    return StartedConversation(
        conversation_id=conversation.id,
        status=conversation.status,
        agent=conversation.agent,
        visitor_token=_visitor_token(tx),
        visitor_id=tx.actor.visitor_id,
        last_seq=conversation.last_seq,
        **tickets.issue(tx, origin).model_dump(),
    )


@app.post("/message", status_code=201)
async def post_message(draft: Draft, caller: http.CallerDep, response: Response) -> Message:
    async with _open(caller, response) as tx:
        if draft.sender_type != tx.actor.sender_type:
            raise SenderTypeMismatch
        message, is_new = await messages.append(tx, draft)
        if is_new:
            await conversations.take_details(tx, message)
    await realtime.publish(tx)
    response.status_code = 201 if is_new else 200
    return message


@app.get("/messages")
async def get_messages(
    caller: http.CallerDep,
    response: Response,
    conversation_id: Annotated[Id, Query()],
    limit: http.LimitQuery = 50,
    before: Annotated[int | None, Query(ge=0, le=2147483647)] = None,
    after: Annotated[int | None, Query(ge=0, le=2147483647)] = None,
) -> History:
    if before is not None and after is not None:
        raise InvalidQuery(
            "Ask for what is before or for what is after, not both.", errors=[{"field": "before"}, {"field": "after"}]
        )
    async with _open(caller, response) as tx:
        row = await conversations.get(tx, conversation_id)
        entries, has_more = await messages.history(tx, conversation_id, before=before, after=after, limit=limit)
    view = conversations.view_for(tx, row)
    return History(messages=entries, last_seq=view.last_seq, has_more=has_more, conversation=view)


@app.get("/conversations")
async def get_conversations(
    caller: http.CallerDep, response: Response, cursor: http.CursorQuery = None, limit: http.LimitQuery = 20
) -> Page[OwnConversation]:
    async with _open(caller, response) as tx:
        return await conversations.list_own(tx, cursor, limit)


@app.post("/end")
async def post_end(
    body: ConversationRequest, caller: http.CallerDep, response: Response
) -> VisitorConversation | AgentConversation:
    async with _open(caller, response) as tx:
        row = await conversations.end(tx, body.conversation_id)
    await realtime.publish(tx)
    return conversations.view_for(tx, row)


@app.post("/feedback")
async def post_feedback(
    body: FeedbackDraft, caller: http.CallerDep, response: Response
) -> VisitorConversation | AgentConversation:
    async with _open(caller, response) as tx:
        row = await conversations.give_feedback(tx, body)
    await realtime.publish(tx)
    return conversations.view_for(tx, row)


@app.post("/read", status_code=204)
async def post_read(body: ReadRequest, caller: http.CallerDep, response: Response) -> None:
    async with _open(caller, response) as tx:
        await conversations.mark_read(tx, body.conversation_id, body.seq)
    await realtime.publish(tx)


@app.post("/ticket")
async def post_ticket(body: TicketRequest, caller: http.CallerDep, origin: http.OriginDep, response: Response) -> Ticket:
    async with _open(caller, response) as tx:
        if body.conversation_id is not None:
            await conversations.get(tx, body.conversation_id)
        return tickets.issue(tx, origin)


@app.post("/identify")
async def post_identify(body: Identification, caller: http.CallerDep) -> Identified:
    async with _open(caller) as tx:
        if tx.actor.kind != "visitor":
            raise Forbidden("Only a visitor is identified here.")
        visitor = await visitors.identify(tx, body)
    return Identified(visitor=visitor, visitor_token=_visitor_token(tx))


@app.get("/export")
async def get_export(caller: http.CallerDep, cursor: http.CursorQuery = None) -> Export:
    async with db.tenant(caller, own_data=True) as tx:
        if tx.actor.kind != "visitor":
            raise Forbidden("A visitor exports its own data here.")
        return await visitors.export(tx, cursor)


@app.post("/forget", status_code=204)
async def post_forget(caller: http.CallerDep) -> None:
    async with db.tenant(caller, own_data=True) as tx:
        await visitors.forget(tx)
    await realtime.publish(tx)


def _visitor_token(tx: TenantTransaction) -> str:
    actor = tx.actor
    assert actor.widget_id is not None
    assert actor.visitor_id is not None
    return identity.visitor_token(actor.customer_id, actor.widget_id, actor.visitor_id)


def _check_size(body: StartRequest) -> None:
    for field in ("visitor_info", "context"):
        if json_bytes(body.model_dump(mode="json", include={field})) > MAX_CONTEXT_BYTES:
            raise ValidationFailed(
                errors=[{"field": field, "message": f"at most {MAX_CONTEXT_BYTES} bytes as JSON", "type": "too_long"}]
            )


handler = http.lambda_handler(app)
