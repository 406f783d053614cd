"""Widgets and accounts as their admin changes them, and what a page is told of them."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from livechat import customers, widgets
from livechat.agents import must_be_admin
from livechat.audit import Source
from livechat.errors import (
    AgentUnknown,
    CustomerSuspended,
    DomainNotAllowed,
    Forbidden,
    PlanLimitReached,
    ValidationFailed,
    WidgetNotFound,
)
from livechat.identity import PageVisitor, Principal, SignedInAgent
from livechat.widgets import PublicConfig, Widget, WidgetChange, WidgetConfig
from tests.database.world import SOMEWHERE, Agent, Database, World

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)  # a Wednesday


async def change(database: Database, admin: Agent, widget_id: UUID, origin: Source = SOMEWHERE, **fields: Any) -> Widget:
    async with database.tenant(admin.principal) as tx:
        return await widgets.update(tx, widget_id, WidgetChange.model_validate(fields), origin)


async def config(database: Database, page: PageVisitor, now: datetime = NOON) -> PublicConfig:
    async with database.tenant(page) as tx:
        return await widgets.public_config(tx, "https://chat.example", "wss://chat.example", now)


async def audited(database: Database, customer_id: UUID) -> list[dict[str, Any]]:
    return await database.all(
        "select agent_id, action, resource_id, changes, ip_address, user_agent from audit_logs"
        " where customer_id = %(id)s order by id",
        id=customer_id,
    )


async def test_a_change_merges_raises_the_version_and_is_written_down(
    environment: None, database: Database, world: World
) -> None:
    acme = world.acme
    before = await audited(database, acme.id)
    changed = await change(
        database,
        acme.admin,
        acme.widget_id,
        Source("192.0.2.7", "Browser/1"),
        branding={"primary_color": "#FF0000"},
        allowed_domains=["Shop.Example.", "*.example.com"],
    )
    assert changed.version == "1.0.1"
    assert (changed.branding.primary_color, changed.branding.secondary_color) == ("#FF0000", "#1E40AF")
    assert changed.allowed_domains == ["shop.example", "*.example.com"]
    assert changed.name == "Website"
    (line,) = (await audited(database, acme.id))[len(before) :]
    assert (line["agent_id"], line["action"], line["resource_id"]) == (acme.admin.id, "widget.updated", str(acme.widget_id))
    assert line["changes"]["version"] == "1.0.1"
    assert set(line["changes"]) == {"version", "branding", "allowed_domains"}
    assert line["changes"]["branding"]["before"]["primary_color"] == "#3B82F6"
    assert line["changes"]["branding"]["after"]["primary_color"] == "#FF0000"
    assert line["user_agent"] == "Browser/1"
    assert line["ip_address"]
    assert "192.0.2.7" not in line["ip_address"]


async def test_changes_at_once_are_all_kept_and_all_counted(database: Database, world: World) -> None:
    acme = world.acme
    fields: list[dict[str, Any]] = [
        {"name": "Shop"},
        {"branding": {"primary_color": "#000001"}},
        {"branding": {"secondary_color": "#000002"}},
        {"behavior": {"offset_x": 7}},
        {"features": {"emoji_enabled": False}},
        {"blocked_domains": ["bad.example"]},
    ]
    await asyncio.gather(*(change(database, acme.admin, acme.widget_id, **each) for each in fields))
    stored = await change(database, acme.admin, acme.widget_id)
    assert stored.version == "1.0.7"
    assert (stored.name, stored.branding.primary_color, stored.branding.secondary_color) == ("Shop", "#000001", "#000002")
    assert (stored.behavior.offset_x, stored.features.emoji_enabled) == (7, False)
    assert stored.blocked_domains == ["bad.example"]


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"branding": {"primary_color": "red"}}, "branding.primary_color"),
        ({"branding": {"colour": "#000000"}}, "branding.colour"),
        ({"behavior": {"offset_x": -1}}, "behavior.offset_x"),
        ({"working_hours": {"timezone": "Mars/Olympus"}}, "working_hours.timezone"),
        ({"working_hours": {"schedule": {"monday": [{"start": "9", "end": "17"}]}}}, "working_hours.schedule.monday.0.start"),
        ({"localization": {"supported_languages": []}}, "localization.supported_languages"),
        ({"behavior": {"triggers": [{"id": "t", "event": "page", "action": "open"}]}}, "behavior.triggers.0.url_pattern"),
        ({"features": {"pre_chat_form": {"enabled": True}}}, "features.pre_chat_form.fields"),
    ],
)
async def test_a_change_that_does_not_hold_changes_nothing(
    fields: dict[str, Any], where: str, database: Database, world: World
) -> None:
    with pytest.raises(ValidationFailed) as caught:
        await change(database, world.acme.admin, world.acme.widget_id, **fields)
    assert caught.value.errors
    assert caught.value.errors[0]["field"] == where
    assert (await change(database, world.acme.admin, world.acme.widget_id)).version == "1.0.1"


async def test_another_tenants_widget_is_not_found(database: Database, world: World) -> None:
    for widget_id in (world.acme.widget_id, uuid4()):
        with pytest.raises(WidgetNotFound):
            await change(database, world.globex.admin, widget_id, name="Mine")
        async with database.tenant(world.globex.admin.principal) as tx:
            with pytest.raises(WidgetNotFound):
                await widgets.delete(tx, widget_id, SOMEWHERE)


async def test_only_an_admin_is_an_admin(database: Database, world: World) -> None:
    people: list[Principal] = [world.acme.agent.principal, world.acme.visitor.principal, PageVisitor(world.acme.widget_id)]
    for principal in people:
        async with database.tenant(principal) as tx:
            with pytest.raises(Forbidden):
                must_be_admin(tx)


async def test_a_deleted_widget_is_gone_from_every_page_and_its_conversations_stay(database: Database, world: World) -> None:
    acme = world.acme
    async with database.tenant(acme.admin.principal) as tx:
        await widgets.delete(tx, acme.widget_id, SOMEWHERE)
    with pytest.raises(WidgetNotFound):
        await config(database, PageVisitor(acme.widget_id))
    with pytest.raises(WidgetNotFound):
        await change(database, acme.admin, acme.widget_id, name="Back")
    async with database.tenant(acme.admin.principal) as tx:
        assert [widget.id for widget in (await widgets.list_all(tx, None, 10)).items] == [acme.other_widget_id]
    assert (await config(database, PageVisitor(api_key=acme.api_key))).widget_id == acme.other_widget_id
    left = await database.one("select count(*) as n from conversations where widget_id = %(id)s", id=acme.widget_id)
    assert left == {"n": 2}
    with pytest.raises(WidgetNotFound):
        await database.write(acme.visitor.principal, acme.visitor.conversation_id, "Anybody?")
    await database.write(acme.agent.principal, acme.visitor.conversation_id, "I can still answer")


async def test_the_last_place_of_a_plan_is_given_once(database: Database, world: World) -> None:
    acme = world.acme
    await database.do("update customers set max_widgets = 5 where id = %(id)s", id=acme.id)
    results = await asyncio.gather(
        *(database.add_widget(acme.admin, WidgetConfig(name=f"Widget {n}")) for n in range(8)), return_exceptions=True
    )
    assert sum(isinstance(result, Widget) for result in results) == 3
    assert sum(isinstance(result, PlanLimitReached) for result in results) == 5
    async with database.tenant(acme.admin.principal) as tx:
        assert (await customers.account(tx)).usage.model_dump() == {"widgets": 5, "agents": 3}
        await widgets.delete(tx, acme.other_widget_id, SOMEWHERE)
    assert await database.add_widget(acme.admin, WidgetConfig(name="In its place"))


async def test_widgets_are_listed_page_by_page(database: Database, world: World) -> None:
    acme = world.acme
    made = [(await database.add_widget(acme.admin, WidgetConfig(name=f"{n}"))).id for n in range(3)]
    found: list[UUID] = []
    cursor: str | None = None
    while True:
        async with database.tenant(acme.admin.principal) as tx:
            page = await widgets.list_all(tx, UUID(cursor) if cursor else None, 2)
        found += [widget.id for widget in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == [acme.widget_id, acme.other_widget_id, *made]


# --- keys


async def test_a_refreshed_key_works_at_once_and_the_old_one_no_more(database: Database, world: World) -> None:
    acme = world.acme
    async with database.tenant(acme.admin.principal) as tx:
        new = (await customers.refresh_key(tx, SOMEWHERE)).api_key
    assert new != acme.api_key
    assert (await config(database, PageVisitor(api_key=new))).customer_id == acme.id
    with pytest.raises(WidgetNotFound):
        await config(database, PageVisitor(api_key=acme.api_key))
    with pytest.raises(WidgetNotFound):
        await config(database, PageVisitor(acme.widget_id, acme.api_key))
    assert (await audited(database, acme.id))[-1]["action"] == "customer.api_key_refreshed"
    assert new not in str(await audited(database, acme.id))


async def test_a_key_alone_means_the_oldest_active_widget(database: Database, world: World) -> None:
    acme = world.acme
    assert (await config(database, PageVisitor(api_key=acme.api_key))).widget_id == acme.widget_id
    await change(database, acme.admin, acme.widget_id, is_active=False)
    assert (await config(database, PageVisitor(api_key=acme.api_key))).widget_id == acme.other_widget_id
    await change(database, acme.admin, acme.other_widget_id, is_active=False)
    with pytest.raises(WidgetNotFound):
        await config(database, PageVisitor(api_key=acme.api_key))


async def test_key_and_widget_must_be_the_same_customers(database: Database, world: World) -> None:
    acme, globex = world.acme, world.globex
    assert (await config(database, PageVisitor(acme.other_widget_id, acme.api_key))).widget_id == acme.other_widget_id
    for page in (
        PageVisitor(acme.widget_id, globex.api_key),
        PageVisitor(acme.widget_id, "guess"),
        PageVisitor(api_key="guess"),
        PageVisitor(api_key=""),
        PageVisitor(uuid4()),
        PageVisitor(acme.id),
    ):
        with pytest.raises(WidgetNotFound):
            await config(database, page)


# --- what a page is told


async def test_the_message_fits_the_moment(database: Database, world: World) -> None:
    acme = world.acme
    await change(
        database,
        acme.admin,
        acme.widget_id,
        behavior={"online_message": "Here!", "away_message": "Gone."},
        working_hours={
            "enabled": True,
            "timezone": "Asia/Tokyo",
            "schedule": {"wednesday": [{"start": "20:00", "end": "22:00"}]},
        },
    )
    page = PageVisitor(acme.widget_id)
    nobody = await config(database, page)
    assert (nobody.working_hours.is_open, nobody.agents.is_online, nobody.behavior.effective_message) == (True, False, "Gone.")
    await database.go(acme.agent, "online")
    here = await config(database, page)
    assert (here.agents.online_count, here.agents.is_online, here.behavior.effective_message) == (1, True, "Here!")
    assert [agent.name for agent in here.agents.available_agents] == ["Bea"]
    late = await config(database, page, NOON.replace(hour=13))
    assert (late.working_hours.is_open, late.agents.available_agents, late.behavior.effective_message) == (False, [], "Gone.")
    await database.do("update agents set current_chat_count = max_concurrent_chats where id = %(id)s", id=acme.agent.id)
    full = await config(database, page)
    assert (full.agents.online_count, full.agents.available_agents, full.agents.is_online) == (1, [], True)


async def test_a_page_is_told_of_a_form_only_if_it_is_asked(database: Database, world: World) -> None:
    acme = world.acme
    page = PageVisitor(acme.widget_id)
    asked = {"title": "Who are you?", "fields": [{"name": "email", "type": "email", "label": "E-mail", "required": True}]}
    await change(database, acme.admin, acme.widget_id, features={"pre_chat_form": asked, "offline_form": asked})
    resting = await config(database, page)
    assert (resting.features.pre_chat_form.fields, resting.features.offline_form.title) == ([], None)
    kept = await change(database, acme.admin, acme.widget_id, features={"pre_chat_form": {**asked, "enabled": True}})
    assert kept.features.offline_form.fields[0].name == "email"
    told = await config(database, page)
    assert (told.features.pre_chat_form.enabled, told.features.pre_chat_form.fields[0].name) == (True, "email")
    assert (told.features.offline_form.fields, told.etag() != resting.etag()) == ([], True)


async def test_a_page_is_told_what_makes_its_widget_act(database: Database, world: World) -> None:
    acme = world.acme
    trigger = {"id": "stay", "event": "exit_intent", "action": "message", "message": "Wait!"}
    await change(
        database,
        acme.admin,
        acme.widget_id,
        behavior={"triggers": [trigger], "sound_enabled": True},
        localization={"custom_text_by_language": {"de": {"title": "Fragen?"}}},
    )
    told = (await config(database, PageVisitor(acme.widget_id))).model_dump(mode="json")
    assert told["behavior"]["triggers"] == [
        {**trigger, "delay_seconds": None, "scroll_percent": None, "url_pattern": None, "once": "session"}
    ]
    assert told["behavior"]["sound_enabled"]
    assert told["localization"]["custom_text_by_language"] == {"de": {"title": "Fragen?"}}


async def test_the_validator_changes_with_the_answer_and_not_with_the_time(database: Database, world: World) -> None:
    page = PageVisitor(world.acme.widget_id)
    first = await config(database, page)
    assert (await config(database, page, NOON.replace(minute=1))).etag() == first.etag()
    await change(database, world.acme.admin, world.acme.widget_id, name="Invisible to pages")
    renamed = await config(database, page)
    assert renamed.etag() != first.etag(), "the version is part of the answer"
    await database.go(world.acme.agent, "online")
    assert (await config(database, page)).etag() != renamed.etag()


async def test_a_page_is_told_no_secret(database: Database, world: World) -> None:
    await database.go(world.acme.agent, "online")
    told = (await config(database, PageVisitor(world.acme.widget_id))).model_dump_json()
    for secret in (world.acme.api_secret, world.acme.api_key, "@acme.example", world.acme.agent.user_id):
        assert secret not in told


# --- who is let in


@pytest.mark.parametrize(
    ("origin", "is_let_in"),
    [
        ("https://shop.example", True),
        ("https://SHOP.example:8443", True),
        ("https://www.good.example", True),
        ("https://bad.good.example", False),
        ("https://good.example", False),
        ("https://shop.example.evil.example", False),
        ("null", False),
        (None, True),
    ],
)
async def test_a_widget_works_on_the_sites_of_its_lists(
    origin: str | None, is_let_in: bool, database: Database, world: World
) -> None:
    acme = world.acme
    await change(
        database,
        acme.admin,
        acme.widget_id,
        allowed_domains=["shop.example", "*.good.example"],
        blocked_domains=["bad.good.example"],
    )
    for principal in (PageVisitor(acme.widget_id, origin=origin), replace(acme.visitor.principal, origin=origin)):
        if is_let_in:
            async with database.tenant(principal):
                pass
        else:
            with pytest.raises(DomainNotAllowed):
                async with database.tenant(principal):
                    pass


async def test_a_suspended_customers_visitors_are_told_so_and_its_agents_come_in(database: Database, world: World) -> None:
    acme = world.acme
    await database.do("update customers set is_active = false where id = %(id)s", id=acme.id)
    for principal in (PageVisitor(acme.widget_id), PageVisitor(api_key=acme.api_key), acme.visitor.principal):
        with pytest.raises(CustomerSuspended):
            async with database.tenant(principal):
                pass
    async with database.tenant(acme.agent.principal) as tx:
        assert not tx.actor.customer_is_active


async def test_an_agent_that_was_taken_off_is_out_at_once(database: Database, world: World) -> None:
    agent = world.acme.agent
    await database.do("update agents set is_active = false where id = %(id)s", id=agent.id)
    for principal in (agent.principal, SignedInAgent("unheard-of"), SignedInAgent("")):
        with pytest.raises(AgentUnknown):
            async with database.tenant(principal):
                pass


async def test_an_agents_role_is_looked_up_anew_for_every_request(database: Database, world: World) -> None:
    async with database.tenant(world.acme.agent.principal) as tx:
        assert tx.actor.kind == "agent"
    await database.do("update agents set role = 'admin' where id = %(id)s", id=world.acme.agent.id)
    async with database.tenant(world.acme.agent.principal) as tx:
        assert tx.actor.kind == "admin"


async def test_a_change_touches_only_what_it_names(environment: None, database: Database, world: World) -> None:
    """Whatever another version stored, also what this one would refuse, stays: an emptied list would open the widget."""
    acme = world.acme
    stored_by_another = ["127.0.0.1", "shop.example", "bad domain!"]
    await database.do(
        "update widget_configs set allowed_domains = %(domains)s,"
        ' branding = branding || \'{"hologram": true, "widget_shape": "hexagon"}\' where id = %(id)s',
        domains=stored_by_another,
        id=acme.widget_id,
    )
    changed = await change(database, acme.admin, acme.widget_id, branding={"primary_color": "#FF0000"})
    assert changed.allowed_domains == stored_by_another
    row = await database.one("select allowed_domains, branding from widget_configs where id = %(id)s", id=acme.widget_id)
    assert row["allowed_domains"] == stored_by_another
    assert (row["branding"]["hologram"], row["branding"]["primary_color"]) == (True, "#FF0000")
    assert (row["branding"]["widget_shape"], changed.branding.widget_shape) == ("hexagon", "rounded")
    with pytest.raises(DomainNotAllowed):
        await config(database, PageVisitor(acme.widget_id, None, "https://evil.example"))
