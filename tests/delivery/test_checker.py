"""The judge judged: histories made by hand, each breaking one rule, must be found to break it, and a good one nothing."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.delivery.checker import Entry, check

Json = dict[str, Any]
C = "c1"


class Story:
    """A visitor and an agent exchange three messages after the agent has joined; both show all of it."""

    def __init__(self) -> None:
        self.log = [
            Entry(1, "m1", "system", None, None, "joined"),
            Entry(2, "m2", "visitor", "V", "a", "vera 1"),
            Entry(3, "m3", "agent", "A", "x", "max 1"),
            Entry(4, "m4", "visitor", "V", "b", "vera 2"),
        ]
        shown = [[entry.seq, entry.id, entry.client_message_id, entry.content] for entry in self.log]
        self.events: list[Json] = [
            self.event("vera", "entered", sender_id="V"),
            self.event("max", "entered", sender_id="A"),
            self.event("vera", "shown", kept=0, of=0, added=shown[:1]),
            self.event("max", "shown", kept=0, of=0, added=shown[:1]),
            self.event("vera", "sent", id="a", content="vera 1", number=1),
            self.event("vera", "acknowledged", id="a", seq=2, status=201),
            self.event("vera", "shown", kept=1, of=1, added=shown[1:2]),
            self.event("max", "sent", id="x", content="max 1", number=1),
            self.event("max", "acknowledged", id="x", seq=3, status=201),
            self.event("vera", "sent", id="b", content="vera 2", number=2),
            self.event("vera", "acknowledged", id="b", seq=4, status=0),
            self.event("vera", "shown", kept=2, of=2, added=shown[2:]),
            {"event": "reloaded", "client": "max"},
            self.event("max", "shown", kept=0, of=0, added=shown[2:]),
            self.event("max", "older", added=shown[:2]),
            self.event("vera", "final", converged=True, entries=shown),
            self.event("max", "final", converged=True, entries=copy.deepcopy(shown)),
        ]

    @staticmethod
    def event(client: str, event: str, **more: Any) -> Json:
        return {"client": client, "event": event, "conversation": C, **more}

    def find(self, client: str, event: str, nth: int = 0) -> Json:
        return [each for each in self.events if each["client"] == client and each["event"] == event][nth]

    def drop(self, client: str, event: str, nth: int = 0) -> None:
        self.events.remove(self.find(client, event, nth))

    def rules(self) -> set[str]:
        return {violation.rule for violation in check(self.events, {C: self.log})}


def test_a_good_history_breaks_nothing() -> None:
    assert Story().rules() == set()


def _lose(story: Story) -> None:
    story.events.append(story.event("vera", "sent", id="c", content="vera 3", number=3))
    story.events.append(story.event("vera", "acknowledged", id="c", seq=5, status=201))


def _double(story: Story) -> None:
    story.log.append(story.log[3]._replace(seq=5, id="m5"))
    for client in ("vera", "max"):
        story.find(client, "final")["entries"].append([5, "m5", "b", "vera 2"])


def _leave_a_hole(story: Story) -> None:
    story.log[3] = story.log[3]._replace(seq=5)


def _move(story: Story) -> None:
    story.find("vera", "acknowledged")["seq"] = 3


def _acknowledge_twice(story: Story) -> None:
    story.events.append(story.event("vera", "acknowledged", id="a", seq=9, status=200))


def _forget_one_sent(story: Story) -> None:
    story.events.append(story.event("vera", "sent", id="c", content="vera 3", number=3))


def _refuse_one_stored(story: Story) -> None:
    story.events.append(story.event("max", "refused", id="x", code="conversation_closed"))


def _overtake(story: Story) -> None:
    story.find("vera", "sent", 0)["number"] = 2
    story.find("vera", "sent", 1)["number"] = 1


def _invent(story: Story) -> None:
    story.drop("max", "sent")
    story.drop("max", "acknowledged")


def _alter(story: Story) -> None:
    story.log[1] = story.log[1]._replace(content="something else")


def _impersonate(story: Story) -> None:
    story.log[2] = story.log[2]._replace(sender_id="B")


def _show_a_hole(story: Story) -> None:
    story.find("vera", "shown", 2)["added"].pop(0)


def _show_a_hole_before(story: Story) -> None:
    story.find("max", "older")["added"].pop()


def _show_again(story: Story) -> None:
    story.find("vera", "shown", 2)["added"].insert(0, [2, "m2", "a", "vera 1"])


def _show_out_of_order(story: Story) -> None:
    story.find("vera", "shown", 2)["added"].reverse()


def _take_back(story: Story) -> None:
    story.find("vera", "shown", 2)["kept"] = 1


def _show_what_is_not_stored(story: Story) -> None:
    story.find("vera", "shown", 1)["added"][0][1] = "m9"


def _stay_behind(story: Story) -> None:
    story.find("max", "final")["entries"].pop()


def _say_nothing_at_the_end(story: Story) -> None:
    story.drop("max", "final")


@pytest.mark.parametrize(
    ("breaking", "rule"),
    [
        (_lose, "acknowledged is stored"),
        (_double, "stored once"),
        (_leave_a_hole, "stored without gaps"),
        (_move, "one place"),
        (_acknowledge_twice, "one place"),
        (_forget_one_sent, "sent is settled"),
        (_refuse_one_stored, "refused is not stored"),
        (_overtake, "sender's order"),
        (_invent, "stored was sent"),
        (_alter, "stored was sent"),
        (_impersonate, "stored was sent"),
        (_show_a_hole, "shown without gaps"),
        (_show_a_hole_before, "shown without gaps"),
        (_show_again, "shown in order and once"),
        (_show_out_of_order, "shown in order and once"),
        (_take_back, "shown for good"),
        (_show_what_is_not_stored, "shown is stored"),
        (_stay_behind, "all converge"),
        (_say_nothing_at_the_end, "all converge"),
    ],
)
def test_a_broken_rule_is_reported(breaking: Callable[[Story], None], rule: str) -> None:
    story = Story()
    breaking(story)
    assert rule in story.rules()
