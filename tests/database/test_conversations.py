"""Conversations from start to end: who gets them, who may hand them on, and what many do to them at once."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg.errors import LockNotAvailable

from livechat import agents, conversations, db, messages, topics, visitors
from livechat.agents import PresenceRequest
from livechat.conversations import (
    AgentConversation,
    ConversationUpdatedFrame,
    FeedbackDraft,
    OwnConversation,
    Transfer,
)
from livechat.errors import (
    AgentAtCapacity,
    AgentNotFound,
    AlreadyAssigned,
    AnotherConversationOpen,
    ConversationClosed,
    ConversationNotFound,
    DatabaseUnavailable,
    Forbidden,
    InvalidQuery,
    NotAssigned,
    NotEnded,
    ValidationFailed,
)
from livechat.forms import OWN_FIELDS
from livechat.identity import ConnectionHolder, PageVisitor
from livechat.messages import Draft
from livechat.visitors import VisitorInfo
from livechat.widgets import WidgetConfig
from tests.database.world import Agent, Database, Tenant, Visitor, World

pytestmark = pytest.mark.anyio


async def act(database: Database, agent: Agent, verb: str, conversation_id: UUID) -> AgentConversation:
    verbs = {
        "assign": conversations.assign,
        "unassign": conversations.unassign,
        "resolve": conversations.resolve,
        "reopen": conversations.reopen,
        "end": conversations.end,
    }
    async with database.tenant(agent.principal) as tx:
        return conversations.agent_view(await verbs[verb](tx, conversation_id))


async def transfer(database: Database, by: Agent, conversation_id: UUID, to: UUID) -> AgentConversation:
    async with database.tenant(by.principal) as tx:
        return conversations.agent_view(
            await conversations.transfer(tx, Transfer(conversation_id=conversation_id, agent_id=to))
        )


async def load(database: Database, *people: Agent) -> list[int]:
    rows = {row["id"]: row["n"] for row in await database.all("select id, current_chat_count as n from agents")}
    return [rows[agent.id] for agent in people]


async def events(database: Database, conversation_id: UUID) -> list[str]:
    rows = await database.all(
        "select metadata ->> 'event' as event from messages where conversation_id = %(id)s and sender_type = 'system'"
        " order by seq",
        id=conversation_id,
    )
    return [row["event"] for row in rows]


async def counts_hold(database: Database) -> None:
    """What every agent has counted is what it has."""
    assert not await database.all("""
        select a.display_name, a.current_chat_count from agents a
        where a.current_chat_count <> (
            select count(*) from conversations c where c.assigned_agent_id = a.id and c.status = 'active')
    """)
    assert not await database.all("""
        select c.id from conversations c
        where c.last_seq <> (select count(*) from messages m where m.conversation_id = c.id)
           or c.last_seq <> (select coalesce(max(seq), 0) from messages m where m.conversation_id = c.id)
    """)


async def make_room(database: Database, agent: Agent, places: int) -> None:
    await database.do("update agents set max_concurrent_chats = %(n)s where id = %(id)s", n=places, id=agent.id)


# --- starting


async def test_without_an_agent_a_new_conversation_waits(database: Database, world: World) -> None:
    visitor, is_new = await database.enter(PageVisitor(world.acme.widget_id))
    async with database.tenant(visitor.principal) as tx:
        view = conversations.visitor_view(await conversations.get(tx, visitor.conversation_id))
    assert (is_new, view.status, view.agent, view.last_seq) == (True, "queued", None, 0)


async def test_an_available_agent_with_room_gets_a_new_conversation(database: Database, world: World) -> None:
    await database.go(world.acme.agent, "online")
    visitor, _ = await database.enter(PageVisitor(world.acme.widget_id))
    async with database.tenant(world.acme.agent.principal) as tx:
        view = conversations.agent_view(await conversations.get(tx, visitor.conversation_id))
    assert view.status == "active"
    assert view.agent is not None
    assert (view.agent.id, view.agent.name) == (world.acme.agent.id, "Bea")
    assert view.wait_time_seconds == 0
    assert (view.visitor_info, view.context) == ({"plan": "gold"}, {"page_url": "https://shop.example/"})
    assert await load(database, world.acme.agent) == [1]
    assert await events(database, visitor.conversation_id) == ["conversation.assigned"]


@pytest.mark.parametrize("status", ["away", "busy", "offline"])
async def test_who_is_not_online_gets_nothing(status: agents.PresenceStatus, database: Database, world: World) -> None:
    await database.go(world.acme.agent, "online")
    await database.go(world.acme.agent, status)
    visitor, _ = await database.enter(PageVisitor(world.acme.widget_id))
    assert await events(database, visitor.conversation_id) == []


@pytest.mark.parametrize(
    "change",
    [
        "update agents set last_seen_at = now() - interval '91 seconds'",
        "update agents set is_active = false",
        "update agents set max_concurrent_chats = 0",
        "update agents set current_chat_count = max_concurrent_chats",
        'update widget_configs set routing_rules = \'{"assignment": "manual"}\'',
    ],
)
async def test_a_conversation_waits_when(change: Any, database: Database, world: World) -> None:
    await database.go(world.acme.agent, "online")
    await database.do(change)
    visitor, _ = await database.enter(PageVisitor(world.acme.widget_id))
    row = await database.one(
        "select status, assigned_agent_id from conversations where id = %(id)s", id=visitor.conversation_id
    )
    assert row == {"status": "queued", "assigned_agent_id": None}


async def test_another_tenants_agent_gets_nothing(database: Database, world: World) -> None:
    await database.go(world.globex.agent, "online")
    visitor, _ = await database.enter(PageVisitor(world.acme.widget_id))
    assert await events(database, visitor.conversation_id) == []


async def test_the_least_busy_agent_is_chosen_in_proportion_to_its_places(database: Database, world: World) -> None:
    acme = world.acme
    await make_room(database, acme.agent, 2)
    await make_room(database, acme.colleague, 4)
    for agent in (acme.agent, acme.colleague):
        await database.go(agent, "online")
    for _ in range(6):
        await database.enter(PageVisitor(acme.widget_id))
    assert await load(database, acme.agent, acme.colleague) == [2, 4]
    await database.enter(PageVisitor(acme.widget_id))
    assert await load(database, acme.agent, acme.colleague) == [2, 4]
    await counts_hold(database)


async def test_an_open_conversation_is_found_again(database: Database, world: World) -> None:
    pair = ("browser-1", "session-1")
    first, was_new = await database.enter(PageVisitor(world.acme.widget_id), pair)
    again, is_new = await database.enter(PageVisitor(world.acme.widget_id), pair)
    assert (was_new, is_new) == (True, False)
    assert again == first


async def test_after_the_end_a_new_one_is_started(database: Database, world: World) -> None:
    pair = ("browser-1", "session-1")
    first, _ = await database.enter(PageVisitor(world.acme.widget_id), pair)
    async with database.tenant(first.principal) as tx:
        await conversations.end(tx, first.conversation_id)
    again, is_new = await database.enter(PageVisitor(world.acme.widget_id), pair)
    assert is_new
    assert again.id == first.id
    assert again.conversation_id != first.conversation_id


async def test_half_a_pair_opens_nobodys_history(database: Database, world: World) -> None:
    page = PageVisitor(world.acme.widget_id)
    first, _ = await database.enter(page, ("browser-1", "session-1"))
    others = [await database.enter(page, ("browser-1", "session-2")), await database.enter(page, ("browser-2", "session-1"))]
    async with database.tenant(page) as tx:
        others_id = await visitors.enter(tx, "browser-1", None, VisitorInfo())
    assert first.id not in {others_id, *(visitor.id for visitor, _ in others)}
    elsewhere, _ = await database.enter(PageVisitor(world.acme.other_widget_id), ("browser-1", "session-1"))
    assert elsewhere.id != first.id


async def test_ten_starts_at_once_make_one_conversation(database: Database, world: World) -> None:
    await database.go(world.acme.agent, "online")
    for attempt in range(4):
        pair = (f"browser-{attempt}", "session")
        started = await asyncio.gather(*(database.enter(PageVisitor(world.acme.widget_id), pair) for _ in range(10)))
        assert len({visitor.conversation_id for visitor, _ in started}) == 1
        assert len({visitor.id for visitor, _ in started}) == 1
        assert sum(is_new for _, is_new in started) == 1
    assert await load(database, world.acme.agent) == [4]
    await counts_hold(database)


async def test_capacity_is_never_exceeded_however_many_start_at_once(database: Database, world: World) -> None:
    await make_room(database, world.acme.agent, 5)
    await database.go(world.acme.agent, "online")
    await asyncio.gather(*(database.enter(PageVisitor(world.acme.widget_id)) for _ in range(20)))
    assert await load(database, world.acme.agent) == [5]
    waiting = await database.one(
        "select count(*) filter (where status = 'active') as active, count(*) filter (where status = 'queued') as queued"
        " from conversations where customer_id = %(id)s",
        id=world.acme.id,
    )
    assert waiting == {"active": 5, "queued": 17}
    await counts_hold(database)


async def test_places_are_all_given_out_when_several_agents_have_some(database: Database, world: World) -> None:
    acme = world.acme
    for agent in (acme.admin, acme.agent, acme.colleague):
        await make_room(database, agent, 4)
        await database.go(agent, "online")
    await asyncio.gather(*(database.enter(PageVisitor(acme.widget_id)) for _ in range(14)))
    assert await load(database, acme.admin, acme.agent, acme.colleague) == [4, 4, 4]
    await counts_hold(database)


# --- who has it


async def test_an_agent_takes_a_conversation_from_the_queue(database: Database, world: World) -> None:
    acme = world.acme
    taken = await act(database, acme.agent, "assign", acme.visitor.conversation_id)
    assert taken.status == "active"
    assert taken.agent is not None
    assert taken.agent.id == acme.agent.id
    assert taken.assigned_at is not None
    again = await act(database, acme.agent, "assign", acme.visitor.conversation_id)
    assert again == taken
    assert await load(database, acme.agent) == [1]
    with pytest.raises(AlreadyAssigned):
        await act(database, acme.colleague, "assign", acme.visitor.conversation_id)
    assert await load(database, acme.agent, acme.colleague) == [1, 0]


async def test_of_many_who_take_one_conversation_at_once_one_wins(database: Database, world: World) -> None:
    acme = world.acme
    for conversation_id in (acme.visitor.conversation_id, acme.other_visitor.conversation_id):
        results = await asyncio.gather(
            *(act(database, agent, "assign", conversation_id) for agent in (acme.agent, acme.colleague, acme.admin)),
            return_exceptions=True,
        )
        assert sum(isinstance(result, AgentConversation) for result in results) == 1
        assert sum(isinstance(result, AlreadyAssigned) for result in results) == 2
        assert await events(database, conversation_id) == ["conversation.assigned"]
    await counts_hold(database)


async def test_an_agent_takes_no_more_than_it_has_places(database: Database, world: World) -> None:
    acme = world.acme
    await make_room(database, acme.agent, 1)
    results = await asyncio.gather(
        *(act(database, acme.agent, "assign", visitor.conversation_id) for visitor in (acme.visitor, acme.other_visitor)),
        return_exceptions=True,
    )
    assert sum(isinstance(result, AgentAtCapacity) for result in results) == 1
    await counts_hold(database)


async def test_a_conversation_goes_back_to_the_queue(database: Database, world: World) -> None:
    acme = world.acme
    conversation_id = acme.visitor.conversation_id
    with pytest.raises(NotAssigned):
        await act(database, acme.agent, "unassign", conversation_id)
    await act(database, acme.agent, "assign", conversation_id)
    with pytest.raises(Forbidden):
        await act(database, acme.colleague, "unassign", conversation_id)
    back = await act(database, acme.agent, "unassign", conversation_id)
    assert (back.status, back.agent) == ("queued", None)
    await act(database, acme.colleague, "assign", conversation_id)
    assert (await act(database, acme.admin, "unassign", conversation_id)).status == "queued"
    assert await load(database, acme.agent, acme.colleague) == [0, 0]
    assert await events(database, conversation_id) == [
        "conversation.assigned",
        "conversation.unassigned",
        "conversation.assigned",
        "conversation.unassigned",
    ]
    await counts_hold(database)


async def test_a_conversation_is_handed_to_a_colleague(database: Database, world: World) -> None:
    acme = world.acme
    conversation_id = acme.visitor.conversation_id
    await act(database, acme.agent, "assign", conversation_id)
    with pytest.raises(Forbidden):
        await transfer(database, acme.colleague, conversation_id, acme.colleague.id)
    moved = await transfer(database, acme.agent, conversation_id, acme.colleague.id)
    assert moved.agent is not None
    assert moved.agent.id == acme.colleague.id
    assert await load(database, acme.agent, acme.colleague) == [0, 1]
    same = await transfer(database, acme.colleague, conversation_id, acme.colleague.id)
    assert same == moved
    assert await events(database, conversation_id) == ["conversation.assigned", "conversation.transferred"]
    await counts_hold(database)


async def test_one_that_waits_is_handed_out_by_any_agent(database: Database, world: World) -> None:
    acme = world.acme
    moved = await transfer(database, acme.agent, acme.visitor.conversation_id, acme.colleague.id)
    assert moved.status == "active"
    assert await load(database, acme.agent, acme.colleague) == [0, 1]


async def test_nobody_is_handed_a_conversation_who_is_not_there_or_has_no_room(database: Database, world: World) -> None:
    acme = world.acme
    conversation_id = acme.visitor.conversation_id
    await act(database, acme.agent, "assign", conversation_id)
    for stranger in (world.globex.agent.id, uuid4(), acme.visitor.id):
        with pytest.raises(AgentNotFound):
            await transfer(database, acme.agent, conversation_id, stranger)
    await make_room(database, acme.colleague, 0)
    with pytest.raises(AgentAtCapacity):
        await transfer(database, acme.agent, conversation_id, acme.colleague.id)
    await database.do("update agents set is_active = false where id = %(id)s", id=acme.colleague.id)
    with pytest.raises(AgentNotFound):
        await transfer(database, acme.agent, conversation_id, acme.colleague.id)
    assert await load(database, acme.agent, acme.colleague) == [1, 0]


async def test_agents_who_hand_each_other_conversations_at_once_do_not_wait_for_ever(database: Database, world: World) -> None:
    acme = world.acme
    mine, theirs = acme.visitor.conversation_id, acme.other_visitor.conversation_id
    await act(database, acme.agent, "assign", mine)
    await act(database, acme.colleague, "assign", theirs)
    for _ in range(5):
        await asyncio.gather(
            transfer(database, acme.admin, mine, acme.colleague.id), transfer(database, acme.admin, theirs, acme.agent.id)
        )
        await asyncio.gather(
            transfer(database, acme.admin, mine, acme.agent.id), transfer(database, acme.admin, theirs, acme.colleague.id)
        )
    await counts_hold(database)


# --- the end, and after


async def test_an_agent_resolves_and_reopens(database: Database, world: World) -> None:
    acme = world.acme
    conversation_id = acme.visitor.conversation_id
    await act(database, acme.agent, "assign", conversation_id)
    resolved = await act(database, acme.agent, "resolve", conversation_id)
    assert resolved.status == "resolved"
    assert resolved.ended_at is not None
    assert resolved.resolution_time_seconds is not None
    assert await load(database, acme.agent) == [0]
    assert await act(database, acme.colleague, "resolve", conversation_id) == resolved, "again changes nothing"
    for verb in ("assign", "unassign"):
        with pytest.raises(ConversationClosed):
            await act(database, acme.agent, verb, conversation_id)
    with pytest.raises(ConversationClosed):
        await transfer(database, acme.admin, conversation_id, acme.colleague.id)
    reopened = await act(database, acme.colleague, "reopen", conversation_id)
    assert (reopened.status, reopened.ended_at, reopened.resolution_time_seconds) == ("active", None, None)
    assert reopened.agent is not None
    assert reopened.agent.id == acme.colleague.id
    assert await load(database, acme.agent, acme.colleague) == [0, 1]
    with pytest.raises(NotEnded):
        await act(database, acme.agent, "reopen", conversation_id)
    assert await events(database, conversation_id) == [
        "conversation.assigned",
        "conversation.resolved",
        "conversation.reopened",
    ]
    await database.write(acme.visitor.principal, conversation_id, "Thank you")
    await counts_hold(database)


async def test_one_is_not_reopened_beside_another_open_one(database: Database, world: World) -> None:
    acme = world.acme
    page, pair = PageVisitor(acme.widget_id), ("browser-1", "session-1")
    first, _ = await database.enter(page, pair)
    await act(database, acme.agent, "end", first.conversation_id)
    await database.enter(page, pair)
    with pytest.raises(AnotherConversationOpen):
        await act(database, acme.agent, "reopen", first.conversation_id)
    assert await load(database, acme.agent) == [0]


async def test_one_is_not_reopened_without_room(database: Database, world: World) -> None:
    acme = world.acme
    await act(database, acme.agent, "end", acme.visitor.conversation_id)
    await make_room(database, acme.agent, 0)
    with pytest.raises(AgentAtCapacity):
        await act(database, acme.agent, "reopen", acme.visitor.conversation_id)


async def test_who_ended_it_is_written_down_once(database: Database, world: World) -> None:
    acme = world.acme
    conversation_id = acme.visitor.conversation_id
    await act(database, acme.agent, "assign", conversation_id)

    async def end_by_visitor() -> str:
        async with database.tenant(acme.visitor.principal) as tx:
            return str((await conversations.end(tx, conversation_id))["status"])

    ended = await asyncio.gather(end_by_visitor(), act(database, acme.agent, "end", conversation_id), end_by_visitor())
    assert [getattr(view, "status", view) for view in ended] == ["closed"] * 3
    assert await load(database, acme.agent) == [0]
    assert await events(database, conversation_id) == ["conversation.assigned", "conversation.ended"]
    await counts_hold(database)


async def test_places_are_kept_in_count_whatever_happens_at_once(database: Database, world: World) -> None:
    acme = world.acme
    people = (acme.admin, acme.agent, acme.colleague)
    ids = (acme.visitor.conversation_id, acme.other_visitor.conversation_id)

    def moves() -> Sequence[Awaitable[AgentConversation]]:
        return [
            act(database, agent, verb, conversation_id)
            for conversation_id in ids
            for agent in people
            for verb in ("assign", "unassign", "resolve", "reopen")
        ] + [transfer(database, acme.admin, conversation_id, agent.id) for conversation_id in ids for agent in people]

    for _ in range(2):
        for result in await asyncio.gather(*moves(), return_exceptions=True):
            expected = (
                AgentConversation,
                AlreadyAssigned,
                NotAssigned,
                NotEnded,
                ConversationClosed,
                AgentAtCapacity,
                Forbidden,
            )
            assert isinstance(result, expected), repr(result)
        await counts_hold(database)


async def test_another_tenants_conversation_is_not_found(database: Database, world: World) -> None:
    conversation_id = world.acme.visitor.conversation_id
    for verb in ("assign", "unassign", "resolve", "reopen", "end"):
        with pytest.raises(ConversationNotFound):
            await act(database, world.globex.admin, verb, conversation_id)
    with pytest.raises(ConversationNotFound):
        await transfer(database, world.globex.admin, conversation_id, world.globex.agent.id)
    async with database.tenant(world.acme.other_visitor.principal) as tx:
        with pytest.raises(ConversationNotFound):
            await conversations.end(tx, conversation_id)


# --- rating and figures


async def rate(database: Database, tenant: Tenant, rating: int, nps: int | None = None, comment: str | None = None) -> Any:
    draft = FeedbackDraft(conversation_id=tenant.visitor.conversation_id, rating=rating, nps=nps, comment=comment)
    async with database.tenant(tenant.visitor.principal) as tx:
        return conversations.visitor_view(await conversations.give_feedback(tx, draft)).feedback


async def test_a_later_rating_replaces_the_former(database: Database, world: World) -> None:
    await rate(database, world.acme, 1, comment="Slow", nps=0)
    feedback = await rate(database, world.acme, 5)
    assert (feedback.rating, feedback.comment, feedback.nps) == (5, None, None)


async def test_only_the_visitor_itself_rates(database: Database, world: World) -> None:
    draft = FeedbackDraft(conversation_id=world.acme.visitor.conversation_id, rating=5)
    async with database.tenant(world.acme.agent.principal) as tx:
        with pytest.raises(Forbidden):
            await conversations.give_feedback(tx, draft)
    async with database.tenant(world.acme.other_visitor.principal) as tx:
        with pytest.raises(ConversationNotFound):
            await conversations.give_feedback(tx, draft)


async def test_an_agents_figures_are_those_of_its_conversations(database: Database, world: World) -> None:
    acme = world.acme

    async def stats(agent: Agent) -> agents.Stats:
        async with database.tenant(agent.principal) as tx:
            return await agents.stats(tx)

    empty = await stats(acme.agent)
    assert (empty.conversations.total, empty.average_first_response_seconds, empty.feedback.count) == (0, None, 0)
    for visitor in (acme.visitor, acme.other_visitor):
        await act(database, acme.agent, "assign", visitor.conversation_id)
        await database.write(acme.agent.principal, visitor.conversation_id, "Hello")
    await act(database, acme.agent, "end", acme.visitor.conversation_id)
    await rate(database, acme, 4, nps=9)
    await database.do(
        "update conversations set first_response_time_seconds = 30, resolution_time_seconds = 60 where id = %(id)s",
        id=acme.visitor.conversation_id,
    )
    await database.do(
        "update conversations set first_response_time_seconds = 15 where id = %(id)s", id=acme.other_visitor.conversation_id
    )
    figures = await stats(acme.agent)
    assert figures.conversations.model_dump() == {"active": 1, "total": 2, "ended": 1}
    assert (figures.average_first_response_seconds, figures.average_resolution_seconds) == (22.5, 60.0)
    assert figures.feedback.model_dump() == {"count": 1, "average_rating": 4.0, "average_nps": 9.0}
    assert figures.current_chat_count == 1
    assert (await stats(acme.colleague)).conversations.total == 0


# --- lists


async def test_lists_are_walked_through_without_a_gap_and_without_a_repeat(database: Database, world: World) -> None:
    acme = world.acme
    started = [(await database.enter(PageVisitor(acme.widget_id)))[0].conversation_id for _ in range(7)]
    # The same moment for several, so that the id has to decide.
    await database.do("update conversations set last_activity_at = now(), queued_at = now()")

    async def walk(view: conversations.View, agent: Agent = acme.agent) -> list[UUID]:
        found: list[UUID] = []
        cursor = None
        while True:
            async with database.tenant(agent.principal) as tx:
                page = await conversations.list_page(tx, view, cursor, 2)
            found += [item.id for item in page.items]
            cursor = page.next_cursor
            if cursor is None:
                return found

    everything = {*started, acme.visitor.conversation_id, acme.other_visitor.conversation_id}
    assert len(await walk("all")) == 9
    assert set(await walk("all")) == everything
    assert await walk("queue") == sorted(everything)
    await act(database, acme.agent, "assign", started[0])
    await act(database, acme.colleague, "assign", started[1])
    await act(database, acme.colleague, "end", started[2])
    assert await walk("mine") == [started[0]]
    assert set(await walk("open")) == everything - {started[1], started[2]}
    assert await walk("resolved") == [started[2]]
    assert len(await walk("queue", world.globex.agent)) == 2
    async with database.tenant(acme.agent.principal) as tx:
        assert (await conversations.count(tx)).model_dump() == {"mine": 1, "queue": 6}


@pytest.mark.parametrize("cursor", ["x", "====", "MjAyNi0wMS0wMVQwMDowMDowMHw", "😀", "MjAyNi0wMS0wMVQwMDowMDowMHwx", "\0"])
async def test_a_cursor_that_no_list_gave_is_refused(cursor: str, database: Database, world: World) -> None:
    async with database.tenant(world.acme.agent.principal) as tx:
        with pytest.raises(InvalidQuery):
            await conversations.list_page(tx, "all", cursor, 10)


# --- presence, and who is told


async def test_presence_is_the_agents_own(database: Database, world: World) -> None:
    acme = world.acme
    async with database.tenant(acme.agent.principal) as tx:
        me = await agents.set_presence(tx, PresenceRequest(status="busy", socket_id="socket-of-bea@acme"))
    assert (me.status, me.display_name, me.role, me.company_name) == ("busy", "Bea", "agent", "Acme")
    for foreign in ("socket-of-carl@acme", "socket-of-bea@globex", "socket-of-Vera@acme", "unheard-of"):
        async with database.tenant(acme.agent.principal) as tx:
            with pytest.raises(ValidationFailed):
                await agents.set_presence(tx, PresenceRequest(status="online", socket_id=foreign))
    async with database.tenant(acme.colleague.principal) as tx:
        seen = {colleague.name: colleague.status for colleague in (await agents.colleagues(tx)).items}
    assert seen == {"Ada": "offline", "Bea": "busy", "Carl": "offline"}


async def test_an_agent_not_heard_of_for_long_counts_as_offline(database: Database, world: World) -> None:
    await database.go(world.acme.agent, "online")
    await database.do(
        "update agents set last_seen_at = now() - interval '91 seconds' where id = %(id)s", id=world.acme.agent.id
    )
    async with database.tenant(world.acme.colleague.principal) as tx:
        seen = {colleague.name: colleague.status for colleague in (await agents.colleagues(tx)).items}
    assert seen["Bea"] == "offline"


async def test_any_call_of_an_agent_is_a_sign_of_life(database: Database, world: World) -> None:
    await database.do("update agents set last_seen_at = now() - interval '5 minutes' where id = %(id)s", id=world.acme.agent.id)
    async with database.tenant(world.acme.agent.principal) as tx:
        await agents.me(tx)
    seen = await database.one(
        "select last_seen_at > now() - interval '10 seconds' as ok from agents where id = %(i)s", i=world.acme.agent.id
    )
    assert seen == {"ok": True}


async def test_a_change_is_announced_to_those_who_listen_and_to_nobody_else(database: Database, world: World) -> None:
    acme = world.acme
    narrow, wide = topics.conversation(acme.visitor.conversation_id), topics.customer(acme.id)
    async with database.tenant(acme.agent.principal) as tx:
        await conversations.assign(tx, acme.visitor.conversation_id)
    told = {(note.topic, getattr(note.frame, "type", "")) for note in tx.announcements}
    assert told == {
        (narrow, "message.created"),
        (wide, "message.created"),
        (narrow, "conversation.updated"),
        (wide, "conversation.updated"),
        (wide, "queue.updated"),
        (wide, "presence.updated"),
    }
    assert {topic: sorted(ids) for topic, ids in tx.listeners.items()} == {
        narrow: ["socket-of-Vera@acme"],
        wide: ["socket-of-ada@acme", "socket-of-bea@acme", "socket-of-carl@acme"],
    }
    for note in tx.announcements:
        text = note.frame.model_dump_json()
        assert note.topic == wide or "@acme.example" not in text, "a visitor is not told anybody's address"


async def test_a_listener_that_subscribes_during_a_write_misses_nothing(database: Database, world: World) -> None:
    """Either the writer sees the new listener, or the listener sees what was written."""
    visitor = world.acme.visitor
    topic = topics.conversation(visitor.conversation_id)

    sent = Draft(conversation_id=visitor.conversation_id, sender_type="visitor", content="Hello")
    names = [f"late-{n}" for n in range(8)]
    for name in names:
        await database.listen(world.acme.agent, world.acme.id, "elsewhere", name)

    async def write() -> tuple[int, set[str]]:
        async with database.tenant(visitor.principal) as tx:
            message, _ = await messages.append(tx, sent)
        return message.seq, set(tx.listeners[topic])

    async def subscribe(name: str) -> tuple[int, str]:
        async with database.tenant(ConnectionHolder(name)) as tx:
            row = await conversations.subscribe(tx, visitor.conversation_id, topic)
        return int(row["last_seq"]), name

    pairs = await asyncio.gather(*(asyncio.gather(write(), subscribe(name)) for name in names))
    for seq, listeners in (written for written, _ in pairs):
        assert all(name in listeners or last_seq >= seq for _, (last_seq, name) in pairs)


async def test_a_writer_waits_for_the_one_before_it_and_not_for_others(database: Database, world: World) -> None:
    acme = world.acme
    other = await database.connect()
    async with database.tenant(acme.visitor.principal) as tx:
        await tx.one("conversations.lock", conversation_id=acme.visitor.conversation_id)
        assert await database.write(acme.other_visitor.principal, acme.other_visitor.conversation_id, "Not in the way")
        await other.execute("set lock_timeout = '50ms'")
        with pytest.raises(DatabaseUnavailable) as caught:
            async with db.tenant(acme.agent.principal, other) as late:
                await late.one("conversations.lock", conversation_id=acme.visitor.conversation_id)
        assert isinstance(caught.value.__cause__, LockNotAvailable)
        assert caught.value.retry_after == 1


async def test_a_new_widget_hands_out_its_own_conversations(database: Database, world: World) -> None:
    await database.go(world.acme.agent, "online")
    config = WidgetConfig.model_validate({"name": "By hand", "routing_rules": {"assignment": "manual"}})
    widget = await database.add_widget(world.acme.admin, config)
    by_hand, _ = await database.enter(PageVisitor(widget.id))
    automatic, _ = await database.enter(PageVisitor(world.acme.widget_id))
    assert await events(database, by_hand.conversation_id) == []
    assert await events(database, automatic.conversation_id) == ["conversation.assigned"]


# --- the visitor's own list


async def own(database: Database, visitor: Visitor, limit: int = 20) -> list[OwnConversation]:
    """All of a visitor's list, page by page."""
    found: list[OwnConversation] = []
    cursor: str | None = None
    while True:
        async with database.tenant(visitor.principal) as tx:
            page = await conversations.list_own(tx, cursor, limit)
        assert len(page.items) <= limit
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found


