"""What a widget can be set to, and that what another version of the product stored is understood as far as possible."""

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from livechat.hours import WorkingHours
from livechat.widgets import Behavior, Branding, Features, Localization, Trigger, WidgetConfig, stored

FIELD = {"name": "email", "type": "email", "label": "E-mail"}


def wrong(model: type[BaseModel], said: dict[str, Any]) -> list[str]:
    """Where a model finds fault with what is said."""
    try:
        model.model_validate(said)
    except ValidationError as error:
        return [".".join(map(str, item["loc"])) for item in error.errors()]
    return []


def test_a_field_that_this_version_does_not_know_is_left_out() -> None:
    assert stored(Branding, {"primary_color": "#00AA55", "hologram": True}) == Branding(primary_color="#00AA55")


def test_a_value_that_is_no_longer_allowed_takes_its_default() -> None:
    read = stored(Behavior, {"position": "on-the-moon", "offset_x": -1, "welcome_message": "Ahoy"})
    assert (read.position, read.offset_x, read.welcome_message) == ("bottom-right", 20, "Ahoy")


def test_hours_that_make_no_sense_are_no_hours() -> None:
    assert stored(WorkingHours, {"enabled": True, "schedule": {"someday": []}, "timezone": "Mars/Olympus"}).timezone == "UTC"


def test_a_widget_that_knows_no_later_field_is_set_as_it_was() -> None:
    """Nothing of what came later acts on its own, shows anything or refuses what was allowed."""
    config = WidgetConfig()
    assert (config.branding.launcher_label, config.behavior.triggers) == (None, [])
    off = ("sound_enabled", "title_flash_enabled", "preview_enabled", "hide_when_offline")
    assert [name for name in off if getattr(config.behavior, name)] == []
    assert (config.localization.use_browser_language, config.localization.custom_text_by_language) == (False, {})
    features = config.features
    assert (features.read_receipts_enabled, features.rating_comment_enabled) == (True, True)
    assert [features.nps_enabled, features.transcript_enabled, features.past_conversations_enabled] == [False] * 3
    assert [features.pre_chat_form.enabled, features.offline_form.enabled] == [False] * 2
    assert WidgetConfig.model_validate(config.model_dump(mode="json")) == config


def test_no_file_with_scripts_of_its_own_is_allowed_unless_somebody_says_so() -> None:
    allowed = Features().allowed_file_types
    assert {"image/png", "image/jpeg", "application/pdf"} <= set(allowed)
    assert [kind for kind in allowed if "html" in kind or "svg" in kind or "xml" in kind.split("/")[1].split(".")] == []
    assert [kind for kind in allowed if kind.endswith("/*")] == []


@pytest.mark.parametrize(
    ("said", "where"),
    [
        ({"allowed_file_types": []}, ["allowed_file_types"]),
        ({"allowed_file_types": ["image/*", "application/x-7z-compressed", "application/ld+json"]}, []),
        ({"allowed_file_types": ["*/*"]}, ["allowed_file_types.0"]),
        ({"allowed_file_types": ["a/b", "png", "a/", "A/B", "a/b*"]}, [f"allowed_file_types.{n}" for n in (1, 2, 3, 4)]),
        ({"allowed_file_types": ["image/png"] * 51}, ["allowed_file_types"]),
        ({"pre_chat_form": {"enabled": True, "fields": [FIELD]}}, []),
        ({"pre_chat_form": {"enabled": True}}, ["pre_chat_form.fields"]),
        ({"pre_chat_form": {"enabled": True, "fields": []}}, ["pre_chat_form.fields"]),
        ({"pre_chat_form": {"fields": [FIELD, FIELD]}}, ["pre_chat_form.fields"]),
        ({"pre_chat_form": {"fields": [{**FIELD, "type": "text"}]}}, ["pre_chat_form.fields.0.type"]),
        ({"pre_chat_form": {"fields": [{**FIELD, "name": f"f{n}"} for n in range(15)]}}, []),
        ({"pre_chat_form": {"fields": [{**FIELD, "name": f"f{n}"} for n in range(16)]}}, ["pre_chat_form.fields"]),
        ({"pre_chat_form": {"thanks": "x"}}, ["pre_chat_form.thanks"]),
        ({"offline_form": {"enabled": True}}, ["offline_form.fields"]),
        ({"offline_form": {"enabled": True, "fields": [FIELD], "title": "Away", "intro": "Write", "thanks": "Thanks"}}, []),
        ({"offline_form": None}, ["offline_form"]),
    ],
    ids=lambda said: str(said)[:60],
)  # fmt: skip
def test_features_have_their_limits(said: dict[str, Any], where: list[str]) -> None:
    assert wrong(Features, said) == where


