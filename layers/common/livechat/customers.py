"""A customer's account: plan, keys, and how a new customer comes to be."""

import secrets as random
from typing import Any, Literal
from uuid import UUID

from psycopg.types.json import Jsonb
from pydantic import Field

from livechat import audit, outbox
from livechat.db import TenantTransaction, Transaction
from livechat.errors import NotFound
from livechat.widgets import SECTIONS, Name, WidgetConfig
from livechat.wire import Answer, Body, ShortText, Timestamp


class Usage(Answer):
    widgets: int
    agents: int


class Customer(Answer):
    """The account as its admin sees it."""

    id: UUID
    company_name: str
    api_key: str
    api_secret: str
    plan_tier: str
    max_widgets: int
    max_agents: int
    rate_limit_per_minute: int
    is_active: bool
    usage: Usage
    created_at: Timestamp


class RefreshedKey(Answer):
    api_key: str


class NewAgent(Body):
    email: ShortText
    display_name: Name
    role: Literal["admin", "agent"] = "agent"
    password: str | None = Field(None, min_length=8, description="Only for a demo: without it an invitation is sent.")


class NewCustomer(Body):
    """What an operator says to create a customer."""

    company_name: Name
    plan_tier: ShortText | None = None
    max_widgets: int | None = Field(None, ge=0)
    max_agents: int | None = Field(None, ge=0)
    widget: WidgetConfig = WidgetConfig(name="Website")
    agents: list[NewAgent] = []


async def account(tx: TenantTransaction) -> Customer:
    row = await tx.one("customers.account")
    if row is None:
        raise NotFound
    usage = Usage(widgets=row["widget_count"], agents=row["agent_count"])
    return Customer(**{field: row[field] for field in Customer.model_fields if field != "usage"}, usage=usage)


async def refresh_key(tx: TenantTransaction, source: audit.Source) -> RefreshedKey:
    """Replace the API key; the old one stops working with this transaction."""
    key = _new_key()
    row = await tx.one("customers.replace_key", api_key=key)
    if row is None:
        raise NotFound
    await outbox.forget_config(tx)
    await audit.record(tx, source, "customer.api_key_refreshed", "customer", row["id"], {})
    return RefreshedKey(api_key=key)


async def create(tx: Transaction, new: NewCustomer, user_ids: dict[str, str | None]) -> dict[str, Any]:
    """Store a customer with its first widget and agents; `user_ids` are the identity provider's subs by e-mail."""
    key, secret = _new_key(), random.token_urlsafe(32)
    plan = new.model_dump(include={"company_name", "plan_tier", "max_widgets", "max_agents"})
    customer = await tx.one("customers.insert", api_key=key, api_secret=secret, **plan)
    assert customer is not None
    config = new.widget.model_dump(mode="json")
    sections = {section: Jsonb(config[section]) for section in SECTIONS}
    widget = await tx.one("customers.insert_widget", customer_id=customer["id"], name=config["name"], **sections)
    assert widget is not None
    agents = []
    for agent in new.agents:
        user_id = user_ids.get(agent.email)
        row = await tx.one(
            "customers.insert_agent",
            customer_id=customer["id"],
            user_id=user_id,
            display_name=agent.display_name,
            email=agent.email,
            role=agent.role,
        )
        assert row is not None
        agents.append({"agent_id": str(row["id"]), "email": agent.email, "user_id": user_id})
    return {
        "customer_id": str(customer["id"]),
        "api_key": key,
        "api_secret": secret,
        "widget_id": str(widget["id"]),
        "agents": agents,
    }


def _new_key() -> str:
    # The prefix lets secret scanners and people tell what it is.
    return "lc_" + random.token_urlsafe(24)
