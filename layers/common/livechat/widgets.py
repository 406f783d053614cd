"""A customer's widgets: their configuration, and what a page is told of it."""

from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

from psycopg.types.json import Jsonb
from pydantic import AfterValidator, BaseModel, Field, StringConstraints, ValidationError

from livechat import audit, domains, hours, outbox
from livechat.db import TenantTransaction
from livechat.errors import PlanLimitReached, ValidationFailed, WidgetNotFound, field_errors
from livechat.hours import WorkingHours
from livechat.wire import AgentRef, Answer, Attributes, Body, LongText, Page, ShortText, Timestamp, Url, no_nul

Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), AfterValidator(no_nul)]


Domain = Annotated[str, StringConstraints(max_length=253), AfterValidator(domains.normalise)]
Domains = Annotated[list[Domain], Field(max_length=200)]


class Branding(Body):
    """How the widget looks."""

    primary_color: Colour = "#3B82F6"
    secondary_color: Colour = "#1E40AF"
    font_family: ShortText = "system-ui"
    widget_shape: Literal["rounded", "square", "circle"] = "rounded"
    logo_url: Url | None = None
    color_scheme: Literal["light", "dark", "auto"] = "auto"


class Behavior(Body):
    """Where the widget stands, when it opens, and what it says first."""

    position: Literal["bottom-right", "bottom-left"] = "bottom-right"
    offset_x: Annotated[int, Field(ge=0, le=500)] = 20
    offset_y: Annotated[int, Field(ge=0, le=500)] = 20
    z_index: Annotated[int, Field(ge=0, le=2147483647)] = 2147483000
    auto_open_enabled: bool = False
    auto_open_delay_seconds: Annotated[int, Field(ge=0, le=3600)] = 5
    welcome_message: LongText = "Hello! How can we help?"
    online_message: LongText = "We are online!"
    away_message: LongText = "We are away at the moment. Leave a message and we will answer as soon as we are back."


class Localization(Body):
    """Which language the widget speaks, and words put in place of its own."""

    default_language: Language = "en"
    supported_languages: Annotated[list[Language], Field(min_length=1, max_length=50)] = ["en"]
    custom_text_overrides: dict[ShortText, LongText] = {}


class Features(Body):
    """What the widget offers."""

    file_upload_enabled: bool = True
    max_file_size: Annotated[int, Field(ge=1, le=104857600)] = 10485760
    emoji_enabled: bool = True
    chatbot_enabled: bool = False
    typing_indicator_enabled: bool = True
    rating_enabled: bool = True
    gdpr_consent_required: bool = False
    gdpr_text: LongText = "I agree that my messages and details are stored to answer my request."
    integrations: Attributes = {}


class RoutingRules(Body):
    """Who gets a new conversation: the least busy available agent, or whoever takes it from the queue."""

    assignment: Literal["automatic", "manual"] = "automatic"


class WidgetConfig(Body):
    """Everything an admin sets for a widget."""

    name: Name = "Widget"
    branding: Branding = Branding()
    behavior: Behavior = Behavior()
    localization: Localization = Localization()
    features: Features = Features()
    working_hours: WorkingHours = WorkingHours()
    routing_rules: RoutingRules = RoutingRules()
    allowed_domains: Domains = []
    blocked_domains: Domains = []
    is_active: bool = True


class WidgetChange(Body):
    """The fields to change; what is left out, also within a section, stays as it is."""

    name: Name | None = None
    branding: Attributes | None = None
    behavior: Attributes | None = None
    localization: Attributes | None = None
    features: Attributes | None = None
    working_hours: Attributes | None = None
    routing_rules: Attributes | None = None
    allowed_domains: Domains | None = None
    blocked_domains: Domains | None = None
    is_active: bool | None = None


class Widget(WidgetConfig):
    """A stored widget."""

    id: UUID
    customer_id: UUID
    version: str
    created_at: Timestamp
    updated_at: Timestamp


class PublicBehavior(Behavior):
    """The behaviour, and the one message that fits this moment."""

    effective_message: str


class PublicHours(Answer):
    enabled: bool
    timezone: str
    is_open: bool


class Availability(Answer):
    """Who could answer now: agents that are online and heard of within 90 s."""

    online_count: int
    is_online: bool
    available_agents: list[AgentRef]


class PublicConfig(Answer):
    """What a page is told (spec §2A)."""

    widget_id: UUID
    customer_id: UUID
    version: str
    cdn_url: str
    websocket_url: str
    api_url: str
    branding: Branding
    behavior: PublicBehavior
    localization: Localization
    features: Features
    working_hours: PublicHours
    agents: Availability
    routing: RoutingRules
    timestamp: Timestamp
    cache_key: str

    def etag(self) -> str:
        """A strong validator of everything but the moment of answering."""
        return f'"{sha256(self.model_dump_json(exclude={"timestamp"}).encode()).hexdigest()[:32]}"'


SECTIONS: dict[str, type[BaseModel]] = {
    "branding": Branding,
    "behavior": Behavior,
    "localization": Localization,
    "features": Features,
    "working_hours": WorkingHours,
    "routing_rules": RoutingRules,
}