@pytest.mark.parametrize(
    ("said", "where"),
    [
        ({"event": "delay", "delay_seconds": 0}, []),
        ({"event": "delay", "delay_seconds": 3600, "url_pattern": "/pricing*"}, []),
        ({"event": "delay"}, ["delay_seconds"]),
        ({"event": "delay", "delay_seconds": -1}, ["delay_seconds"]),
        ({"event": "delay", "delay_seconds": 3601}, ["delay_seconds"]),
        ({"event": "delay", "delay_seconds": 1.5}, ["delay_seconds"]),
        ({"event": "delay", "delay_seconds": 5, "scroll_percent": 50}, ["scroll_percent"]),
        ({"event": "scroll", "scroll_percent": 50}, []),
        ({"event": "scroll"}, ["scroll_percent"]),
        ({"event": "scroll", "scroll_percent": 0}, ["scroll_percent"]),
        ({"event": "scroll", "scroll_percent": 101}, ["scroll_percent"]),
        ({"event": "scroll", "scroll_percent": 50, "delay_seconds": 5}, ["delay_seconds"]),
        ({"event": "exit_intent"}, []),
        ({"event": "exit_intent", "delay_seconds": 1}, ["delay_seconds"]),
        ({"event": "page", "url_pattern": "/checkout"}, []),
        ({"event": "page"}, ["url_pattern"]),
        ({"event": "load"}, ["event"]),
        ({"event": "exit_intent", "action": "message"}, ["message"]),
        ({"event": "exit_intent", "action": "message", "message": " "}, ["message"]),
        ({"event": "exit_intent", "action": "message", "message": "x" * 501}, ["message"]),
        ({"event": "exit_intent", "action": "message", "message": "Any questions?"}, []),
        ({"event": "exit_intent", "action": "open", "message": "Unsaid"}, ["message"]),
        ({"event": "exit_intent", "action": "run"}, ["action"]),
        ({"event": "exit_intent", "once": "hour"}, ["once"]),
        ({"event": "exit_intent", "id": "Über"}, ["id"]),
        ({"event": "exit_intent", "script": "alert(1)"}, ["script"]),
    ],
    ids=lambda said: str(said)[:60],
)
def test_a_trigger_has_what_its_event_and_its_action_need_and_nothing_else(said: dict[str, Any], where: list[str]) -> None:
    assert wrong(Trigger, {"id": "t", "action": "open", **said}) == where


@pytest.mark.parametrize("pattern", ["/", "*", "/a*b?c=*", "https://shop.example/*", "http://*", "/*" * 250, "/%C3%BC", "/ü"])
def test_an_address_pattern_begins_with_a_path_a_star_or_a_scheme(pattern: str) -> None:
    assert wrong(Trigger, {"id": "t", "action": "open", "event": "page", "url_pattern": pattern}) == []


@pytest.mark.parametrize(
    "pattern", ["", "pricing", "javascript:alert(1)", "ftp://x", "https:", "/a b", "/a\n", "/a\0", "/a#b", "/" * 501, 1, ["/"]]
)
def test_what_is_no_address_pattern_is_refused(pattern: Any) -> None:
    assert wrong(Trigger, {"id": "t", "action": "open", "event": "page", "url_pattern": pattern}) == ["url_pattern"]


def test_triggers_are_at_most_twenty_and_each_has_its_own_id() -> None:
    triggers = [{"id": f"t{n}", "event": "exit_intent", "action": "open"} for n in range(21)]
    assert wrong(Behavior, {"triggers": triggers[:20]}) == []
    assert wrong(Behavior, {"triggers": triggers}) == ["triggers"]
    assert wrong(Behavior, {"triggers": [triggers[0], triggers[0]]}) == ["triggers"]


def test_words_are_replaced_in_every_language_or_in_one() -> None:
    assert (
        wrong(Localization, {"custom_text_overrides": {"title": "Hi"}, "custom_text_by_language": {"pt-BR": {"title": "Oi"}}})
        == []
    )
    assert wrong(Localization, {"custom_text_by_language": {"German": {"title": "Hallo"}}}) != []
    assert wrong(Localization, {"custom_text_by_language": {"de": "Hallo"}}) == ["custom_text_by_language.de"]
    assert wrong(Localization, {"custom_text_by_language": {f"x{a}{b}": {} for a in "abcdefgh" for b in "abcdefgh"}}) != []
    assert wrong(Localization, {"custom_text_overrides": {"de": {"title": "Hallo"}}}) == ["custom_text_overrides.de"]


def test_the_launchers_label_is_short() -> None:
    assert wrong(Branding, {"launcher_label": "Chat with us"}) == []
    assert wrong(Branding, {"launcher_label": "x" * 41}) == ["launcher_label"]


def test_a_part_that_a_later_version_stored_takes_its_default_alone() -> None:
    """A page does not go dark for it, and what stands beside it is understood."""
    read = stored(Features, {"pre_chat_form": {"enabled": True, "fields": [{"type": "hologram"}]}, "nps_enabled": True})
    assert read == Features(nps_enabled=True)
    triggers = [{"id": "t", "event": "telepathy", "action": "open"}]
    assert stored(Behavior, {"triggers": triggers, "offset_x": 7}) == Behavior(offset_x=7)