async def test_a_visitor_finds_its_conversations_newest_first(database: Database, world: World) -> None:
    visitor = world.acme.visitor
    ids = [visitor.conversation_id]
    for n in range(3):
        async with database.tenant(visitor.principal) as tx:
            await conversations.end(tx, ids[-1])
        async with database.tenant(visitor.principal) as tx:
            ids.append((await conversations.start(tx, {}, {})).conversation.id)
        await database.write(visitor.principal, ids[-1], f"{n}" + "x" * 200)
    for limit in (1, 2, 20):
        assert [each.id for each in await own(database, visitor, limit)] == ids[::-1]
    newest, *_, oldest = await own(database, visitor)
    assert newest.last_message is not None
    assert newest.last_message.content == "2" + "x" * 159
    assert (newest.status, newest.ended_at) == ("queued", None)
    assert oldest.last_message is not None
    assert (oldest.last_message.content, oldest.last_message.sender_type) == ("Is anybody there?", "visitor")
    assert (oldest.status, oldest.ended_at is not None) == ("closed", True)
    # A conversation that goes on keeps its place: a page that was asked for does not shift.
    async with database.tenant(visitor.principal) as tx:
        await conversations.end(tx, ids[-1])
    await database.go(world.acme.agent, "online")
    await act(database, world.acme.agent, "reopen", ids[0])
    assert [each.id for each in await own(database, visitor)] == ids[::-1]


