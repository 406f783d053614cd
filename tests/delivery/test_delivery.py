"""What was acknowledged is stored once, gets one place, and everybody who stays or comes back shows exactly that log."""

import os
from collections.abc import Callable

import pytest

from local.faults import CLOSE_CODES
from tests.client import Agent
from tests.delivery.world import World
from tests.stack import Stack

MakeWorld = Callable[..., World]

MESSAGES = int(os.environ.get("MESSAGES", "6000"))
# What one round writes, so that its history fits into memory.
ROUND = 20_000
CONVERSATIONS = 16
# What a bad day may hold, all at once; probabilities for each frame, push, invocation or request.
BAD_DAY = {
    "drop_sent": 0.15,
    "double_sent": 0.05,
    "delay_sent": 0.10,
    "swap_sent": 0.05,
    "drop_received": 0.10,
    "close": 0.002,
    "freeze": 0.0005,
    "disconnect_never": 0.2,
    "disconnect_late": 0.2,
    "push_gone": 0.001,
    "push_throttled": 0.01,
    "push_failed": 0.01,
    "push_hangs": 0.0002,
    "kill_before": 0.0005,
    "kill_after": 0.0005,
    "twice": 0.01,
    "drop_request": 0.005,
    "drop_answer": 0.01,
}


def test_all_is_well_when_nothing_goes_wrong(make_world: MakeWorld) -> None:
    with make_world() as world:
        world.visitors(4)
        world.agents(2)
        written = world.write(25)
        world.settle()
        assert world.violations() == []
        assert len(world.history.acknowledged) == written


