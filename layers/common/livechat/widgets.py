"""A customer's widgets: their configuration, and what a page is told of it."""

from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

from psycopg.types.json import Jsonb
from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from livechat import audit, domains, hours, outbox
from livechat.db import TenantTransaction
from livechat.errors import PlanLimitReached, ValidationFailed, WidgetNotFound, field_errors
from livechat.forms import Fields, FormField
from livechat.hours import WorkingHours
from livechat.wire import AgentRef, Answer, Attributes, Body, LongText, Page, ShortText, Slug, Timestamp, Url, no_nul

Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), AfterValidator(no_nul)]


Domain = Annotated[str, StringConstraints(max_length=253), AfterValidator(domains.normalise)]
Domains = Annotated[list[Domain], Field(max_length=200)]

# Where pages are told apart: a path with its query, or a whole address; `*` stands for anything.
UrlPattern = Annotated[str, StringConstraints(max_length=500, pattern=r"^(/|\*|https?://)[^\s\x00-\x1f#]*$")]


class Branding(Body):
    """How the widget looks."""

    primary_color: Colour = Field("#3B82F6", description="The launcher, the panel's head and the visitor's own messages.")
    secondary_color: Colour = Field(
        "#1E40AF",
        description="A second colour of the brand, for clients of the customer's own; the widget shades the primary one.",
    )
    font_family: ShortText = Field("system-ui", description="A font that the page has, as CSS names it.")
    widget_shape: Literal["rounded", "square", "circle"] = Field(
        "rounded", description="The corners of launcher, panel and messages."
    )
    logo_url: Url | None = Field(None, description="A picture for the panel's head.")
    color_scheme: Literal["light", "dark", "auto"] = Field("auto", description="`auto` follows the visitor's system.")
    launcher_label: Annotated[ShortText, Field(max_length=40)] | None = Field(
        None, description="A short text beside the launcher's icon; null: the icon alone."
    )


class Trigger(Body):
    """What makes the widget act by itself, once the visitor has done or not done something."""

    id: Slug = Field(description="Once a widget; under this name the browser remembers that it has happened.")
    event: Literal["delay", "scroll", "exit_intent", "page"] = Field(
        description="`delay`: the page has been open for a while; `scroll`: so much of it was scrolled through; "
        "`exit_intent`: the pointer leaves the page at its top; `page`: at once, on pages of this address."
    )
    delay_seconds: Annotated[int, Field(ge=0, le=3600, strict=True)] | None = Field(
        None, validate_default=True, description="How long; with the event `delay`, and only there."
    )
    scroll_percent: Annotated[int, Field(ge=1, le=100, strict=True)] | None = Field(
        None, validate_default=True, description="How much; with the event `scroll`, and only there."
    )
    url_pattern: UrlPattern | None = Field(
        None, validate_default=True, description="Only on pages of this address; required with the event `page`."
    )
    action: Literal["open", "message"] = Field(
        description="`open`: the panel opens; `message`: a bubble beside the launcher says something."
    )
    message: Annotated[str, StringConstraints(max_length=500, pattern=r"\S"), AfterValidator(no_nul)] | None = Field(
        None, validate_default=True, description="What the bubble says; with the action `message`, and only there."
    )
    once: Literal["page", "session", "ever"] = Field(
        "session", description="How often: once a page view, once a visit (until the tab is closed), or once a browser."
    )

    @field_validator("delay_seconds", "scroll_percent", "message")
    @classmethod
    def _belongs_to_its_event(cls, value: Any, info: ValidationInfo) -> Any:
        column, word = {
            "delay_seconds": ("event", "delay"),
            "scroll_percent": ("event", "scroll"),
            "message": ("action", "message"),
        }[info.field_name or ""]
        if column in info.data and (info.data[column] == word) != (value is not None):
            raise ValueError(f"must be there with the {column} {word}, and only there")
        return value

    @field_validator("url_pattern")
    @classmethod
    def _says_which_page(cls, pattern: str | None, info: ValidationInfo) -> str | None:
        if pattern is None and info.data.get("event") == "page":
            raise ValueError("must be there with the event page")
        return pattern


