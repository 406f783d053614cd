"""What agents do all day."""

from typing import Annotated

from fastapi import Query

from livechat import agents, conversations, db, http, realtime, tickets
from livechat.agents import Colleague, Me, PresenceRequest, Stats
from livechat.conversations import AgentConversation, ConversationRequest, Counts, Transfer, View
from livechat.tickets import Ticket
from livechat.wire import Id, Nothing, Page

app = http.make_app("agent", "Agents")


@app.get("/me")
async def get_me(caller: http.AgentDep) -> Me:
    async with db.tenant(caller) as tx:
        return await agents.me(tx)


@app.post("/ticket")
async def post_ticket(caller: http.AgentDep, body: Nothing | None = None) -> Ticket:
    async with db.tenant(caller) as tx:
        return tickets.issue(tx)


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
    async with db.tenant(caller) as tx:
        row = await conversations.assign(tx, body.conversation_id)
    await realtime.publish(tx)
    return conversations.agent_view(row)


@app.post("/unassign")
async def post_unassign(body: ConversationRequest, caller: http.AgentDep) -> AgentConversation:
    async with db.tenant(caller) as tx:
        row = await conversations.unassign(tx, body.conversation_id)
    await realtime.publish(tx)
    return conversations.agent_view(row)


@app.post("/transfer")
async def post_transfer(body: Transfer, caller: http.AgentDep) -> AgentConversation:
    async with db.tenant(caller) as tx:
        row = await conversations.transfer(tx, body)
    await realtime.publish(tx)
    return conversations.agent_view(row)


@app.post("/resolve")
async def post_resolve(body: ConversationRequest, caller: http.AgentDep) -> AgentConversation:
    async with db.tenant(caller) as tx:
        row = await conversations.resolve(tx, body.conversation_id)
    await realtime.publish(tx)
    return conversations.agent_view(row)


@app.post("/reopen")
async def post_reopen(body: ConversationRequest, caller: http.AgentDep) -> AgentConversation:
    async with db.tenant(caller) as tx:
        row = await conversations.reopen(tx, body.conversation_id)
    await realtime.publish(tx)
    return conversations.agent_view(row)


@app.get("/colleagues")
async def get_colleagues(caller: http.AgentDep) -> Page[Colleague]:
    async with db.tenant(caller) as tx:
        return await agents.colleagues(tx)


@app.get("/stats")
async def get_stats(caller: http.AgentDep) -> Stats:
    async with db.tenant(caller) as tx:
        return await agents.stats(tx)


handler = http.lambda_handler(app)
