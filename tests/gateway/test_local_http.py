"""The HTTP gateway: its events as two readers of other people understand them, its answers, its limits."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import urllib3
from aws_lambda_powertools.utilities.parser.models import APIGatewayProxyEventV2Model

from local import events
from local.templates import Route
from tests.gateway.conftest import Ear
from tests.stack import Edge

MEGABYTE = 1024 * 1024


def echo(http: urllib3.PoolManager, edge: Edge, method: str, path: str, **more: Any) -> Any:
    answer = http.request(method, f"{edge.base_url}{path}", **more)
    assert answer.status == 200, answer.data
    return answer.json()


def test_an_event_is_what_powertools_expects(edge: Edge, http: urllib3.PoolManager) -> None:
    headers = {
        "Cookie": "a=1; b=2",
        "X-Custom": "One",
        "Content-Type": "application/json",
        "User-Agent": "tester",
        "X-Forwarded-For": "203.0.113.9",
    }
    told = echo(http, edge, "POST", "/echo/some/where?x=1&x=2&y=%C3%A9&z=", body=b'{"a":1}', headers=headers)
    event = told["event"]
    parsed = APIGatewayProxyEventV2Model.model_validate(event)
    assert (parsed.version, parsed.routeKey, parsed.rawPath) == ("2.0", "ANY /echo/{proxy+}", "/echo/some/where")
    assert parsed.rawQueryString == "x=1&x=2&y=%C3%A9&z="
    assert parsed.queryStringParameters == {"x": "1,2", "y": "é", "z": ""}
    assert parsed.pathParameters == {"proxy": "some/where"}
    assert parsed.cookies == ["a=1", "b=2"]
    assert (parsed.body, parsed.isBase64Encoded) == ('{"a":1}', False)
    assert parsed.headers["x-custom"] == "One"
    assert "cookie" not in parsed.headers
    assert parsed.requestContext.http.method == "POST"
    assert parsed.requestContext.http.userAgent == "tester"
    assert parsed.requestContext.domainName == parsed.headers["host"] == events.HTTP_HOST
    # What CloudFront and its function add: whoever claims an address is followed by the real one.
    assert parsed.headers["x-forwarded-host"] == edge.base_url.removeprefix("http://")
    assert parsed.headers["x-forwarded-for"] == "203.0.113.9, 127.0.0.1, 127.0.0.1"
    assert parsed.headers["x-forwarded-proto"] == "http"


def test_a_body_that_is_no_text_arrives_in_base64_and_an_empty_one_not_at_all(edge: Edge, http: urllib3.PoolManager) -> None:
    binary = echo(http, edge, "POST", "/echo/x", body=b"\xff\x00", headers={"content-type": "application/json"})["event"]
    assert (binary["body"], binary["isBase64Encoded"]) == ("/wA=", True)
    empty = echo(http, edge, "GET", "/echo/x")["event"]
    assert ("body" in empty, "queryStringParameters" in empty, "cookies" in empty) == (False, False, False)


def test_mangum_reads_the_events_and_its_answers_arrive(edge: Edge, http: urllib3.PoolManager) -> None:
    headers = {"content-type": "image/png", "cookie": "a=1", "x-one": "1"}
    answer = http.request("PUT", f"{edge.base_url}/asgi/a%20b/c?q=1&r=2", body=b"\x89PNG", headers=headers)
    assert answer.status == 202
    told = answer.json()
    assert (told["method"], told["rest"], told["path"]) == ("PUT", "a b/c", "/asgi/a b/c")
    assert told["query"] == [["q", "1"], ["r", "2"]]
    assert told["headers"]["x-one"] == "1"
    assert told["cookies"] == {"a": "1"}
    assert told["body"] == b"\x89PNG".decode("latin-1")
    assert [cookie.split(";")[0] for cookie in answer.headers.getlist("set-cookie")] == ["first=1", "second=2"]


def test_a_function_finds_what_lambda_and_the_template_give_it(edge: Edge, http: urllib3.PoolManager) -> None:
    told = echo(http, edge, "GET", "/echo/x")
    environment, context = told["environment"], told["context"]
    assert context["function_name"] == environment["AWS_LAMBDA_FUNCTION_NAME"] == "EchoFunction"
    assert context["invoked_function_arn"].endswith(":function:EchoFunction")
    assert 15_000 < context["remaining"] <= 20_000
    assert environment["_HANDLER"] == "answers.echo"
    assert environment["LAMBDA_TASK_ROOT"] == told["directory"]
    assert environment["GREETING"] == "livechat-local/livechat-local-Queue"
    assert environment["QUEUE_URL"].startswith(environment["AWS_ENDPOINT_URL"])
    assert "VIRTUAL_ENV" not in environment


@pytest.mark.parametrize(
    ("method", "path", "key", "parameters"),
    [
        ("GET", "/echo/exact", "GET /echo/exact", {}),
        ("POST", "/echo/exact", "ANY /echo/{proxy+}", {"proxy": "exact"}),
        ("GET", "/echo/", "$default", {}),
        ("DELETE", "/echo/a/b", "ANY /echo/{proxy+}", {"proxy": "a/b"}),
        ("GET", "/elsewhere", "$default", {}),
    ],
)
def test_the_best_route_is_taken(method: str, path: str, key: str, parameters: dict[str, str]) -> None:
    routes = [Route("F", "ANY", None), Route("F", "ANY", "/echo/{proxy+}"), Route("F", "GET", "/echo/exact")]
    chosen = events.choose_route(routes, method, path)
    assert chosen is not None
    assert (chosen[0].key, chosen[1]) == (key, parameters)


def test_what_no_route_takes_reaches_the_default_one(edge: Edge, http: urllib3.PoolManager) -> None:
    event = echo(http, edge, "PATCH", "/not/there")["event"]
    assert (event["routeKey"], event["rawPath"]) == ("$default", "/not/there")
    assert "pathParameters" not in event


def test_without_any_route_the_gateway_answers_itself() -> None:
    assert events.choose_route([Route("F", "GET", "/a")], "POST", "/a") is None


def test_an_answer_keeps_its_status_headers_cookies_and_bytes(edge: Edge, http: urllib3.PoolManager) -> None:
    answer = http.request("GET", f"{edge.base_url}/behave/binary")
    assert (answer.status, answer.data, answer.headers["content-type"]) == (201, b"\x89PNG", "image/png")
    assert answer.headers.getlist("set-cookie") == ["a=1; Secure", "b=2"]
    assert answer.headers["x-twice"] == "a,b"
    assert answer.headers["apigw-requestid"]


def test_an_answer_without_a_status_is_the_body(edge: Edge, http: urllib3.PoolManager) -> None:
    answer = http.request("GET", f"{edge.base_url}/behave/bare")
    assert (answer.status, answer.headers["content-type"], answer.json()) == (200, "application/json", {"hello": "world"})


def test_an_answer_without_a_type_is_text(edge: Edge, http: urllib3.PoolManager) -> None:
    answer = http.request("GET", f"{edge.base_url}/behave/text")
    assert (answer.status, answer.headers["content-type"], answer.data) == (200, "text/plain;charset=UTF-8", b"plain")


@pytest.mark.parametrize("how", ["raise", "no-status", "no-text", "no-base64", "no-json", "dawdle", "much"])
def test_a_failed_function_and_a_malformed_answer_are_500(edge: Edge, http: urllib3.PoolManager, how: str) -> None:
    answer = http.request("GET", f"{edge.base_url}/behave/{how}")
    assert (answer.status, answer.json()) == (500, {"message": "Internal Server Error"})
    assert http.request("GET", f"{edge.base_url}/behave/well").status == 204


@pytest.mark.parametrize("how", ["end", "exit"])
def test_an_environment_that_ends_is_answered_for_and_replaced(edge: Edge, http: urllib3.PoolManager, how: str) -> None:
    answer = http.request("GET", f"{edge.base_url}/behave/{how}")
    assert (answer.status, answer.json()) == (500, {"message": "Internal Server Error"})
    assert http.request("GET", f"{edge.base_url}/behave/well").status == 204
    assert "Runtime.ExitError" in edge.log("BehaveFunction")


def test_what_a_function_prints_and_raises_is_in_its_log(edge: Edge, http: urllib3.PoolManager) -> None:
    http.request("GET", f"{edge.base_url}/behave/raise")
    assert "asked to raise" in edge.log("BehaveFunction")
    assert "ValueError: as asked" in edge.log("BehaveFunction")


def test_requests_at_one_time_each_have_an_environment_to_themselves(edge: Edge, http: urllib3.PoolManager, ear: Ear) -> None:
    with ThreadPoolExecutor(4) as callers:
        url = f"{edge.base_url}/meet/{ear.port}"
        answers = [callers.submit(http.request, "GET", url) for _ in range(4)]
        present = {ear.hear(release=False) for _ in range(4)}
        assert len(present) == 4
        ear.release()
        assert {int(answer.result().data) for answer in answers} == present


@pytest.mark.parametrize(("size", "status"), [(5 * MEGABYTE, 200), (7 * MEGABYTE, 413), (10 * MEGABYTE + 1, 413)])
def test_a_body_may_be_as_large_as_lambda_and_the_gateway_take(
    edge: Edge, http: urllib3.PoolManager, size: int, status: int
) -> None:
    # 10 MB is the gateway's limit; a function is invoked with 6 MB at most, and answers with no more.
    answer = http.request("POST", f"{edge.base_url}/behave/well", body=b"x" * size, headers={"content-type": "text/plain"})
    assert answer.status == {200: 204}.get(status, status)
    if status == 413:
        assert answer.json() == {"message": "Request Entity Too Large"}


def test_a_body_of_unknown_length_is_counted(edge: Edge, http: urllib3.PoolManager) -> None:
    chunks = (b"x" * MEGABYTE for _ in range(11))
    answer = http.request("POST", f"{edge.base_url}/echo/x", body=chunks, headers={"content-type": "text/plain"})
    assert answer.status == 413


def test_headers_have_a_limit_in_all(edge: Edge, http: urllib3.PoolManager) -> None:
    headers = {f"x-{number}": "y" * 3000 for number in range(4)}
    answer = http.request("GET", f"{edge.base_url}/echo/x", headers=headers)
    assert (answer.status, answer.json()) == (431, {"message": "Request Header Fields Too Large"})


def test_a_header_sent_twice_arrives_joined() -> None:
    headers = [("X-A", "1"), ("x-a", "2")]
    request = events.HttpRequest("GET", "/x", headers, b"", client="192.0.2.1", host="h:1")
    event = events.http_event(request, Route("F", "ANY", None), {})
    assert event["headers"]["x-a"] == "1,2"
    assert event["headers"]["x-forwarded-for"] == "192.0.2.1, 127.0.0.1"
    assert json.loads(events.compact(event)) == event