async def public_config(tx: TenantTransaction, public_url: str, websocket_url: str, now: datetime) -> PublicConfig:
    """What the page that stands before the widget is told at `now`."""
    row = await tx.one("widgets.public")
    if row is None:
        raise WidgetNotFound
    working_hours = stored(WorkingHours, row["working_hours"])
    behavior = stored(Behavior, row["behavior"])
    open_now = hours.is_open(working_hours, now)
    is_online = open_now and row["online_count"] > 0
    return PublicConfig(
        widget_id=row["id"],
        customer_id=row["customer_id"],
        version=row["version"],
        cdn_url=public_url,
        websocket_url=websocket_url,
        api_url=f"{public_url}/functions/v1",
        branding=stored(Branding, row["branding"]),
        behavior=PublicBehavior(
            **behavior.model_dump(),
            effective_message=behavior.online_message if is_online else behavior.away_message,
        ),
        localization=stored(Localization, row["localization"]),
        features=stored(Features, row["features"]),
        working_hours=PublicHours(enabled=working_hours.enabled, timezone=working_hours.timezone, is_open=open_now),
        agents=Availability(
            online_count=row["online_count"],
            is_online=is_online,
            available_agents=[AgentRef(**agent) for agent in row["available_agents"]] if open_now else [],
        ),
        routing=stored(RoutingRules, row["routing_rules"]),
        timestamp=now,
        cache_key=f"{row['id']}-{row['version']}",
    )


async def list_all(tx: TenantTransaction, cursor: UUID | None, limit: int) -> Page[Widget]:
    """The customer's widgets, oldest first."""
    rows = await tx.all("widgets.list", after=cursor, limit=limit + 1)
    return Page(
        items=[_widget(row) for row in rows[:limit]],
        next_cursor=str(rows[limit - 1]["id"]) if len(rows) > limit else None,
    )


async def create(tx: TenantTransaction, config: WidgetConfig, source: audit.Source) -> Widget:
    """Raises PlanLimitReached when the customer has as many widgets as its plan allows."""
    await tx.send("customers.lock")
    room = await tx.one("widgets.room")
    if not room or not room["is_left"]:
        raise PlanLimitReached("The plan allows no more widgets.")
    row = await tx.one("widgets.insert", **_wrapped(config.model_dump(mode="json")))
    assert row is not None
    widget = _widget(row)
    await audit.record(tx, source, "widget.created", "widget", widget.id, {"after": config.model_dump(mode="json")})
    return widget


async def update(tx: TenantTransaction, widget_id: UUID, change: WidgetChange, source: audit.Source) -> Widget:
    """Merge the change into the widget, raise its version, and write down what changed.

    Raises WidgetNotFound; ValidationFailed when the merged configuration does not hold.
    """
    before = await tx.one("widgets.lock", widget_id=widget_id)
    if before is None:
        raise WidgetNotFound
    columns = {field: before[field] for field in WidgetConfig.model_fields}
    problems: list[dict[str, str]] = []
    for field, value in change.model_dump(exclude_none=True).items():
        if field not in SECTIONS:
            columns[field] = value
            continue
        try:
            known = stored(SECTIONS[field], before[field]).model_dump(mode="json")
            section = SECTIONS[field].model_validate({**known, **value})
        except ValidationError as error:
            found = field_errors(error.errors(include_url=False))
            problems += [{**item, "field": f"{field}.{item['field']}"} for item in found]
        else:
            # What another version of the product has stored beside it stays.
            columns[field] = {**before[field], **section.model_dump(mode="json")}
    if problems:
        raise ValidationFailed(errors=problems)
    row = await tx.one("widgets.update", widget_id=widget_id, version=_next_version(before["version"]), **_wrapped(columns))
    assert row is not None
    changed = {
        field: {"before": before[field], "after": columns[field]} for field in columns if before[field] != columns[field]
    }
    await outbox.forget_config(tx)
    await audit.record(tx, source, "widget.updated", "widget", widget_id, {"version": row["version"], **changed})
    return _widget(row)


async def delete(tx: TenantTransaction, widget_id: UUID, source: audit.Source) -> None:
    """Take the widget off every page; its conversations stay."""
    if await tx.one("widgets.delete", widget_id=widget_id) is None:
        raise WidgetNotFound
    await outbox.forget_config(tx)
    await audit.record(tx, source, "widget.deleted", "widget", widget_id, {})


Section = TypeVar("Section", bound=BaseModel)


def stored(model: type[Section], value: dict[str, Any]) -> Section:
    """A stored part of a configuration, as far as this version of the product understands it.

    A later version may have stored fields that are unknown here, or values that are no longer allowed: those are left
    out or take their default, since a page must not go dark for them.
    """
    known = {name: item for name, item in value.items() if name in model.model_fields}
    try:
        return model.model_validate(known)
    except ValidationError as error:
        refused = {item["loc"][0] for item in error.errors()}
        return model.model_validate({name: item for name, item in known.items() if name not in refused})


def _next_version(version: str) -> str:
    major, minor, patch = version.split(".")
    return f"{major}.{minor}.{int(patch) + 1}"


def _wrapped(columns: dict[str, Any]) -> dict[str, Any]:
    return {field: Jsonb(value) if field in SECTIONS else value for field, value in columns.items()}


def _widget(row: dict[str, Any]) -> Widget:
    """A stored widget. Its domains and state are never defaulted: an empty list would open it to every site."""
    fields: dict[str, Any] = {name: row[name] for name in Widget.model_fields}
    fields |= {name: stored(model, row[name]) for name, model in SECTIONS.items()}
    return Widget.model_construct(**fields)