def _ids_are_there_once(triggers: list[Trigger]) -> list[Trigger]:
    if len({trigger.id for trigger in triggers}) != len(triggers):
        raise ValueError("must not hold an id twice")
    return triggers


class Behavior(Body):
    """Where the widget stands, when it opens, what it says first, and how it draws attention."""

    position: Literal["bottom-right", "bottom-left"] = Field("bottom-right", description="The launcher's corner.")
    offset_x: Annotated[int, Field(ge=0, le=500)] = Field(
        20, description="Pixels between the launcher and the side of the page."
    )
    offset_y: Annotated[int, Field(ge=0, le=500)] = Field(
        20, description="Pixels between the launcher and the bottom of the page."
    )
    z_index: Annotated[int, Field(ge=0, le=2147483647)] = Field(
        2147483000, description="Above which of the page's layers it stands."
    )
    auto_open_enabled: bool = Field(False, description="Whether the panel opens by itself: once a visit, and not on a phone.")
    auto_open_delay_seconds: Annotated[int, Field(ge=0, le=3600)] = Field(5, description="When it does so.")
    welcome_message: LongText = Field("Hello! How can we help?", description="The first words of an empty conversation.")
    online_message: LongText = Field("We are online!", description="Said while somebody can answer.")
    away_message: LongText = Field(
        "We are away at the moment. Leave a message and we will answer as soon as we are back.",
        description="Said while nobody can: outside the working hours, or with no agent online.",
    )
    sound_enabled: bool = Field(False, description="A short sound for a new message while the visitor looks elsewhere.")
    title_flash_enabled: bool = Field(
        False, description="The page's title tells of a new message while its tab is in the background."
    )
    preview_enabled: bool = Field(False, description="An unread message shows in a bubble beside the closed launcher.")
    hide_when_offline: bool = Field(
        False, description="No launcher while nobody can answer, unless the visitor has an open conversation."
    )
    triggers: Annotated[list[Trigger], Field(max_length=20), AfterValidator(_ids_are_there_once)] = Field(
        [], description="What makes the widget act by itself."
    )


class Localization(Body):
    """Which language the widget speaks, and words put in place of its own."""

    default_language: Language = Field("en", description="What it speaks when nothing else decides.")
    supported_languages: Annotated[list[Language], Field(min_length=1, max_length=50)] = Field(
        ["en"], description="What it may speak, as BCP 47 names it: `en`, `de`, `pt-BR`."
    )
    use_browser_language: bool = Field(
        False,
        description="The visitor's browser decides among the supported languages; the default one when it wants none of them.",
    )
    custom_text_overrides: dict[ShortText, LongText] = Field(
        {}, description="The widget's words by their keys, put in place of its own in every language."
    )
    custom_text_by_language: Annotated[dict[Language, dict[ShortText, LongText]], Field(max_length=50)] = Field(
        {},
        description='The same by language, as in `{"de": {"title": "Fragen?"}}`; it goes before `custom_text_overrides`.',
    )


def _asks_something(fields: list[FormField], info: ValidationInfo) -> list[FormField]:
    if info.data.get("enabled") and not fields:
        raise ValueError("an enabled form has at least one field")
    return fields


FormFields = Annotated[Fields, AfterValidator(_asks_something)]


class PreChatForm(Body):
    """What a visitor is asked before its first message. The answers are the conversation's `visitor_info`."""

    enabled: bool = Field(False, description="Whether it is asked.")
    title: ShortText | None = Field(None, description="Its heading; null: the widget's own words.")
    fields: FormFields = Field([], validate_default=True, description="What is asked; an enabled form has one field at least.")


class OfflineForm(Body):
    """What takes the place of the chat while nobody can answer: it leaves a message."""

    enabled: bool = Field(False, description="Whether it takes the chat's place.")
    title: ShortText | None = Field(None, description="Its heading; null: the widget's own words.")
    intro: LongText | None = Field(None, description="What stands above the fields; null: the away message.")
    fields: FormFields = Field([], validate_default=True, description="What is asked; an enabled form has one field at least.")
    thanks: LongText | None = Field(None, description="Said when it was sent; null: the widget's own words.")


