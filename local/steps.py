"""What `make run` prints while it starts: one line a step, with the time it took."""

import contextlib
import time
from collections.abc import Iterator


class Step:
    """One step under way; what is put into `note` is printed beside its time."""

    note = ""


@contextlib.contextmanager
def step(title: str) -> Iterator[Step]:
    under_way = Step()
    began = time.monotonic()
    yield under_way
    report(title, time.monotonic() - began, under_way.note)


def report(title: str, seconds: float, note: str = "") -> None:
    print(f"  {title:<26}{seconds:6.1f} s   {note}".rstrip(), flush=True)
