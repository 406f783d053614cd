"""What the distribution serves from its bucket, the console's settings, and the demo's pages."""

import fnmatch
import json
import mimetypes
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from aiohttp import web

from local.templates import Behaviour

HOUR = "public, max-age=3600"
YEAR = "public, max-age=31536000, immutable"  # a name with a hash in it never changes its content
ASK_FIRST = "no-cache"
DEMO_PAGES = {"/demo/": "shop.html", "/demo/second.html": "second.html", "/demo/example.html": "example.html"}


class Assets:
    def __init__(self, root: Path, behaviours: Sequence[Behaviour], console_config: object, hosts: Mapping[str, str]) -> None:
        self._widget = root / "widget" / "dist"
        self._console = root / "console" / "dist"
        self._demo = root / "local" / "demo"
        self._hosts = hosts
        self._behaviours = [(behaviour.pattern, self._localised(behaviour.headers)) for behaviour in behaviours]
        self._console_config = json.dumps(console_config)
        self._tokens: dict[str, str] = {}

    def show(self, tokens: Mapping[str, str]) -> None:
        """What stands for {{name}} in the demo's pages."""
        self._tokens = dict(tokens)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse | None:
        """The response, or None for what the bucket does not serve."""
        path = unquote(request.path)
        if path == "/":
            return _redirect("/demo/")
        if path == "/demo":
            return _redirect("/demo/")
        if path.startswith("/demo/"):
            return self._demo_page(path)
        headers = self._headers_for(path)
        if headers is None:
            return None
        if request.method not in ("GET", "HEAD"):
            return web.Response(status=403)  # CloudFront's word for a method that a behaviour does not allow
        if path == "/console":
            return _redirect("/console/", status=308)
        if path == "/console/config.json":
            headers["cache-control"] = ASK_FIRST
            return web.Response(text=self._console_config, content_type="application/json", headers=headers)
        file = self._file(path)
        if file is None:
            return web.Response(status=404, text="Not Found", headers=headers)
        headers["cache-control"] = _caching(path)
        # Sends the .br or .gz beside it where the browser takes that, and 304 where it has it.
        return web.FileResponse(file, headers=headers)

    def _headers_for(self, path: str) -> dict[str, str] | None:
        for pattern, headers in self._behaviours:
            if fnmatch.fnmatchcase(path, pattern):
                return dict(headers)
        return None

    def _localised(self, headers: Mapping[str, str]) -> dict[str, str]:
        localised = dict(headers)
        for host, local in self._hosts.items():
            localised = {name: value.replace(host, local) for name, value in localised.items()}
        return localised

    def _file(self, path: str) -> Path | None:
        pure = PurePosixPath(path)
        if ".." in pure.parts:
            return None
        if pure.parts[1] != "console":
            file = self._widget / pure.relative_to("/")
        elif pure.suffix:
            file = self._console / pure.relative_to("/console")
        else:
            file = self._console / "index.html"  # as the distribution's function has it
        return file if file.is_file() else None

    def _demo_page(self, path: str) -> web.Response:
        if path in DEMO_PAGES:
            text = (self._demo / DEMO_PAGES[path]).read_text()
            page = re.sub(r"\{\{(\w+)\}\}", lambda match: self._tokens.get(match[1], match[0]), text)
            return web.Response(text=page, content_type="text/html", headers={"cache-control": "no-store"})
        file = self._demo / PurePosixPath(path).relative_to("/demo")
        if ".." in file.parts or not file.is_file():
            return web.Response(status=404, text="Not Found")
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        return web.Response(body=file.read_bytes(), content_type=kind, headers={"cache-control": "no-store"})


def _caching(path: str) -> str:
    if path == "/widget.js":
        return HOUR
    return YEAR if path.startswith(("/assets/", "/console/assets/")) else ASK_FIRST


def _redirect(target: str, status: int = 302) -> web.Response:
    return web.Response(status=status, headers={"location": target})