MediaType = Annotated[str, StringConstraints(max_length=100, pattern=r"^[a-z]+/(\*|[a-z0-9][a-z0-9.+-]*)$")]


class Features(Body):
    """What the widget offers."""

    file_upload_enabled: bool = Field(True, description="Visitors may send files.")
    max_file_size: Annotated[int, Field(ge=1, le=104857600)] = Field(10485760, description="The most bytes of a file.")
    allowed_file_types: Annotated[list[MediaType], Field(min_length=1, max_length=50)] = Field(
        [
            "image/png",
            "image/jpeg",
            "image/gif",
            "image/webp",
            "application/pdf",
            "text/plain",
            "text/csv",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        ],
        description="Media types of files that may be sent, or whole families such as `image/*` (which holds SVG, a document "
        "with scripts of its own).",
    )
    emoji_enabled: bool = Field(True, description="The emoji picker.")
    chatbot_enabled: bool = Field(False, description="A bot answers first.")
    typing_indicator_enabled: bool = Field(True, description="Each side sees that the other is typing.")
    read_receipts_enabled: bool = Field(True, description="The visitor sees that its message was read.")
    rating_enabled: bool = Field(True, description="The visitor rates the conversation at its end.")
    rating_comment_enabled: bool = Field(True, description="A comment may go with the rating.")
    nps_enabled: bool = Field(False, description="The rating also asks how likely a recommendation is, from 0 to 10.")
    transcript_enabled: bool = Field(False, description="The visitor may have the conversation sent by e-mail.")
    past_conversations_enabled: bool = Field(False, description="The visitor finds its earlier conversations in the panel.")
    pre_chat_form: PreChatForm = Field(PreChatForm(), description="Asked before the first message.")
    offline_form: OfflineForm = Field(OfflineForm(), description="In the chat's place while nobody can answer.")
    gdpr_consent_required: bool = Field(False, description="Nothing is sent before the visitor has agreed.")
    gdpr_text: LongText = Field(
        "I agree that my messages and details are stored to answer my request.", description="What the visitor agrees to."
    )
    integrations: Attributes = Field(
        {}, description="What the customer's own code on the page needs. The page is told, so no secrets."
    )


class RoutingRules(Body):
    """Who gets a new conversation: the least busy available agent, or whoever takes it from the queue."""

    assignment: Literal["automatic", "manual"] = Field(
        "automatic",
        description="`automatic`: the least busy available agent gets it; `manual`: it waits until somebody takes it.",
    )


class WidgetConfig(Body):
    """Everything an admin sets for a widget."""

    name: Name = Field("Widget", description="What the customer's people call it; no page is told.")
    branding: Branding = Branding()
    behavior: Behavior = Behavior()
    localization: Localization = Localization()
    features: Features = Features()
    working_hours: WorkingHours = WorkingHours()
    routing_rules: RoutingRules = RoutingRules()
    allowed_domains: Domains = Field(
        [], description="The sites that may use it: `shop.example`, or `*.shop.example` for all below it. Empty: every site."
    )
    blocked_domains: Domains = Field([], description="Sites that may not, whatever else allows them.")
    is_active: bool = Field(True, description="Whether it is on any page at all.")


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
        features=_public_features(stored(Features, row["features"])),
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


def _public_features(features: Features) -> Features:
    """The features without the forms that are not asked: no page view is to carry their fields."""
    hidden: dict[str, Any] = {}
    if not features.pre_chat_form.enabled:
        hidden["pre_chat_form"] = PreChatForm()
    if not features.offline_form.enabled:
        hidden["offline_form"] = OfflineForm()
    return features.model_copy(update=hidden)


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
            # What the change does not name stays as another version of the product may have stored it.
            columns[field] = {**before[field], **section.model_dump(mode="json", include=set(value))}
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