async def test_a_visitors_list_holds_nobody_elses(database: Database, world: World) -> None:
    for tenant in (world.acme, world.globex):
        for visitor in (tenant.visitor, tenant.other_visitor):
            assert [each.id for each in await own(database, visitor)] == [visitor.conversation_id]


async def test_who_is_no_visitor_has_no_list_of_its_own(database: Database, world: World) -> None:
    for principal in (world.acme.agent.principal, world.acme.admin.principal, PageVisitor(world.acme.widget_id)):
        async with database.tenant(principal) as tx:
            with pytest.raises(Forbidden):
                await conversations.list_own(tx, None, 20)


async def test_a_cursor_that_the_list_did_not_give_is_refused(database: Database, world: World) -> None:
    for cursor in ("x", "MjAyNg"):
        async with database.tenant(world.acme.visitor.principal) as tx:
            with pytest.raises(InvalidQuery):
                await conversations.list_own(tx, cursor, 20)


# --- what a form tells of its visitor


async def test_name_and_addresses_in_a_form_become_the_visitors_own(database: Database, world: World) -> None:
    acme = world.acme
    at = acme.visitor.conversation_id
    fields = [{"name": name, "type": kind, "label": name} for name, kind in OWN_FIELDS.items()]
    ask = {"conversation_id": at, "sender_type": "agent", "content": "", "message_type": "form"}

    async def tell(visitor: Visitor, **values: str) -> list[Any]:
        async with database.tenant(acme.agent.principal) as tx:
            form, _ = await messages.append(tx, Draft.model_validate({**ask, "metadata": {"fields": fields}}))
        said = {"answer_to": form.seq, "values": values}
        async with database.tenant(visitor.principal) as tx:
            told, _ = await messages.append(
                tx, Draft.model_validate({**ask, "sender_type": "visitor", "content": "x", "metadata": said})
            )
            await conversations.take_details(tx, told)
        return [each.frame.data for each in tx.announcements if isinstance(each.frame, ConversationUpdatedFrame)]

    narrow, wide = await tell(acme.visitor, name=" Vera Vogel ", email="vera@example.com", phone="")
    assert isinstance(wide, AgentConversation)
    assert not isinstance(narrow, AgentConversation)
    assert (wide.visitor.name, wide.visitor.email, wide.visitor.phone) == ("Vera Vogel", "vera@example.com", None)
    assert await tell(acme.visitor) == []
    await database.do("update visitors set is_verified = true where id = %(id)s", id=acme.visitor.id)
    _, wide = await tell(acme.visitor, name="Somebody else")
    assert isinstance(wide, AgentConversation)
    assert wide.visitor.name == "Vera Vogel"
