"""The send path dies at each of its boundaries in turn; whatever was done by then, the retry makes it right."""

from collections import Counter
from collections.abc import Callable

from tests.delivery.world import World
from tests.stack import Stack

# More than the path has: the last ones must survive, which shows that all others were met.
POINTS = 64
BOUNDARIES = ("before the database", "after the database", "before a push", "after a push", "before the answer")


def test_a_worker_may_die_anywhere(make_world: Callable[..., World], shaky_stack: Stack) -> None:
    with make_world() as world:
        writers = world.visitors(POINTS)
        agents = world.agents(2)
        for point, name in enumerate(writers, start=1):
            world.write(1, [name], crash=point)
        world.settle()
        assert world.violations() == []

        history = world.history
        died = {event["client"] for event in history.of("failed") if event["status"] == 500}
        survivors = [name not in died for name in writers]
        print("".join(".x"[not survived] for survived in survivors))
        assert survivors[-3:] == [True] * 3, "the path has more boundaries than were tried"
        points = survivors.index(True)
        assert survivors == [False] * points + [True] * (POINTS - points)

        pushed = {event["conversation"] for event in history.of("pushed") if event["client"] in agents}
        # 201 says that the retry stored it. Else it had been stored before the crash: the retry was answered 200, or the
        # sender heard of it from the log and needed none.
        stored_late = {event["client"] for event in history.of("acknowledged") if event["status"] == 201}
        outcomes = Counter(
            "not stored" if name in stored_late else "pushed" if world.follows[name][0] in pushed else "not pushed"
            for name in writers[:points]
        )
        print(f"{points} boundaries: {dict(outcomes)}")
        assert outcomes.keys() == {"not stored", "not pushed", "pushed"}
        log = shaky_stack.log("ChatFunction")
        assert [where for where in BOUNDARIES if f"crashing {where}" not in log] == []
