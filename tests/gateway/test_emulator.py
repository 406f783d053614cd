"""The same conversation over the built artefacts, run by AWS's own runtime emulator."""

from collections.abc import Iterator

import pytest

from tests.client import Caller
from tests.gateway.test_conversation import test_a_visitor_and_an_agent_talk_from_hello_to_rating as talk
from tests.gateway.test_conversation import test_ten_starts_at_once_make_one_conversation as start_ten_times
from tests.stack import Stack, running


@pytest.fixture(scope="module")
def emulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("emulated"), "--runtime", "rie") as started:
        assert isinstance(started, Stack)
        yield started


def test_the_built_artefacts_hold_the_same_conversation(emulated: Stack) -> None:
    talk(emulated)
    start_ten_times(emulated)


def test_the_built_artefacts_tell_their_problems_in_the_same_form(emulated: Stack) -> None:
    answer = Caller(emulated.base_url).get("/widget-config?id=lc_nobody")
    assert (answer.status, answer.body["code"]) == (404, "widget_not_found")
