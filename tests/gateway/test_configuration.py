"""Widgets and accounts: what an admin sets, and what a page is told of it."""

import pytest

from tests.client import Agent, Caller, Json
from tests.stack import Stack


@pytest.fixture(scope="module")
def admin(stack: Stack) -> Agent:
    account = next(agent for agent in stack.agents if agent["role"] == "admin")
    return Agent.sign_in(stack.base_url, stack.identity, account["email"], account["password"])


def test_a_page_is_told_the_configuration_and_asks_again_for_free(stack: Stack) -> None:
    page = Caller(stack.base_url)
    for query in (f"id={stack.api_key}", f"customer_id={stack.api_key}", f"widget_id={stack.widget_id}"):
        answer = page.get(f"/widget-config?{query}")
        assert answer.status == 200
        assert answer.body["widget_id"] == stack.widget_id
        assert answer.body["customer_id"] == stack.customer_id
        assert answer.body["cache_key"] == f"{stack.widget_id}-{answer.body['version']}"
        assert answer.body["api_url"] == f"{stack.base_url}/functions/v1"
        assert answer.headers["cache-control"] == "public, max-age=60, s-maxage=300"
        assert "Origin" in answer.headers["vary"]
        etag = answer.headers["etag"]
        for sent in (etag, f"W/{etag}", f'"other", {etag}'):
            again = page.get(f"/widget-config?{query}", headers={"if-none-match": sent})
            assert (again.status, again.body) == (304, b"")


def test_a_change_raises_the_version_merges_and_is_on_the_page_at_once(stack: Stack, admin: Agent) -> None:
    made = admin.caller.post("/admin-config/widget", {"name": "Trial", "behavior": {"welcome_message": "Ahoy"}})
    assert (made.status, made.body["version"]) == (201, "1.0.0")
    path = f"/admin-config/widget?widget_id={made.body['id']}"
    changed = admin.caller.call("PUT", path, {"branding": {"primary_color": "#00AA55"}})
    assert (changed.status, changed.body["version"]) == (200, "1.0.1")
    shown = Caller(stack.base_url).get(f"/widget-config?widget_id={made.body['id']}").body
    assert shown["branding"]["primary_color"] == "#00AA55"
    assert shown["behavior"]["welcome_message"] == "Ahoy"
    wrong = admin.caller.call("PUT", path, {"branding": {"primary_color": "red"}, "allowed_domains": ["https://x.example/"]})
    assert wrong.status == 422
    assert {error["field"] for error in wrong.body["errors"]} == {"allowed_domains.0"}
    wrong = admin.caller.call("PUT", path, {"branding": {"primary_color": "red", "shine": 1}})
    assert {error["field"] for error in wrong.body["errors"]} == {"branding.primary_color", "branding.shine"}
    assert admin.caller.call("DELETE", path).status == 204
    assert admin.caller.call("DELETE", path).status == 404


def test_a_page_is_told_every_field_and_of_resting_forms_no_question(stack: Stack, admin: Agent) -> None:
    fields = [{"name": "email", "type": "email", "label": "E-mail", "required": True}]
    trigger = {"id": "stay", "event": "exit_intent", "action": "message", "message": "Wait!"}
    said = {
        "branding": {"launcher_label": "Ask us"},
        "behavior": {"triggers": [trigger], "hide_when_offline": True},
        "localization": {"use_browser_language": True, "custom_text_by_language": {"de": {"title": "Fragen?"}}},
        "features": {"pre_chat_form": {"enabled": True, "fields": fields}, "offline_form": {"fields": fields}},
    }
    made = admin.caller.post("/admin-config/widget", {"name": "Whole", **said})
    assert made.status == 201, made
    path = f"/admin-config/widget?widget_id={made.body['id']}"
    shown = Caller(stack.base_url).get(f"/widget-config?widget_id={made.body['id']}").body
    assert shown["branding"] == made.body["branding"]
    assert shown["localization"] == made.body["localization"]
    assert {name: shown["behavior"][name] for name in made.body["behavior"]} == made.body["behavior"]
    resting: Json = {"enabled": False, "title": None, "intro": None, "fields": [], "thanks": None}
    assert shown["features"] == {**made.body["features"], "offline_form": resting}
    assert made.body["features"]["offline_form"]["fields"][0]["name"] == "email"
    for section, wrong, where in (
        ("behavior", {"triggers": [{**trigger, "message": None}]}, "behavior.triggers.0.message"),
        ("behavior", {"triggers": [trigger, trigger]}, "behavior.triggers"),
        ("features", {"offline_form": {"enabled": True}}, "features.offline_form.fields"),
        ("features", {"allowed_file_types": ["png"]}, "features.allowed_file_types.0"),
        ("localization", {"custom_text_by_language": {"de": []}}, "localization.custom_text_by_language.de"),
    ):
        refused = admin.caller.call("PUT", path, {section: wrong})
        assert (refused.status, [error["field"] for error in refused.body["errors"]]) == (422, [where])
        refused = admin.caller.post("/admin-config/widget", {section: wrong})
        assert (refused.status, [error["field"] for error in refused.body["errors"]]) == (422, [where])
    assert admin.caller.call("DELETE", path).status == 204


