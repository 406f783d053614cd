"""What agents do all day."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

from fastapi import Query

from livechat import agents, conversations, db, http, realtime, tickets
from livechat.agents import Colleague, Me, PresenceRequest, Stats
from livechat.conversations import AgentConversation, ConversationRequest, Counts, Transfer, View
from livechat.db import TenantTransaction
from livechat.identity import SignedInAgent
from livechat.tickets import Ticket
from livechat.wire import Id, Nothing, Page

Wish = TypeVar("Wish")

app = http.make_app("agent", "Agents")


@app.get("/me")
async def get_me(caller: http.AgentDep) -> Me:
    async with db.tenant(caller) as tx:
        return await agents.me(tx)


@app.post("/ticket")
async def post_ticket(caller: http.AgentDep, origin: http.OriginDep, body: Nothing | None = None) -> Ticket:
    async with db.tenant(caller) as tx:
        return tickets.issue(tx, origin)


@app.post("/presence")
async def post_presence(body: PresenceRequest, caller: http.AgentDep) -> Me:
    async with db.tenant(caller) as tx:
        me = await agents.set_presence(tx, body)
    await realtime.publish(tx)
    return me


@app.get("/conversations")
async def get_conversations(
    caller: http.AgentDep,
    view: Annotated[View, Query()] = "open",
    cursor: http.CursorQuery = None,
    limit: http.LimitQuery = 50,
) -> Page[AgentConversation]:
    async with db.tenant(caller) as tx:
        return await conversations.list_page(tx, view, cursor, limit)


@app.get("/conversation")
async def get_conversation(caller: http.AgentDep, conversation_id: Annotated[Id, Query()]) -> AgentConversation:
    async with db.tenant(caller) as tx:
        return conversations.agent_view(await conversations.get(tx, conversation_id))


@app.get("/counts")
async def get_counts(caller: http.AgentDep) -> Counts:
    async with db.tenant(caller) as tx:
        return await conversations.count(tx)


@app.post("/assign")
async def post_assign(body: ConversationRequest, caller: http.AgentDep) -> AgentConversation:
    return await _change(caller, conversations.assign, body.conversation_id)


@app.post("/unassign")
async def post_unassign(body: ConversationRequest, caller: http.AgentDep) -> AgentConversation:
    return await _change(caller, conversations.unassign, body.conversation_id)


@app.post("/transfer")
async def post_transfer(body: Transfer, caller: http.AgentDep) -> AgentConversation:
    return await _change(caller, conversations.transfer, body)


@app.post("/resolve")
async def post_resolve(body: ConversationRequest, caller: http.AgentDep) -> AgentConversation:
    return await _change(caller, conversations.resolve, body.conversation_id)


@app.post("/reopen")
async def post_reopen(body: ConversationRequest, caller: http.AgentDep) -> AgentConversation:
    return await _change(caller, conversations.reopen, body.conversation_id)


@app.get("/colleagues")
async def get_colleagues(caller: http.AgentDep) -> Page[Colleague]:
    async with db.tenant(caller) as tx:
        return await agents.colleagues(tx)


@app.get("/stats")
async def get_stats(caller: http.AgentDep) -> Stats:
    async with db.tenant(caller) as tx:
        return await agents.stats(tx)


async def _change(
    caller: SignedInAgent, change: Callable[[TenantTransaction, Wish], Awaitable[dict[str, Any]]], wish: Wish
) -> AgentConversation:
    """What every change of a conversation's state has in common: commit, tell everybody, answer how it stands."""
    async with db.tenant(caller) as tx:
        row = await change(tx, wish)
    await realtime.publish(tx)
    return conversations.agent_view(row)


handler = http.lambda_handler(app)
