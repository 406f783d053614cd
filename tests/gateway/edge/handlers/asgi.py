"""An ASGI application behind Mangum, which reads the events without knowing who made them."""

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from mangum import Mangum

app = FastAPI()


@app.api_route("/asgi/{rest:path}", methods=["GET", "POST", "PUT", "DELETE"])
async def show(rest: str, request: Request) -> JSONResponse:
    answer = JSONResponse(
        {
            "method": request.method,
            "rest": rest,
            "path": request.url.path,
            "query": request.query_params.multi_items(),
            "headers": dict(request.headers),
            "cookies": request.cookies,
            "body": (await request.body()).decode("latin-1"),
        },
        status_code=202,
    )
    answer.set_cookie("first", "1")
    answer.set_cookie("second", "2")
    return answer


handler = Mangum(app, lifespan="off")