def test_closed_hours_and_absent_agents_choose_the_message(stack: Stack, admin: Agent) -> None:
    hours = {"enabled": True, "timezone": "Europe/Berlin", "schedule": {}}
    behavior = {"online_message": "Here!", "away_message": "Closed."}
    made = admin.caller.post("/admin-config/widget", {"name": "Hours", "working_hours": hours, "behavior": behavior}).body
    page = Caller(stack.base_url)
    admin.be("online")
    closed = page.get(f"/widget-config?widget_id={made['id']}").body
    assert (closed["working_hours"]["is_open"], closed["behavior"]["effective_message"]) == (False, "Closed.")
    assert (closed["agents"]["is_online"], closed["agents"]["available_agents"]) == (False, [])
    admin.caller.call("PUT", f"/admin-config/widget?widget_id={made['id']}", {"working_hours": {"enabled": False}})
    shown = page.get(f"/widget-config?widget_id={made['id']}").body
    assert shown["behavior"]["effective_message"] == "Here!"
    assert shown["agents"]["is_online"]
    assert admin.id in [agent["id"] for agent in shown["agents"]["available_agents"]]
    admin.be("offline")
    shown = page.get(f"/widget-config?widget_id={made['id']}").body
    assert admin.id not in [agent["id"] for agent in shown["agents"]["available_agents"]]
    admin.caller.call("DELETE", f"/admin-config/widget?widget_id={made['id']}")


def test_a_refreshed_key_works_and_the_old_one_stops_at_once(stack: Stack) -> None:
    account = next(agent for agent in stack.second_customer["agents"] if agent["role"] == "admin")
    admin = Agent.sign_in(stack.base_url, stack.identity, account["email"], account["password"])
    page = Caller(stack.base_url)
    old = admin.caller.get("/admin-config/customer").body["api_key"]
    assert page.get(f"/widget-config?id={old}").status == 200
    new = admin.caller.post("/admin-config/refresh-key").body["api_key"]
    assert new != old
    assert page.get(f"/widget-config?id={old}").status == 404
    assert page.get(f"/widget-config?id={new}").status == 200


def test_two_different_keys_are_refused_and_monitors_may_ask_by_head(stack: Stack) -> None:
    page = Caller(stack.base_url)
    answer = page.get(f"/widget-config?id={stack.api_key}&customer_id=lc_other")
    assert (answer.status, answer.body["code"]) == (400, "invalid_query")
    assert page.call("HEAD", f"/widget-config?id={stack.api_key}").status == 200
    assert page.get(f"/widget-config?id={stack.api_key}", headers={"if-none-match": "*"}).status == 304


def test_the_account_shows_plan_keys_and_use(admin: Agent) -> None:
    customer = admin.caller.get("/admin-config/customer").body
    assert customer["usage"]["widgets"] == len(admin.caller.get("/admin-config/widgets?limit=100").body["items"])
    assert customer["usage"]["agents"] == 3
    assert customer["api_secret"]


def test_health_is_told_when_everything_is_up(stack: Stack) -> None:
    answer = Caller(stack.base_url).pool.request("GET", f"{stack.base_url}/healthz")
    assert (answer.status, answer.json()) == (200, {"status": "ok"})