@pytest.mark.parametrize("number", range(max(1, MESSAGES // ROUND)))
def test_a_bad_day(make_world: MakeWorld, seed: int, number: int) -> None:
    with make_world(seed=seed + number, speed=5) as world:
        visitors = world.visitors(CONVERSATIONS)
        agents = world.agents(3)
        world.misbehave(BAD_DAY)
        written = world.write(min(MESSAGES, ROUND) // (2 * CONVERSATIONS))
        world.until_acknowledged(written // 5, 600)
        world.cut()
        world.until_acknowledged(2 * written // 5, 600)
        world.crash_database()
        for name in (visitors[0], agents[0]):
            world.order("reload", name)
        world.until_acknowledged(3 * written // 5, 600)
        away = (visitors[1], agents[1])
        for name in away:
            world.order("offline", name)
        world.order("freeze", visitors[2])
        world.until_acknowledged(4 * written // 5, 600)
        for name in away:
            world.order("online", name)
        world.order("thaw", visitors[2])
        world.until_acknowledged(written, 600)
        world.heal()
        world.settle()
        print(world.faults_so_far())
        assert world.violations() == []


def test_half_of_all_frames_may_be_lost(make_world: MakeWorld) -> None:
    with make_world() as world:
        world.visitors(4)
        world.agents(2)
        world.misbehave({"drop_sent": 0.5, "drop_received": 0.5})
        world.write(20)
        world.settle()
        assert world.violations() == []


@pytest.mark.parametrize("code", CLOSE_CODES)
def test_all_sockets_end_at_once(make_world: MakeWorld, code: int) -> None:
    with make_world() as world:
        world.visitors(6)
        world.agents(2)
        written = world.write(20)
        world.until_acknowledged(written // 2)
        world.cut(code)
        world.settle()
        assert world.violations() == []


def test_sockets_stay_and_nothing_passes(make_world: MakeWorld) -> None:
    with make_world() as world:
        world.visitors(4)
        world.agents(2)
        written = world.write(20)
        world.until_acknowledged(written // 2)
        world.freeze_sockets()
        world.settle()
        assert world.violations() == []


def test_a_push_that_got_lost_is_repaired_by_a_heartbeat(make_world: MakeWorld) -> None:
    with make_world() as world:
        visitors = world.visitors(2)
        world.agents(1)
        world.write(1)
        world.settle()
        world.misbehave({"drop_sent": 1})
        world.write(1, visitors)
        world.until_acknowledged(6)
        world.heal()
        world.converge()
        assert world.violations() == []


@pytest.mark.parametrize("answer", ["push_gone", "push_throttled", "push_failed", "push_hangs"])
def test_a_push_that_is_refused_is_repaired(make_world: MakeWorld, answer: str) -> None:
    with make_world() as world:
        visitors = world.visitors(2)
        world.agents(1)
        world.write(1)
        world.settle()
        world.misbehave({answer: 1})
        world.write(1, visitors)
        world.until_acknowledged(6)
        world.heal()
        world.settle()
        world.write(1, visitors)
        world.settle()
        assert world.violations() == []


@pytest.mark.parametrize("fault", ["kill_before", "kill_after", "twice", "drop_request", "drop_answer"])
def test_a_request_may_fail_at_any_time(make_world: MakeWorld, fault: str) -> None:
    with make_world() as world:
        world.visitors(3)
        world.agents(1)
        world.misbehave({fault: 0.2})
        world.write(10)
        world.settle()
        assert world.faults_so_far()[fault] > 0
        assert world.violations() == []


def test_the_database_ends_in_the_middle(make_world: MakeWorld) -> None:
    with make_world() as world:
        world.visitors(6)
        world.agents(2)
        written = world.write(40)
        for part in (1, 2):
            world.until_acknowledged(written * part // 3)
            world.crash_database()
        world.settle()
        assert world.violations() == []


def test_somebody_is_away_for_long(make_world: MakeWorld) -> None:
    with make_world() as world:
        (visitor,) = world.visitors(1)
        (agent,) = world.agents(1)
        world.write(2)
        world.settle()
        world.order("offline", agent)
        world.write(5, [agent])
        world.write(250, [visitor])
        world.until_acknowledged(4 + 250)
        world.order("online", agent)
        world.settle()
        assert world.violations() == []


def test_a_page_is_loaded_anew_with_messages_waiting(make_world: MakeWorld) -> None:
    with make_world() as world:
        (visitor,) = world.visitors(1)
        world.agents(1)
        world.write(60)
        world.until_acknowledged(30)
        for _ in range(5):
            world.order("reload", visitor)
            world.until_acknowledged(len(world.history.acknowledged) + 5)
        world.settle()
        assert world.violations() == []


def test_a_tab_stands_still(make_world: MakeWorld) -> None:
    with make_world() as world:
        (visitor,) = world.visitors(1)
        (agent,) = world.agents(1)
        world.write(30)
        world.until_acknowledged(10)
        world.order("freeze", agent)
        world.write(60, [visitor])
        world.history.wait(lambda history: history.writers[visitor] >= 90, "the visitor goes on")
        world.order("thaw", agent)
        world.settle()
        assert world.violations() == []


def test_the_conversation_ends_while_somebody_is_away(make_world: MakeWorld) -> None:
    with make_world() as world:
        (visitor,) = world.visitors(1)
        (agent,) = world.agents(1)
        world.write(2)
        world.settle()
        (conversation,) = world.conversations
        world.order("offline", agent)
        world.write(2, [agent])
        world.order("end", visitor, conversation=conversation)
        world.history.wait(lambda history: conversation in history.ended, "the conversation ends")
        world.order("online", agent)
        world.settle()
        assert world.violations() == []
        refused = {(event["id"], event["code"]) for event in world.history.of("refused", agent)}
        assert [code for _, code in refused] == ["conversation_closed"] * 2
        assert {final["status"] for final in world.history.finals.values()} == {"closed"}


def test_the_end_races_with_what_is_being_sent(make_world: MakeWorld) -> None:
    with make_world() as world:
        visitors = world.visitors(6)
        world.agents(2)
        written = world.write(20)
        world.until_acknowledged(written // 3)
        for visitor in visitors:
            world.order("end", visitor, conversation=world.follows[visitor][0])
        world.settle()
        assert world.violations() == []
        assert {log[-1].sender_type for log in world.stored().values()} == {"system"}, "something came after the end"


def test_the_conversation_changes_hands_while_its_visitor_is_away(make_world: MakeWorld, shaky_stack: Stack) -> None:
    with make_world() as world:
        (visitor,) = world.visitors(1)
        world.agents(2, everything=True)
        world.write(2)
        world.settle()
        (conversation,) = world.conversations
        world.order("offline", visitor)
        for sign_in in shaky_stack.agents[:2]:
            agent = Agent.sign_in(shaky_stack.base_url, shaky_stack.identity, sign_in["email"], sign_in["password"])
            agent.be("online")
            taken = agent.do("assign", conversation)
            assert taken.status == 200, taken
            given_back = agent.do("unassign", conversation)
            assert given_back.status == 200, given_back
            agent.be("offline")
        world.order("online", visitor)
        world.settle()
        assert world.violations() == []
