"""Working hours: whether a widget's team is at work at a given moment, in the widget's time zone."""

from datetime import datetime, timedelta
from functools import cache
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, StringConstraints

from livechat.wire import Body

Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
DAYS: tuple[Day, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

ClockTime = Annotated[str, StringConstraints(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$")]


@cache
def _zones() -> set[str]:
    return available_timezones()  # reads a directory: 3 ms


def _known_zone(name: str) -> str:
    if name not in _zones():
        raise ValueError("must be an IANA time zone such as Europe/Berlin")
    return name


class Slot(Body):
    """From `start` to `end`, local time; an end that is not after its start is on the next day."""

    start: ClockTime = Field(description="Such as 09:00.")
    end: ClockTime = Field(description="Such as 17:30; 24:00 is midnight.")


class WorkingHours(Body):
    """When the team answers. While not `enabled` it is always at work."""

    enabled: bool = Field(False, description="Whether they count; otherwise the team is always at work.")
    timezone: Annotated[str, AfterValidator(_known_zone)] = Field("UTC", description="An IANA time zone such as Europe/Berlin.")
    schedule: dict[Day, list[Slot]] = Field(
        default_factory=lambda: {day: [Slot(start="09:00", end="17:00")] for day in DAYS[:5]},
        description="The hours of each day; a day that is not there is closed.",
    )


def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def is_open(hours: WorkingHours, at: datetime) -> bool:
    """Whether the team is at work at `at` (an aware datetime)."""
    if not hours.enabled:
        return True
    local = at.astimezone(ZoneInfo(hours.timezone))
    minute = local.hour * 60 + local.minute
    today, yesterday = DAYS[local.weekday()], DAYS[(local - timedelta(days=1)).weekday()]
    for slot in hours.schedule.get(today, []):
        start, end = _minutes(slot.start), _minutes(slot.end)
        if start <= minute and (minute < end or end <= start):
            return True
    return any(
        _minutes(slot.end) <= _minutes(slot.start) and minute < _minutes(slot.end) for slot in hours.schedule.get(yesterday, [])
    )
