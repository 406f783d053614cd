"""The send path dies at each of its boundaries in turn; whatever was done by then, the retry makes it right."""

from collections.abc import Callable

from tests.delivery.world import World
from tests.stack import Stack

# Tried side by side; few, so that none waits for an environment longer than its client is patient.
BATCH = 6
BOUNDARIES = ("before the database", "after the database", "before a push", "after a push", "before the answer")


def test_a_worker_may_die_anywhere(make_world: Callable[..., World], shaky_stack: Stack) -> None:
    outcomes: list[str] = []
    while outcomes[-BATCH:] != ["survived"] * BATCH:
        with make_world(speed=4) as world:
            writers = world.visitors(BATCH)
            agents = world.agents(1)
            world.write(1, agents)
            world.settle()  # so that the agent listens
            for point, name in enumerate(writers, start=len(outcomes) + 1):
                world.write(1, [name], crash=point)
            world.settle()
            assert world.violations() == []
            outcomes += [_outcome(world, name, agents[0]) for name in writers]

    boundaries = outcomes.index("survived")
    print(f"{boundaries} boundaries: {outcomes}")
    assert set(outcomes[boundaries:]) == {"survived"}
    assert set(outcomes[:boundaries]) == {"not stored", "stored, not pushed", "pushed"}
    assert outcomes[:boundaries] == sorted(outcomes[:boundaries], key=["not stored", "stored, not pushed", "pushed"].index)
    log = shaky_stack.log("ChatFunction")
    assert [where for where in BOUNDARIES if f"crashing {where}" not in log] == []


def _outcome(world: World, writer: str, agent: str) -> str:
    """How far the send had come when its worker died."""
    history = world.history
    if not any(event["status"] == 500 for event in history.of("failed", writer)):
        return "survived"
    # 201 says that the retry stored it. Else it had been stored before: the retry was answered 200, or the sender heard of
    # it from the log and needed none.
    if any(event["status"] == 201 for event in history.of("acknowledged", writer)):
        return "not stored"
    (conversation,) = world.follows[writer]
    (own,) = {event["seq"] for event in history.of("acknowledged", writer)}
    heard = {(event["conversation"], event["seq"]) for event in history.of("pushed", agent)}
    return "pushed" if (conversation, own) in heard else "stored, not pushed"
