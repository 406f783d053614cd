"""On which sites a widget may be used: an Origin against allow and block lists with wildcards."""

import re

import idna

# The characters are matched before anything is parsed: browsers and parsers disagree about `https://evil.com\@good.com`.
_ORIGIN = re.compile(r"(?:https?)://(\[[0-9a-f:.]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)\.?(?::\d{1,5})?", re.IGNORECASE)
_PATTERN = re.compile(r"(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\]")


def host_of(origin: str) -> str | None:
    """The lower-case host of an Origin header, without a trailing dot and port; None for `null` and anything odd."""
    match = _ORIGIN.fullmatch(origin)
    return match.group(1).lower() if match else None


def normalise(pattern: str) -> str:
    """A list's entry as it is stored: `Example.COM.` → `example.com`, `*.Example.com` → `*.example.com`.

    Raises ValueError when it is no host name, with an optional leading `*.`.
    """
    text = pattern.strip().lower().removesuffix(".")
    try:
        # UTS 46 as browsers apply it; Python's own codec would make `ss` of `ß`.
        if not text.isascii():
            wildcard = "*." if text.startswith("*.") else ""
            text = wildcard + idna.encode(text.removeprefix("*."), uts46=True).decode()
    except idna.IDNAError:
        text = ""
    if not _PATTERN.fullmatch(text):
        raise ValueError("must be a host name such as example.com or *.example.com, without scheme, port or path")
    return text


def covers(pattern: str, host: str) -> bool:
    """`*.example.com` covers every sub-domain and not example.com itself; without a wildcard just that host."""
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern


def allows(origin: str | None, allowed: list[str], blocked: list[str]) -> bool:
    """Whether a widget with these lists may be used by a page of this origin.

    No Origin at all is no browser, so the token decides. A block wins; an empty allow list allows every site.
    """
    if origin is None:
        return True
    host = host_of(origin)
    if host is None:
        return not allowed and not blocked
    if any(covers(pattern, host) for pattern in blocked):
        return False
    return not allowed or any(covers(pattern, host) for pattern in allowed)
