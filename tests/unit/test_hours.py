"""Working hours: zones, slots past midnight, and the nights on which clocks change."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from livechat import hours
from livechat.hours import DAYS, WorkingHours

CLOCK = st.builds(lambda hour, minute: f"{hour:02}:{minute:02}", st.integers(0, 23), st.integers(0, 59))


def at_work(schedule: dict[str, list[tuple[str, str]]], moment: str, zone: str = "UTC") -> bool:
    """Whether the team is at work at a local time such as 2026-03-04T09:00 (a Wednesday) or one with an offset."""
    slots: Any = {day: [{"start": start, "end": end} for start, end in of] for day, of in schedule.items()}
    working_hours = WorkingHours.model_validate({"enabled": True, "timezone": zone, "schedule": slots})
    at = datetime.fromisoformat(moment)
    return hours.is_open(working_hours, at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone)))


def test_without_hours_the_team_is_always_at_work() -> None:
    assert hours.is_open(WorkingHours(), datetime(2026, 1, 4, 3, tzinfo=UTC))


def test_hours_that_name_no_day_are_never() -> None:
    assert not at_work({}, "2026-03-04T12:00")


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-03-04T08:59:59", False),
        ("2026-03-04T09:00", True),
        ("2026-03-04T16:59:59.999999", True),
        ("2026-03-04T17:00", False),
        ("2026-03-05T12:00", False),
        ("2026-03-11T12:00", True),
    ],
)
def test_a_slot_holds_its_start_and_not_its_end(moment: str, is_open: bool) -> None:
    assert at_work({"wednesday": [("09:00", "17:00")]}, moment) is is_open


def test_a_day_may_have_several_slots() -> None:
    schedule = {"wednesday": [("09:00", "12:00"), ("13:00", "17:00")]}
    assert [at_work(schedule, f"2026-03-04T{clock}") for clock in ("11:59", "12:30", "13:00")] == [True, False, True]


def test_hours_are_those_of_the_widgets_zone() -> None:
    schedule = {"wednesday": [("09:00", "17:00")]}
    moment = "2026-03-04T23:30+00:00"
    assert at_work({"thursday": [("08:00", "09:00")]}, moment, "Asia/Tokyo")
    assert not at_work(schedule, moment, "Asia/Tokyo")
    assert at_work(schedule, moment, "America/Los_Angeles")
    assert at_work({"thursday": [("05:15", "05:16")]}, moment, "Asia/Kathmandu")


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-03-04T21:59", False),
        ("2026-03-04T22:00", True),
        ("2026-03-05T00:00", True),
        ("2026-03-05T05:59", True),
        ("2026-03-05T06:00", False),
        ("2026-03-04T03:00", False),
    ],
)
def test_a_slot_may_run_past_midnight(moment: str, is_open: bool) -> None:
    assert at_work({"wednesday": [("22:00", "06:00")]}, moment) is is_open


def test_sundays_night_runs_into_monday() -> None:
    assert at_work({"sunday": [("22:00", "02:00")]}, "2026-03-09T01:59")
    assert not at_work({"sunday": [("22:00", "02:00")]}, "2026-03-08T01:59")


def test_a_whole_day_ends_at_24() -> None:
    assert at_work({"wednesday": [("00:00", "24:00")]}, "2026-03-04T23:59:59")
    assert not at_work({"wednesday": [("00:00", "24:00")]}, "2026-03-05T00:00")


def test_a_slot_that_ends_where_it_starts_is_a_day_long() -> None:
    schedule = {"wednesday": [("08:00", "08:00")]}
    moments = ("2026-03-04T07:59", "2026-03-04T08:00", "2026-03-05T07:59", "2026-03-05T08:00")
    assert [at_work(schedule, moment) for moment in moments] == [False, True, True, False]


def test_the_hour_that_is_skipped_in_spring_is_nobodys() -> None:
    # Berlin, 29 March 2026: 01:59 is followed by 03:00.
    schedule = {"sunday": [("02:00", "03:00")]}
    start = datetime(2026, 3, 29, 0, 0, tzinfo=UTC)
    open_minutes = [
        minute for minute in range(180) if at_work(schedule, (start + timedelta(minutes=minute)).isoformat(), "Europe/Berlin")
    ]
    assert open_minutes == []


def test_the_hour_that_comes_twice_in_autumn_is_worked_twice() -> None:
    # Berlin, 25 October 2026: 02:00 to 03:00 comes in summer time, and again in winter time.
    schedule = {"sunday": [("02:00", "03:00")]}
    start = datetime(2026, 10, 24, 23, 0, tzinfo=UTC)
    open_minutes = [
        minute for minute in range(240) if at_work(schedule, (start + timedelta(minutes=minute)).isoformat(), "Europe/Berlin")
    ]
    assert open_minutes == list(range(60, 180))


def test_a_morning_starts_at_the_same_clock_time_before_and_after_the_change() -> None:
    schedule = {"saturday": [("09:00", "17:00")], "monday": [("09:00", "17:00")]}
    assert at_work(schedule, "2026-03-28T08:00+00:00", "Europe/Berlin")
    assert not at_work(schedule, "2026-03-28T07:59+00:00", "Europe/Berlin")
    assert at_work(schedule, "2026-03-30T07:00+00:00", "Europe/Berlin")
    assert not at_work(schedule, "2026-03-30T06:59+00:00", "Europe/Berlin")


@given(CLOCK, CLOCK, st.sampled_from(DAYS), st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)))  # noqa: DTZ001 - made aware below
def test_a_slot_and_its_complement_are_never_both_open_or_both_closed(start: str, end: str, day: str, moment: datetime) -> None:
    if start == end:
        return
    every_day = {"enabled": True, "timezone": "UTC"}
    slot = WorkingHours.model_validate({**every_day, "schedule": {name: [{"start": start, "end": end}] for name in DAYS}})
    rest = WorkingHours.model_validate({**every_day, "schedule": {name: [{"start": end, "end": start}] for name in DAYS}})
    at = moment.replace(tzinfo=UTC)
    assert hours.is_open(slot, at) != hours.is_open(rest, at)


@pytest.mark.parametrize(
    "config",
    [
        {"timezone": "Mars/Olympus"},
        {"timezone": "../../etc/passwd"},
        {"timezone": ""},
        {"timezone": "europe/berlin"},
        {"schedule": {"someday": []}},
        {"schedule": {"monday": [{"start": "9:00", "end": "17:00"}]}},
        {"schedule": {"monday": [{"start": "25:00", "end": "26:00"}]}},
        {"schedule": {"monday": [{"start": "09:60", "end": "17:00"}]}},
        {"schedule": {"monday": [{"start": "09:00\n", "end": "17:00"}]}},
        {"schedule": {"monday": [{"start": "٠٩:00", "end": "17:00"}]}},
        {"schedule": {"monday": [{"start": "09:00"}]}},
    ],
)
def test_hours_that_make_no_sense_are_refused(config: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        WorkingHours.model_validate(config)
