"""Starting, stopping, starting again: what is kept, what is left behind, what is said when it cannot be."""

import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg
import pytest
import urllib3

from tests.client import Agent, Visitor
from tests.gateway.conftest import EDGE_ARGUMENTS, aws
from tests.stack import ROOT, Edge, Stack, StackFailed, logs, running, start

GONE_SECONDS = 15


def family(edge: Edge) -> list[psutil.Process]:
    """The program and all that it started, which have sessions and groups of their own."""
    program = psutil.Process(edge.process.pid)
    return [program, *program.children(recursive=True)]


def all_end(processes: list[psutil.Process]) -> bool:
    return not psutil.wait_procs(processes, timeout=GONE_SECONDS)[1]


def whole(directory: Path) -> Stack:
    started = start(directory)
    assert isinstance(started, Stack)
    return started


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_leaves_no_process_and_no_note(tmp_path: Path, signum: signal.Signals) -> None:
    edge = start(tmp_path, *EDGE_ARGUMENTS)
    processes = family(edge)
    assert len(processes) > 3
    assert edge.stop(signum) == 0
    assert all_end(processes)
    assert not (tmp_path / "demo.json").exists()


def test_a_stop_in_mid_start_leaves_no_process(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "local", "--port", "0", "--directory", str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True) as starting:
        assert starting.stdout is not None
        while not starting.stdout.readline().strip().startswith("PostgreSQL"):
            assert starting.poll() is None
        processes = psutil.Process(starting.pid).children(recursive=True)
        assert len(processes) > 3
        starting.send_signal(signal.SIGINT)
        assert "Ready" not in starting.stdout.read()
    assert starting.returncode == 130
    assert all_end(processes)


def test_a_killed_stack_leaves_no_process_and_starts_again(tmp_path: Path) -> None:
    killed = whole(tmp_path)
    processes = family(killed)
    visitor = Visitor.start(killed.base_url, killed.widget_id)
    assert visitor.say("acknowledged").status == 201
    assert killed.stop(signal.SIGKILL) == -signal.SIGKILL
    again = whole(tmp_path)
    try:
        visitor.caller.base_url = again.base_url
        assert next(entry["content"] for entry in visitor.log()) == "acknowledged"
        assert all_end(processes)
    finally:
        assert again.stop() == 0


def test_a_second_start_keeps_conversations_sign_ins_changed_passwords_and_keys(tmp_path: Path) -> None:
    first = whole(tmp_path)
    admin, ben = first.agents[:2]
    visitor = Visitor.start(first.base_url, first.widget_id)
    assert visitor.say("still here?").status == 201
    pool = aws("cognito-idp", first)
    changed = "Another-password-1"
    pool.admin_set_user_password(
        UserPoolId=first.identity["user_pool_id"], Username=ben["email"], Password=changed, Permanent=True
    )
    pool.close()
    signed_in = Agent.sign_in(first.base_url, first.identity, admin["email"], admin["password"])
    key = signed_in.caller.post("/admin-config/refresh-key").body["api_key"]
    assert first.stop(signal.SIGINT) == 0

    second = whole(tmp_path)
    try:
        assert (second.customer_id, second.widget_id, second.agents) == (first.customer_id, first.widget_id, first.agents)
        assert second.api_key == key
        visitor.caller.base_url = second.base_url
        assert next(entry["content"] for entry in visitor.log()) == "still here?"
        assert Agent.sign_in(second.base_url, second.identity, ben["email"], changed).me["email"] == ben["email"]
        signed_in.caller.base_url = second.base_url  # a session outlives the stack's as it would Cognito's
        assert signed_in.caller.get("/agent/me").status == 200
    finally:
        assert second.stop() == 0


def test_lost_sign_ins_are_made_anew_and_linked(tmp_path: Path) -> None:
    first = whole(tmp_path)
    assert first.stop() == 0
    (tmp_path / "aws" / "cognitoidp").write_bytes(b"of another release")
    second = whole(tmp_path)
    try:
        assert second.identity["user_pool_id"] != first.identity["user_pool_id"]
        for account in second.agents:
            Agent.sign_in(second.base_url, second.identity, account["email"], account["password"])
    finally:
        assert second.stop() == 0


