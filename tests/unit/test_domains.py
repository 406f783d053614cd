"""On which sites a widget may be used: what counts as an origin, a pattern, and a match."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livechat import domains

LABEL = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
HOST = st.lists(LABEL, min_size=1, max_size=4).map(".".join)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://good.example", "good.example"),
        ("http://good.example", "good.example"),
        ("https://GOOD.Example", "good.example"),
        ("https://good.example.", "good.example"),
        ("https://good.example:8443", "good.example"),
        ("https://good.example.:443", "good.example"),
        ("http://localhost:3000", "localhost"),
        ("http://127.0.0.1:8000", "127.0.0.1"),
        ("https://[::1]:8000", "[::1]"),
        ("https://xn--mnchen-3ya.example", "xn--mnchen-3ya.example"),
    ],
)
def test_the_host_of_an_origin(origin: str, host: str) -> None:
    assert domains.host_of(origin) == host


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "good.example",
        "https://",
        "https://evil.example\\@good.example",
        "https://evil.example@good.example",
        "https://good.example@evil.example",
        "https://evil.example/.good.example",
        "https://evil.example#good.example",
        "https://evil.example?good.example",
        "https://evil.example good.example",
        "https://evil.example\n.good.example",
        "https://good.example\n",
        "https://good.example\0.evil.example",
        "https://good..example",
        "https://.good.example",
        "https://good.example:",
        "https://good.example:port",
        "https://*.good.example",
        "https://good%2eexample",
        "https://gооd.example",
        "https://good\uff0eexample",
        "ftp://good.example",
        "javascript://good.example",
        "chrome-extension://good",
        "file://",
    ],
)
def test_what_no_browser_sends_for_a_site_has_no_host(origin: str) -> None:
    assert domains.host_of(origin) is None


@pytest.mark.parametrize(
    ("origin", "is_allowed"),
    [
        ("https://good.example", True),
        ("https://good.example.", True),
        ("https://sub.good.example", False),
        ("https://a.wild.example", True),
        ("https://a.b.wild.example", True),
        ("https://wild.example", False),
        ("https://evilwild.example", False),
        ("https://good.example.evil.example", False),
        ("https://xgood.example", False),
        ("https://blocked.wild.example", False),
        ("https://a.blocked.wild.example", True),
        ("https://evil.example\\@good.example", False),
        ("null", False),
    ],
)
def test_lists_with_wildcards(origin: str, is_allowed: bool) -> None:
    assert domains.allows(origin, ["good.example", "*.wild.example"], ["blocked.wild.example"]) is is_allowed


def test_without_lists_every_site_is_allowed() -> None:
    for origin in ("https://anything.example", "null", "https://evil.example\\@good.example", None):
        assert domains.allows(origin, [], [])


def test_null_is_on_no_list() -> None:
    assert not domains.allows("null", ["good.example"], [])
    assert not domains.allows("null", [], ["bad.example"])


def test_no_origin_is_no_browser() -> None:
    assert domains.allows(None, ["good.example"], ["good.example"])


def test_a_block_wins_over_an_allowance() -> None:
    assert not domains.allows("https://good.example", ["good.example"], ["good.example"])
    assert not domains.allows("https://a.good.example", ["a.good.example"], ["*.good.example"])
    assert not domains.allows("https://A.GOOD.example.:8443", ["*.good.example"], ["a.good.example"])


@pytest.mark.parametrize(
    ("pattern", "stored"),
    [
        ("Good.Example.", "good.example"),
        ("  good.example ", "good.example"),
        ("*.Good.Example", "*.good.example"),
        ("münchen.example", "xn--mnchen-3ya.example"),
        ("*.MÜNCHEN.example", "*.xn--mnchen-3ya.example"),
        ("localhost", "localhost"),
        ("[::1]", "[::1]"),
    ],
)
def test_a_pattern_is_stored_in_one_spelling(pattern: str, stored: str) -> None:
    assert domains.normalise(pattern) == stored


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "*",
        "*.",
        "**.good.example",
        "*.*.example",
        "a*.example",
        "good.*",
        ".good.example",
        "good..example",
        "https://good.example",
        "good.example:8080",
        "good.example/path",
        "good.example\\",
        "user@good.example",
        "good example",
        "ü" * 64 + ".example",
    ],
)
def test_what_is_no_host_name_is_no_pattern(pattern: str) -> None:
    with pytest.raises(ValueError, match="host name"):
        domains.normalise(pattern)


@given(HOST)
def test_a_stored_pattern_stays_as_it_is_and_covers_its_host(host: str) -> None:
    assert domains.normalise(host) == host
    assert domains.normalise(f"*.{host}") == f"*.{host}"
    assert domains.allows(f"https://{host}:8443", [host], [])


@given(HOST, HOST)
def test_a_wildcard_covers_just_the_names_below_it(above: str, host: str) -> None:
    assert domains.covers(f"*.{above}", host) == (host != above and host.endswith(f".{above}"))


@given(st.text(max_size=40), HOST)
def test_no_text_around_a_host_makes_it_an_allowed_origin(text: str, host: str) -> None:
    for origin in (f"https://evil.example{text}{host}", f"https://{host}{text}evil.example", f"{text}https://{host}"):
        named = domains.host_of(origin)
        assert named != host or origin.lower().rstrip(".") == f"https://{host}"


@given(st.text(max_size=60))
def test_any_text_is_either_an_origin_or_none(text: str) -> None:
    host = domains.host_of(text)
    assert host is None or (host == host.lower() and host in text.lower())
