"""The configuration that a page fetches first, and what no other area serves."""

from typing import Annotated

from fastapi import Query, Request, Response

from livechat import db, http, widgets
from livechat.errors import InvalidQuery
from livechat.identity import PageVisitor
from livechat.settings import settings
from livechat.widgets import PublicConfig
from livechat.wire import Answer, Id, ShortText

# The page keeps it for a minute, CloudFront for five; a change of domains or key invalidates the edge.
CACHE_CONTROL = "public, max-age=60, s-maxage=300"

app = http.make_app("", "Configuration")


class Health(Answer):
    status: str


@app.head("/functions/v1/widget-config", include_in_schema=False)
@app.get("/functions/v1/widget-config", responses={304: {"description": "Not modified"}})
async def get_widget_config(
    request: Request,
    response: Response,
    origin: http.OriginDep,
    public_url: http.PublicUrlDep,
    now: http.NowDep,
    id: Annotated[ShortText | None, Query(description="The API key")] = None,  # noqa: A002 - its name on the wire
    customer_id: Annotated[ShortText | None, Query(description="Another name for the API key")] = None,
    widget_id: Annotated[Id | None, Query()] = None,
) -> PublicConfig:
    if id is not None and customer_id is not None and id != customer_id:
        raise InvalidQuery("id and customer_id are two names of one key.", errors=[{"field": "customer_id"}])
    api_key = id or customer_id
    if api_key is None and widget_id is None:
        raise InvalidQuery(
            "Name the widget by id (the API key) or by widget_id.", errors=[{"field": "id", "message": "is missing"}]
        )
    async with db.tenant(PageVisitor(widget_id, api_key, origin)) as tx:
        config = await widgets.public_config(tx, public_url, settings().websocket_url, now)
    headers = {"cache-control": CACHE_CONTROL, "etag": config.etag(), "vary": "Origin"}
    if {config.etag(), "*"} & _validators(request):
        return Response(status_code=304, headers=headers)  # type: ignore[return-value]  # FastAPI passes a Response through
    response.headers.update(headers)
    return config


@app.head("/healthz", include_in_schema=False)
@app.get("/healthz")
async def get_health() -> Health:
    """200 when the database answers as well."""
    await db.check()
    return Health(status="ok")


def _validators(request: Request) -> set[str]:
    return {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}


handler = http.lambda_handler(app)
