"""The log of a conversation: gap-free, without repeats, whoever writes and however many at once."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg.rows import DictRow

from livechat import conversations, messages
from livechat.errors import (
    ClientMessageIdReused,
    ContentTooLong,
    ConversationClosed,
    ConversationNotFound,
    FormAlreadyAnswered,
    LivechatError,
    ValidationFailed,
)
from livechat.identity import Principal
from livechat.messages import Draft, Message
from tests.database.world import Agent, Database, World

pytestmark = pytest.mark.anyio


def draft(conversation_id: UUID, content: str, client_message_id: str | None = None, **more: Any) -> Draft:
    return Draft.model_validate(
        {
            "conversation_id": str(conversation_id),
            "sender_type": "visitor",
            "content": content,
            "client_message_id": client_message_id,
            **more,
        }
    )


async def append(database: Database, principal: Principal, sent: Draft) -> tuple[Message, bool]:
    async with database.tenant(principal) as tx:
        return await messages.append(tx, sent)


async def seqs(database: Database, conversation_id: UUID) -> list[int]:
    rows = await database.all("select seq from messages where conversation_id = %(id)s order by seq", id=conversation_id)
    return [row["seq"] for row in rows]


async def test_a_message_takes_the_next_place_in_the_log(database: Database, world: World) -> None:
    visitor = world.acme.visitor
    first, is_new = await append(database, visitor.principal, draft(visitor.conversation_id, "Hello", metadata={"a": 1}))
    second = await database.write(world.acme.agent.principal, visitor.conversation_id, "Hello, Vera")
    assert (first.seq, first.sender_type, is_new) == (3, "visitor", True)
    assert first.sender is not None
    assert (first.sender.id, first.sender.name) == (visitor.id, "Vera")
    assert first.metadata == {"a": 1}
    assert (second.seq, second.sender_type) == (4, "agent")
    assert second.sender is not None
    assert (second.sender.id, second.sender.name) == (world.acme.agent.id, "Bea")
    assert await seqs(database, visitor.conversation_id) == [1, 2, 3, 4]


async def test_the_same_message_again_is_the_first_entry(database: Database, world: World) -> None:
    visitor = world.acme.visitor
    sent = draft(visitor.conversation_id, "Once", "m-1", metadata={"b": [1, 2.5, None], "a": {"c": "ü"}})
    first, was_new = await append(database, visitor.principal, sent)
    again, is_new = await append(database, visitor.principal, sent)
    assert (was_new, is_new) == (True, False)
    assert again == first
    assert await seqs(database, visitor.conversation_id) == [1, 2, 3]


@pytest.mark.parametrize(
    "metadata",
    [
        {"x": 1e14},
        {"x": -1.5e-14},
        {"x": -0.0},
        {"x": 0.1 + 0.2},
        {"x": 10**15 - 1},
        {"x": 1.0},
        {"": {"": []}},
        {"b": 1, "aa": 2, "a": 3},
        {"x": "\u2028\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16")},
    ],
    ids=repr,
)
async def test_metadata_is_the_same_metadata_after_a_retry(metadata: dict[str, Any], database: Database, world: World) -> None:
    visitor = world.acme.visitor
    sent = draft(visitor.conversation_id, "Once", "m-1", metadata=metadata)
    first, _ = await append(database, visitor.principal, sent)
    again, is_new = await append(database, visitor.principal, sent)
    assert not is_new
    assert again == first


async def test_an_id_used_for_another_message_is_refused(database: Database, world: World) -> None:
    visitor = world.acme.visitor
    await append(database, visitor.principal, draft(visitor.conversation_id, "One", "m-1"))
    for other in (
        draft(visitor.conversation_id, "Two", "m-1"),
        draft(visitor.conversation_id, "One", "m-1", metadata={"a": 1}),
        draft(visitor.conversation_id, "One", "m-1", message_type="image"),
    ):
        with pytest.raises(ClientMessageIdReused):
            await append(database, visitor.principal, other)
    assert await seqs(database, visitor.conversation_id) == [1, 2, 3]


async def test_an_id_belongs_to_its_conversation_and_sender(database: Database, world: World) -> None:
    acme = world.acme
    await database.write(acme.visitor.principal, acme.visitor.conversation_id, "One", "m-1")
    by_agent = await database.write(acme.agent.principal, acme.visitor.conversation_id, "Two", "m-1")
    elsewhere = await database.write(acme.other_visitor.principal, acme.other_visitor.conversation_id, "Three", "m-1")
    assert (by_agent.seq, elsewhere.seq) == (4, 3)


async def test_an_id_holds_after_the_end_of_the_conversation(database: Database, world: World) -> None:
    visitor = world.acme.visitor
    first = await database.write(visitor.principal, visitor.conversation_id, "One", "m-1")
    async with database.tenant(visitor.principal) as tx:
        await conversations.end(tx, visitor.conversation_id)
    assert await database.write(visitor.principal, visitor.conversation_id, "One", "m-1") == first
    with pytest.raises(ConversationClosed):
        await database.write(visitor.principal, visitor.conversation_id, "Two", "m-2")
    with pytest.raises(ConversationClosed):
        await database.write(world.acme.agent.principal, visitor.conversation_id, "Two")


async def test_a_resolved_conversation_takes_no_more_messages(database: Database, world: World) -> None:
    visitor = world.acme.visitor
    async with database.tenant(world.acme.agent.principal) as tx:
        await conversations.resolve(tx, visitor.conversation_id)
    with pytest.raises(ConversationClosed):
        await database.write(visitor.principal, visitor.conversation_id, "Still there?")


async def test_strangers_find_no_conversation(database: Database, world: World) -> None:
    conversation_id = world.acme.visitor.conversation_id
    for stranger in (
        world.acme.other_visitor.principal,
        world.globex.visitor.principal,
        world.globex.agent.principal,
        world.globex.admin.principal,
    ):
        with pytest.raises(ConversationNotFound):
            await database.write(stranger, conversation_id, "Let me in")
    with pytest.raises(ConversationNotFound):
        await database.write(world.acme.agent.principal, uuid4(), "Anybody?")
    assert await seqs(database, conversation_id) == [1, 2]


async def test_who_sent_it_is_never_taken_from_the_body(database: Database, world: World) -> None:
    visitor = world.acme.visitor
    stored, _ = await append(database, visitor.principal, draft(visitor.conversation_id, "Trust me", sender_type="agent"))
    assert stored.sender_type == "visitor"
    assert stored.sender is not None
    assert stored.sender.id == visitor.id


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("x" * 10_001, ContentTooLong),
        ("😀" * 6_145, ContentTooLong),
        ("", ValidationFailed),
        (" \n\t", ValidationFailed),
    ],
    ids=["too many code points", "too many bytes", "empty", "blank"],
)
async def test_content_has_its_limits(content: str, error: type[LivechatError], database: Database, world: World) -> None:
    visitor = world.acme.visitor
    with pytest.raises(error):
        await append(database, visitor.principal, draft(visitor.conversation_id, content))


@pytest.mark.parametrize(
    "content", ["x" * 10_000, "😀" * 6_144, "a\u0301\u200f\u202e", "👩‍👩‍👧‍👦", "'; drop table messages; --", "%s %(a)s"]
)
async def test_content_is_kept_to_the_letter(content: str, database: Database, world: World) -> None:
    visitor = world.acme.visitor
    stored, _ = await append(database, visitor.principal, draft(visitor.conversation_id, content))
    async with database.tenant(visitor.principal) as tx:
        page, _ = await messages.history(tx, visitor.conversation_id, before=None, after=2, limit=50)
    assert [entry.content for entry in page] == [content]
    assert page == [stored]


async def test_metadata_has_its_limits(database: Database, world: World) -> None:
    visitor = world.acme.visitor
    with pytest.raises(ValidationFailed):
        await append(database, visitor.principal, draft(visitor.conversation_id, "x", metadata={"a": "x" * 4096}))
    stored, _ = await append(database, visitor.principal, draft(visitor.conversation_id, "", metadata={"file": "a.png"}))
    assert stored.metadata == {"file": "a.png"}


async def test_the_log_is_read_page_by_page_in_both_directions(database: Database, world: World) -> None:
    visitor = world.acme.visitor
    for n in range(3, 8):
        await database.write(visitor.principal, visitor.conversation_id, f"{n}")

    async def page(**where: Any) -> tuple[list[int], bool]:
        wanted = {"before": None, "after": None, "limit": 3, **where}
        async with database.tenant(visitor.principal) as tx:
            found, has_more = await messages.history(tx, visitor.conversation_id, **wanted)
        return [entry.seq for entry in found], has_more

    assert await page() == ([5, 6, 7], True)
    assert await page(before=5) == ([2, 3, 4], True)
    assert await page(before=2) == ([1], False)
    assert await page(before=1) == ([], False)
    assert await page(after=0) == ([1, 2, 3], True)
    assert await page(after=4) == ([5, 6, 7], False)
    assert await page(after=7) == ([], False)
    assert await page(limit=100) == ([1, 2, 3, 4, 5, 6, 7], False)


async def test_the_first_answer_is_timed(database: Database, world: World) -> None:
    visitor = world.acme.visitor

    async def times() -> DictRow:
        return await database.one(
            """
            select first_response_at, first_response_time_seconds, wait_time_seconds,
                   round(extract(epoch from assigned_at - created_at))::int as until_assigned,
                   round(extract(epoch from first_response_at - created_at))::int as until_answered
            from conversations where id = %(id)s
            """,
            id=visitor.conversation_id,
        )

    await database.do(
        "update conversations set created_at = created_at - interval '90 seconds' where id = %(id)s", id=visitor.conversation_id
    )
    assert set((await times()).values()) == {None}
    async with database.tenant(world.acme.agent.principal) as tx:
        await conversations.assign(tx, visitor.conversation_id)
    taken = await times()
    assert taken["first_response_at"] is None, "a system entry is no answer"
    assert taken["wait_time_seconds"] == taken["until_assigned"] >= 90
    await database.write(world.acme.agent.principal, visitor.conversation_id, "Hello")
    answered = await times()
    assert answered["first_response_time_seconds"] == pytest.approx(answered["until_answered"], abs=1)
    assert answered["first_response_time_seconds"] >= 90
    await database.write(world.acme.agent.principal, visitor.conversation_id, "Still here")
    assert await times() == answered


async def test_what_is_unread_is_counted_for_the_agents(database: Database, world: World) -> None:
    visitor, agent = world.acme.visitor, world.acme.agent

    async def unread() -> tuple[int, int, int]:
        async with database.tenant(agent.principal) as tx:
            view = conversations.agent_view(await conversations.get(tx, visitor.conversation_id))
        return view.unread_count, view.visitor_read_seq, view.agent_read_seq

    async def read(by: Principal, seq: int) -> None:
        async with database.tenant(by) as tx:
            await conversations.mark_read(tx, visitor.conversation_id, seq)

    assert await unread() == (2, 2, 0)
    await read(agent.principal, 1)
    assert await unread() == (1, 2, 1)
    await read(agent.principal, 99)
    assert await unread() == (0, 2, 2), "nobody has read what was not written"
    await read(agent.principal, 1)
    assert await unread() == (0, 2, 2), "never backwards"
    await database.write(visitor.principal, visitor.conversation_id, "More")
    assert await unread() == (1, 3, 2)
    await database.write(agent.principal, visitor.conversation_id, "Answer")
    assert await unread() == (0, 3, 4), "who answers has read"
    await read(visitor.principal, 4)
    assert await unread() == (0, 4, 4)
    with pytest.raises(ConversationNotFound):
        await read(world.acme.other_visitor.principal, 4)


async def test_the_newest_message_is_shown_in_lists_and_cut_there(database: Database, world: World) -> None:
    visitor = world.acme.visitor
    await database.write(visitor.principal, visitor.conversation_id, "😀" * 200)
    async with database.tenant(world.acme.agent.principal) as tx:
        view = conversations.agent_view(await conversations.assign(tx, visitor.conversation_id))
    assert view.last_message is not None
    assert (view.last_message.seq, view.last_message.content) == (3, "😀" * 160)
    assert view.last_seq == 4, "system entries take a place, but are nobody's message"


# --- many at once


async def test_any_number_of_writers_leave_no_gap_and_no_repeat(database: Database, world: World) -> None:
    acme = world.acme
    conversation_id = acme.visitor.conversation_id
    writers: list[Principal] = [acme.visitor.principal, acme.agent.principal, acme.colleague.principal]

    async def write_five(writer: int) -> list[int]:
        return [
            (await database.write(writers[writer % 3], conversation_id, f"{writer}.{n}", f"{writer}.{n}")).seq for n in range(5)
        ]

    told = await asyncio.gather(*(write_five(writer) for writer in range(24)))
    assert sorted(seq for each in told for seq in each) == list(range(3, 123))
    assert await seqs(database, conversation_id) == list(range(1, 123))
    assert all(each == sorted(each) for each in told), "who waits for an answer keeps its own order"
    last = await database.one("select last_seq from conversations where id = %(id)s", id=conversation_id)
    assert last == {"last_seq": 122}


async def test_the_same_message_sent_many_times_at_once_is_stored_once(database: Database, world: World) -> None:
    visitor = world.acme.visitor
    for attempt in range(5):
        sent = draft(visitor.conversation_id, f"Hello {attempt}", f"m-{attempt}")
        results = await asyncio.gather(*(append(database, visitor.principal, sent) for _ in range(12)))
        assert {message.seq for message, _ in results} == {attempt + 3}
        assert sum(is_new for _, is_new in results) == 1
    assert await seqs(database, visitor.conversation_id) == [1, 2, 3, 4, 5, 6, 7]


async def test_of_two_different_messages_with_one_id_sent_at_once_one_is_refused(database: Database, world: World) -> None:
    visitor = world.acme.visitor
    for attempt in range(5):
        results = await asyncio.gather(
            *(database.write(visitor.principal, visitor.conversation_id, f"{n}", f"m-{attempt}") for n in range(6)),
            return_exceptions=True,
        )
        stored = [result for result in results if isinstance(result, Message)]
        refused = [result for result in results if isinstance(result, ClientMessageIdReused)]
        assert (len(stored), len(refused)) == (1, 5)
    assert await seqs(database, visitor.conversation_id) == list(range(1, 8))


async def test_writers_take_part_in_a_transfer_and_an_end_without_a_gap(database: Database, world: World) -> None:
    acme = world.acme
    conversation_id = acme.visitor.conversation_id
    await database.go(acme.agent, "online")
    async with database.tenant(acme.agent.principal) as tx:
        await conversations.assign(tx, conversation_id)

    async def write(n: int) -> bool:
        try:
            await database.write(acme.visitor.principal, conversation_id, f"{n}", f"{n}")
        except ConversationClosed:
            return False
        return True

    async def hand_on(to: Agent) -> None:
        async with database.tenant(acme.admin.principal) as tx:
            request = conversations.Transfer(conversation_id=conversation_id, agent_id=to.id)
            await conversations.transfer(tx, request)

    async def finish() -> None:
        async with database.tenant(acme.admin.principal) as tx:
            await conversations.end(tx, conversation_id)

    written = await asyncio.gather(*(write(n) for n in range(10)), hand_on(acme.colleague), *(write(n) for n in range(10, 20)))
    assert all(result is not False for result in written)
    ended = await asyncio.gather(*(write(n) for n in range(20, 28)), finish(), *(write(n) for n in range(28, 36)))
    stored = 2 + 1 + 1 + 20 + ended.count(True) + 1
    assert await seqs(database, conversation_id) == list(range(1, stored + 1))


async def test_a_writer_that_fails_leaves_no_hole(database: Database, world: World) -> None:
    visitor = world.acme.visitor

    class ChangedItsMind(Exception):
        pass

    async def write_and_fail() -> None:
        async with database.tenant(visitor.principal) as tx:
            await messages.append(tx, draft(visitor.conversation_id, "Never mind"))
            raise ChangedItsMind

    results = await asyncio.gather(
        *(
            write_and_fail() if n % 3 == 0 else append(database, visitor.principal, draft(visitor.conversation_id, "x"))
            for n in range(12)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(result, ChangedItsMind) for result in results) == 4
    assert await seqs(database, visitor.conversation_id) == list(range(1, 11))


# --- forms

FORM = {
    "fields": [
        {"name": "email", "type": "email", "label": "E-mail", "required": True},
        {"name": "size", "type": "select", "label": "Size", "options": ["S", "M"]},
    ]
}


def form(conversation_id: UUID) -> Draft:
    return draft(conversation_id, "E-mail? Size?", sender_type="agent", message_type="form", metadata=FORM)


def answer(conversation_id: UUID, seq: int, client_message_id: str | None = None, **values: Any) -> Draft:
    metadata = {"answer_to": seq, "values": values or {"email": "v@example.com"}}
    return draft(conversation_id, "v@example.com", client_message_id, message_type="form", metadata=metadata)


async def test_a_form_is_answered_once_and_the_first_answer_sent_again_is_the_first_entry(
    database: Database, world: World
) -> None:
    acme = world.acme
    at = acme.visitor.conversation_id
    put, _ = await append(database, acme.agent.principal, form(at))
    first, was_new = await append(database, acme.visitor.principal, answer(at, put.seq, "a-1"))
    again, is_new = await append(database, acme.visitor.principal, answer(at, put.seq, "a-1"))
    assert (was_new, is_new, again) == (True, False, first)
    for client_message_id in ("a-2", None):
        with pytest.raises(FormAlreadyAnswered):
            await append(database, acme.visitor.principal, answer(at, put.seq, client_message_id))
    with pytest.raises(ClientMessageIdReused):
        await append(database, acme.visitor.principal, answer(at, put.seq, "a-1", email="w@example.com"))
    another, _ = await append(database, acme.agent.principal, form(at))
    await append(database, acme.visitor.principal, answer(at, another.seq))
    assert await seqs(database, at) == [1, 2, 3, 4, 5, 6]


async def test_of_ten_answers_at_once_one_is_taken(database: Database, world: World) -> None:
    acme = world.acme
    at = acme.visitor.conversation_id
    put, _ = await append(database, acme.agent.principal, form(at))
    results = await asyncio.gather(
        *(append(database, acme.visitor.principal, answer(at, put.seq, f"a-{n}")) for n in range(10)), return_exceptions=True
    )
    assert sum(isinstance(result, FormAlreadyAnswered) for result in results) == 9
    assert await seqs(database, at) == [1, 2, 3, 4]


async def test_an_answer_that_does_not_fit_leaves_no_trace(database: Database, world: World) -> None:
    acme = world.acme
    at = acme.visitor.conversation_id
    put, _ = await append(database, acme.agent.principal, form(at))
    text = await database.write(acme.agent.principal, at, "No form")
    before = await database.one("select * from conversations where id = %(id)s", id=at)
    for wrong in (
        answer(at, put.seq, email="nobody"),
        answer(at, put.seq, size="M"),
        answer(at, put.seq, email="v@example.com", size="L"),
        answer(at, text.seq),
        answer(at, text.seq + 1),
        answer(at, 2**31 - 1),
    ):
        with pytest.raises(ValidationFailed):
            await append(database, acme.visitor.principal, wrong)
    assert await database.one("select * from conversations where id = %(id)s", id=at) == before
    assert await seqs(database, at) == [1, 2, 3, 4]


async def test_a_form_of_another_conversation_is_no_form(database: Database, world: World) -> None:
    acme = world.acme
    put, _ = await append(database, acme.agent.principal, form(acme.other_visitor.conversation_id))
    with pytest.raises(ValidationFailed):
        await append(database, acme.visitor.principal, answer(acme.visitor.conversation_id, put.seq))
    assert await seqs(database, acme.visitor.conversation_id) == [1, 2]


async def test_entries_from_before_the_rules_are_read_and_harm_no_answer(database: Database, world: World) -> None:
    acme = world.acme
    at = acme.visitor.conversation_id
    for seq, sender, kind, metadata in (
        (3, "visitor", "form", '{"answer_to": {"deep": 1}, "values": 7}'),
        (4, "agent", "card", '{"buttons": "none", "url": "javascript:alert(1)"}'),
        (5, "agent", "form", '{"fields": [{"type": "hologram"}]}'),
        (6, "visitor", "form", '{"answer_to": "7"}'),
    ):
        await database.do(
            "insert into messages (conversation_id, customer_id, visitor_id, seq, sender_type, sender_id, message_type,"
            " content, metadata)"
            " values (%(at)s, %(customer)s, %(visitor)s, %(seq)s, %(sender)s, %(visitor)s, %(kind)s, '', %(metadata)s)",
            at=at, customer=acme.id, visitor=acme.visitor.id, seq=seq, sender=sender, kind=kind, metadata=metadata,
        )  # fmt: skip
    await database.do("update conversations set last_seq = 6 where id = %(id)s", id=at)
    async with database.tenant(acme.visitor.principal) as tx:
        page, _ = await messages.history(tx, at, before=None, after=2, limit=50)
    assert [entry.message_type for entry in page] == ["form", "card", "form", "form"]
    with pytest.raises(ValidationFailed):
        await append(database, acme.visitor.principal, answer(at, 5))
    put, _ = await append(database, acme.agent.principal, form(at))
    assert put.seq == 7
    stored, _ = await append(database, acme.visitor.principal, answer(at, put.seq))
    assert stored.seq == 8