def test_stacks_side_by_side_know_nothing_of_each_other(edge: Edge, tmp_path: Path, http: urllib3.PoolManager) -> None:
    with running(tmp_path, *EDGE_ARGUMENTS) as other:
        secrets = []
        for one in (edge, other):
            environment = http.request("GET", f"{one.base_url}/echo/x").json()["environment"]
            client = aws("secretsmanager", one)
            secrets.append(client.get_secret_value(SecretId=environment["SECRET"])["SecretString"])
            client.close()
        assert secrets[0] != secrets[1]


def test_a_directory_in_use_is_told(edge: Edge) -> None:
    with pytest.raises(StackFailed, match=f"is in use by process {edge.process.pid}"):
        start(edge.directory, *EDGE_ARGUMENTS)
    assert (edge.directory / "demo.json").exists()


def test_a_port_in_use_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StackFailed, match=f"Port {port} cannot be used: Address already in use") as failed:
            start(tmp_path, *EDGE_ARGUMENTS, "--port", str(port))
    assert f"make run PORT={port + 1}" in str(failed.value)
    assert "Traceback" not in str(failed.value)


def test_a_function_that_cannot_start_is_told_with_its_error(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("import nothing_of_this_name\n")
    template = tmp_path / "template.yaml"
    template.write_text(
        "Resources:\n"
        "  BrokenFunction:\n"
        "    Type: AWS::Serverless::Function\n"
        "    Properties:\n"
        "      CodeUri: ./\n"
        "      Handler: broken.handler\n"
        "      Events: {Any: {Type: HttpApi}}\n"
    )
    with pytest.raises(StackFailed, match="nothing_of_this_name"):
        start(tmp_path / "local", "--template", str(template))
    assert "ModuleNotFoundError" in logs(tmp_path / "local")


def test_what_is_secret_only_its_owner_can_read(stack: Stack) -> None:
    assert stat.S_IMODE(stack.directory.stat().st_mode) == 0o700
    for name in ("demo.json", "customers.json", "postgres/password", "aws/cognitoidp", "aws/secretsmanager"):
        assert stat.S_IMODE((stack.directory / name).stat().st_mode) == 0o600, name


def test_the_databases_master_is_no_more_than_rds_makes_it(stack: Stack) -> None:
    with psycopg.connect(stack.database_url) as connection:
        rights = connection.execute(
            "select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb from pg_roles where rolname = 'livechat_master'"
        )
        assert rights.fetchone() == (False, False, True, True)


def test_pages_and_scripts_are_served_as_the_distribution_would(stack: Stack, http: urllib3.PoolManager) -> None:
    def get(path: str, **headers: str) -> urllib3.BaseHTTPResponse:
        return http.request("GET", f"{stack.base_url}{path}", headers=headers, redirect=False)

    assert (get("/").status, get("/").headers["location"]) == (302, "/demo/")
    for path, key in (("/demo/", stack.api_key), ("/demo/second.html", stack.second_customer["api_key"])):
        page = get(path).data.decode()
        assert (key in page, "{{" in page) == (True, False), path
    loader = get("/widget.js", **{"accept-encoding": "identity"})
    assert (loader.status, loader.headers["cache-control"]) == (200, "public, max-age=3600")
    assert loader.headers["access-control-allow-origin"] == "*"
    assert get("/widget.js", **{"if-none-match": loader.headers["etag"]}).status == 304
    (panel,) = (Path(__file__).parents[2] / "widget" / "dist" / "assets").glob("widget-full.*.js")
    assert get(f"/assets/{panel.name}").headers["cache-control"] == "public, max-age=31536000, immutable"
    assert get("/assets/none.js").status == 404
    assert (get("/console").status, get("/console").headers["location"]) == (308, "/console/")
    console = get("/console/inbox/7")
    assert (console.status, console.headers["cache-control"], console.data) == (200, "no-cache", get("/console/").data)
    policy = console.headers["content-security-policy"]
    assert stack.identity["endpoint"].rstrip("/") in policy
    assert stack.websocket_url.removesuffix("/socket") in policy
    assert "amazonaws.com" not in policy
    assert get("/console/config.json").json() == {"identity": stack.identity, "api_url": ""}
    assert http.request("POST", f"{stack.base_url}/widget.js").status == 403
    outside = f"/assets/..%2f..%2f..%2f{os.path.basename(__file__)}"  # noqa: PTH119  # a name, not a path
    assert get(outside).status == 404
