"""The CloudFront functions, run by Node: CloudFront itself is not at hand, and they use nothing but its event."""

import json
import subprocess
from collections.abc import Mapping
from typing import Any, cast

import pytest


def run(resource: Mapping[str, Any], uri: str) -> dict[str, Any]:
    """What the function makes of a viewer's request for `uri`."""
    event = {"request": {"method": "GET", "uri": uri, "headers": {"host": {"value": "chat.example.com"}}}}
    program = f"{resource['Properties']['FunctionCode']}\nconsole.log(JSON.stringify(handler({json.dumps(event)})))"
    ran = subprocess.run(["node", "--eval", program], capture_output=True, text=True, check=True, timeout=30)
    return cast("dict[str, Any]", json.loads(ran.stdout))


@pytest.mark.parametrize(
    ("asked", "served"),
    [
        ("/console/", "/console/index.html"),
        ("/console/conversations/42", "/console/index.html"),
        ("/console/console.1a2b.js", "/console/console.1a2b.js"),
        ("/console/config.json", "/console/config.json"),
    ],
)
def test_every_page_of_the_console_is_its_index(resources: Mapping[str, Any], asked: str, served: str) -> None:
    assert run(resources["ConsolePages"], asked)["uri"] == served


def test_the_console_without_its_slash_is_sent_there(resources: Mapping[str, Any]) -> None:
    answer = run(resources["ConsolePages"], "/console")
    assert answer["statusCode"] == 308
    assert answer["headers"]["location"]["value"] == "/console/"


def test_functions_learn_the_host_that_was_asked_for(resources: Mapping[str, Any]) -> None:
    request = run(resources["HostHeader"], "/functions/v1/widget-config")
    assert request["headers"]["x-forwarded-host"]["value"] == "chat.example.com"
    assert request["uri"] == "/functions/v1/widget-config"


def test_an_answer_for_one_page_is_never_another_pages(resources: Mapping[str, Any]) -> None:
    policy = resources["ConfigCachePolicy"]["Properties"]["CachePolicyConfig"]
    key = policy["ParametersInCacheKeyAndForwardedToOrigin"]
    assert {header.lower() for header in key["HeadersConfig"]["Headers"]} == {"origin", "x-forwarded-host"}
    assert key["QueryStringsConfig"]["QueryStringBehavior"] == "all"
    assert (policy["MinTTL"], policy["MaxTTL"]) == (0, 300)
