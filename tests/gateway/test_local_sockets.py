"""The WebSocket gateway: events, refusals, pushes, limits."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import pytest
import urllib3
from aws_lambda_powertools.utilities.parser.models import (
    APIGatewayWebSocketConnectEventModel,
    APIGatewayWebSocketDisconnectEventModel,
    APIGatewayWebSocketMessageEventModel,
)
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from local import events
from tests.gateway.conftest import EDGE_ARGUMENTS, PATIENCE_SECONDS, Ear
from tests.stack import Edge, running

KILOBYTE = 1024


@pytest.fixture
def client(edge: Edge) -> Iterator[ClientConnection]:
    with connect(edge.websocket_url, open_timeout=PATIENCE_SECONDS) as connection:
        yield connection


def receive(client: ClientConnection) -> dict[str, object]:
    return dict(json.loads(client.recv(timeout=PATIENCE_SECONDS)))


def connection_id(client: ClientConnection, ear: Ear) -> str:
    client.send(json.dumps({"action": "named", "report_to": ear.port}))
    return str(ear.hear()["requestContext"]["connectionId"])


def management_url(edge: Edge, connection: str) -> str:
    return f"{edge.base_url}/socket/@connections/{quote(connection, safe='')}"


def test_the_events_are_what_powertools_expects(edge: Edge, ear: Ear) -> None:
    url = f"{edge.websocket_url}?report_to={ear.port}&ticket=a%3Db&twice=1&twice=2"
    headers = {"Origin": "https://shop.example"}
    with ThreadPoolExecutor(1) as listener:
        heard = listener.submit(ear.hear)
        with connect(url, additional_headers=headers, user_agent_header="tester") as client:
            event = heard.result(PATIENCE_SECONDS)
            client.send(json.dumps({"action": "named", "report_to": ear.port}))
            second = ear.hear()
    connected = APIGatewayWebSocketConnectEventModel.model_validate(event)
    assert connected.request_context.event_type == "CONNECT"
    assert connected.request_context.route_key == "$connect"
    assert connected.request_context.stage == "live"
    assert connected.request_context.identity.user_agent == "tester"
    assert event["requestContext"]["identity"]["sourceIp"] == "127.0.0.1"
    assert event["queryStringParameters"] == {"report_to": str(ear.port), "ticket": "a=b", "twice": "2"}
    assert event["multiValueQueryStringParameters"]["twice"] == ["1", "2"]
    assert event["headers"]["Origin"] == "https://shop.example"
    assert event["headers"]["Host"] == events.SOCKET_HOST

    message = APIGatewayWebSocketMessageEventModel.model_validate(second)
    assert (message.request_context.event_type, message.request_context.route_key) == ("MESSAGE", "named")
    assert message.request_context.connection_id == connected.request_context.connection_id
    assert json.loads(second["body"])["action"] == "named"
    assert "headers" not in second


def test_an_end_is_told_with_its_code() -> None:
    connection = events.Connection("Dq7FGfSeIAMCHPw=", "live", 1_700_000_000_000, "127.0.0.1", "tester")
    event = events.disconnect_event(connection, 1001, "Going away")
    parsed = APIGatewayWebSocketDisconnectEventModel.model_validate(event)
    assert parsed.request_context.event_type == "DISCONNECT"
    assert parsed.request_context.disconnect_status_code == 1001


@pytest.mark.parametrize(("query", "status"), [("answer=401", 401), ("answer=403", 403), ("answer=500", 500), ("raise=1", 502)])
def test_a_refused_connection_gets_its_status(edge: Edge, query: str, status: int) -> None:
    with pytest.raises(InvalidStatus) as refused, connect(f"{edge.websocket_url}?{query}"):
        pass
    assert refused.value.response.status_code == status


def test_who_asks_without_a_handshake_is_told_to_upgrade(edge: Edge, http: urllib3.PoolManager) -> None:
    assert http.request("GET", f"{edge.base_url}/socket").status == 426


def test_nothing_can_be_pushed_before_connect_has_answered(edge: Edge, ear: Ear) -> None:
    url = f"{edge.websocket_url}?base_url={edge.base_url}&report_to={ear.port}"
    with ThreadPoolExecutor(1) as listener:
        heard = listener.submit(ear.hear)
        with connect(url):
            assert heard.result(PATIENCE_SECONDS) == {"status": 410}


@pytest.mark.parametrize(
    ("message", "route"),
    [
        ('{"action":"named"}', "named"),
        ('{"action":"unheard of"}', "$default"),
        ('{"action":"$connect"}', "$default"),
        ('{"action":7}', "$default"),
        ("[1]", "$default"),
        ("no json", "$default"),
        (b'{"action":"named"}', "$default"),
    ],
)
def test_the_action_selects_the_route_and_else_the_default_one(message: str | bytes, route: str) -> None:
    assert events.choose_socket_route(["$connect", "$disconnect", "$default", "named"], message) == route


def test_without_a_default_route_there_is_none() -> None:
    assert events.choose_socket_route(["named"], '{"action":"other"}') is None


def test_a_push_arrives_whole_whatever_its_size(edge: Edge, client: ClientConnection) -> None:
    for size in (0, 40 * KILOBYTE, 120 * KILOBYTE):
        client.send(json.dumps({"action": "anything", "base_url": edge.base_url, "size": size}))
        assert receive(client) == {"route": "$default", "fill": "x" * size}


def test_a_failed_function_is_told_to_its_client(client: ClientConnection) -> None:
    client.send(json.dumps({"action": "named", "raise": True}))
    told = receive(client)
    assert told["message"] == "Internal server error"
    assert told["connectionId"]
    assert told["requestId"]


def test_a_connection_can_be_looked_at_written_to_and_ended(
    edge: Edge, client: ClientConnection, ear: Ear, http: urllib3.PoolManager
) -> None:
    url = management_url(edge, connection_id(client, ear))
    shown = http.request("GET", url).json()
    assert shown["identity"]["sourceIp"] == "127.0.0.1"
    assert shown["connectedAt"] <= shown["lastActiveAt"]
    assert http.request("POST", url, body='{"hello":1}').status == 200
    assert receive(client) == {"hello": 1}
    assert http.request("POST", url, body=b"x" * (128 * KILOBYTE + 1)).status == 413
    assert http.request("DELETE", url).status == 204
    with pytest.raises(Exception, match="1000") as closed:
        client.recv(timeout=PATIENCE_SECONDS)
    assert closed.value
    assert http.request("POST", url, body="{}").status == 410


def test_who_is_gone_is_told_to_be_gone(edge: Edge, ear: Ear, http: urllib3.PoolManager) -> None:
    with connect(edge.websocket_url) as client:
        url = management_url(edge, connection_id(client, ear))
    for method in ("POST", "GET", "DELETE"):
        answer = http.request(method, url)
        assert (answer.status, answer.headers["x-amzn-errortype"]) == (410, "GoneException")
    assert http.request("POST", management_url(edge, "Dq7FGfSeIAMCHPw="), body="{}").status == 410


def test_a_frame_of_32_kb_and_a_message_of_128_kb_pass(edge: Edge, client: ClientConnection) -> None:
    head = json.dumps({"base_url": edge.base_url})[:-1] + ', "fill": "'
    frame = head + "x" * (32 * KILOBYTE - len(head) - 2) + '"}'
    assert len(frame) == 32 * KILOBYTE
    client.send(frame)
    assert receive(client)["route"] == "$default"
    message = head + "x" * (128 * KILOBYTE - len(head) - 2) + '"}'
    client.send(message[at : at + 32 * KILOBYTE] for at in range(0, len(message), 32 * KILOBYTE))
    assert receive(client)["route"] == "$default"


@pytest.mark.parametrize(("frames", "size"), [(1, 32 * KILOBYTE + 1), (5, 32 * KILOBYTE)])
def test_a_larger_frame_or_message_ends_the_connection(edge: Edge, frames: int, size: int) -> None:
    with connect(edge.websocket_url) as client:
        client.send("x" * size for _ in range(frames))
        with pytest.raises(ConnectionClosedError) as closed:
            client.recv(timeout=PATIENCE_SECONDS)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


def test_frames_at_one_time_are_handled_at_one_time(client: ClientConnection, ear: Ear) -> None:
    for _ in range(3):
        client.send(json.dumps({"action": "named", "report_to": ear.port}))
    assert len([ear.hear(release=False) for _ in range(3)]) == 3
    ear.release()


@pytest.mark.parametrize("setting", ["--socket-idle-seconds", "--socket-life-seconds"])
def test_a_connection_that_is_idle_or_old_is_closed_as_going_away(tmp_path: Path, setting: str) -> None:
    with running(tmp_path, *EDGE_ARGUMENTS, setting, "0.3") as edge, connect(edge.websocket_url) as client:
        with pytest.raises(Exception, match="1001"):
            client.recv(timeout=PATIENCE_SECONDS)
        assert client.close_code == 1001
