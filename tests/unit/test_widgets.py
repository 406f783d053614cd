"""What was stored by another version of the product is understood as far as possible."""

from livechat.hours import WorkingHours
from livechat.widgets import Behavior, Branding, stored


def test_a_field_that_this_version_does_not_know_is_left_out() -> None:
    assert stored(Branding, {"primary_color": "#00AA55", "hologram": True}) == Branding(primary_color="#00AA55")


def test_a_value_that_is_no_longer_allowed_takes_its_default() -> None:
    read = stored(Behavior, {"position": "on-the-moon", "offset_x": -1, "welcome_message": "Ahoy"})
    assert (read.position, read.offset_x, read.welcome_message) == ("bottom-right", 20, "Ahoy")


def test_hours_that_make_no_sense_are_no_hours() -> None:
    assert stored(WorkingHours, {"enabled": True, "schedule": {"someday": []}, "timezone": "Mars/Olympus"}).timezone == "UTC"
