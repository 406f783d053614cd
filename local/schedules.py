"""EventBridge's clock: invokes the functions whose schedules are due.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
"""

import asyncio
import contextlib
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from local import events
from local.environments import InvocationFailed
from local.functions import Functions
from local.templates import Schedule, TemplateUnsupported

MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
# minute, hour, day of month, month, day of week, year: lowest and highest value, and names counted from the lowest
FIELDS: tuple[tuple[int, int, list[str]], ...] = (
    (0, 59, []),
    (0, 23, []),
    (1, 31, []),
    (1, 12, MONTHS),
    (1, 7, DAYS),
    (1970, 2199, []),
)


def next_time(expression: str, after: datetime) -> datetime:
    """When a rate() or cron() expression is due next; a rate counts from `after`."""
    if match := re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression):
        return after + timedelta(**{f"{match[2]}s": int(match[1])})
    if not (match := re.fullmatch(r"cron\((.+)\)", expression)) or len(fields := match[1].split()) != len(FIELDS):
        raise TemplateUnsupported(f"not a schedule: {expression}")
    allowed = [_values(field, *bounds) for field, bounds in zip(fields, FIELDS, strict=True)]
    moment = after.replace(second=0, microsecond=0) + timedelta(minutes=1)
    minutes, hours, days, months, weekdays, years = allowed
    while moment.year <= max(years):
        if moment.year not in years or moment.month not in months:
            moment = (moment.replace(day=1, hour=0, minute=0) + timedelta(days=32)).replace(day=1)
        elif moment.day not in days or moment.isoweekday() % 7 + 1 not in weekdays:
            moment = moment.replace(hour=0, minute=0) + timedelta(days=1)
        elif moment.hour not in hours:
            moment = moment.replace(minute=0) + timedelta(hours=1)
        elif moment.minute not in minutes:
            moment += timedelta(minutes=1)
        else:
            return moment
    raise TemplateUnsupported(f"never due: {expression}")


def _values(field: str, lowest: int, highest: int, names: list[str]) -> set[int]:
    def number(text: str) -> int:
        return names.index(text.upper()) + lowest if text.upper() in names else int(text)

    values: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        try:
            if span in ("*", "?"):
                first, last = lowest, highest
            elif "-" in span:
                first, last = (number(end) for end in span.split("-"))
            else:
                first = number(span)
                last = highest if step else first
        except ValueError:
            raise TemplateUnsupported(f"the local clock does not know {part} in a schedule") from None
        values.update(range(first, last + 1, int(step or 1)))
    return values


async def keep(schedule: Schedule, functions: Functions, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
    """Invoke the schedule's function whenever it is due, until cancelled."""
    due = next_time(schedule.expression, now())
    while True:
        await asyncio.sleep(max((due - now()).total_seconds(), 0))
        event = schedule.input.encode() if schedule.input else events.compact(events.schedule_event(schedule.name, due))
        with contextlib.suppress(InvocationFailed):  # it is in the function's log, and the next time comes
            await functions.invoke(schedule.function, event)
        due = next_time(schedule.expression, now())
