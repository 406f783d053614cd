"""What admins set up."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from livechat import agents, customers, db, http, outbox, widgets
from livechat.customers import Customer, RefreshedKey
from livechat.errors import InvalidQuery
from livechat.widgets import Widget, WidgetChange, WidgetConfig
from livechat.wire import Id, Nothing, Page

app = http.make_app("admin-config", "Administration")


@app.get("/widgets")
async def get_widgets(caller: http.AgentDep, cursor: http.CursorQuery = None, limit: http.LimitQuery = 50) -> Page[Widget]:
    async with db.tenant(caller) as tx:
        agents.must_be_admin(tx)
        return await widgets.list_all(tx, _widget_cursor(cursor), limit)


@app.post("/widget", status_code=201)
async def post_widget(config: WidgetConfig, caller: http.AgentDep, source: http.AuditDep) -> Widget:
    async with db.tenant(caller) as tx:
        agents.must_be_admin(tx)
        return await widgets.create(tx, config, source)


@app.put("/widget")
async def put_widget(
    change: WidgetChange, caller: http.AgentDep, source: http.AuditDep, widget_id: Annotated[Id, Query()]
) -> Widget:
    async with db.tenant(caller) as tx:
        agents.must_be_admin(tx)
        widget = await widgets.update(tx, widget_id, change, source)
    await outbox.hand_over(tx)
    return widget


@app.delete("/widget", status_code=204)
async def delete_widget(caller: http.AgentDep, source: http.AuditDep, widget_id: Annotated[Id, Query()]) -> None:
    async with db.tenant(caller) as tx:
        agents.must_be_admin(tx)
        await widgets.delete(tx, widget_id, source)
    await outbox.hand_over(tx)


@app.get("/customer")
async def get_customer(caller: http.AgentDep) -> Customer:
    async with db.tenant(caller) as tx:
        agents.must_be_admin(tx)
        return await customers.account(tx)


@app.post("/refresh-key")
async def post_refresh_key(caller: http.AgentDep, source: http.AuditDep, body: Nothing | None = None) -> RefreshedKey:
    async with db.tenant(caller) as tx:
        agents.must_be_admin(tx)
        refreshed = await customers.refresh_key(tx, source)
    await outbox.hand_over(tx)
    return refreshed


def _widget_cursor(cursor: str | None) -> UUID | None:
    try:
        return UUID(cursor) if cursor else None
    except ValueError as error:
        raise InvalidQuery("cursor is not one that this list gave.", errors=[{"field": "cursor"}]) from error


handler = http.lambda_handler(app)
