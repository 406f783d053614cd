"""What is written down agrees with the code: error codes, settings, the OpenAPI document and the clients' types."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

from livechat import errors
from livechat.settings import DeploymentSettings, OutboundSettings, Settings
from livechat.widgets import SECTIONS
from scripts import configuration

ROOT = Path(__file__).resolve().parents[2]
ERRORS = (ROOT / "docs" / "errors.md").read_text("utf-8")
SETTINGS = (ROOT / "docs" / "settings.md").read_text("utf-8")


def rows(text: str) -> list[list[str]]:
    """The cells of a Markdown text's tables, without their heads."""
    lines = re.findall(r"^\| (`.+) \|$", text, re.MULTILINE)
    return [line.split(" | ") for line in lines]


def test_every_error_is_written_down_as_it_is_sent() -> None:
    written = [(code.strip("`"), int(status), title) for code, status, title, _ in rows(ERRORS)]
    assert written == [(error.code(), error.status, error.title) for error in errors.leaves()]


def test_every_error_says_what_to_do() -> None:
    assert [code for code, _, _, advice in rows(ERRORS) if not re.fullmatch(r"[A-Z].+\.", advice)] == []


def test_codes_are_words_and_are_there_once() -> None:
    codes = [error.code() for error in errors.leaves()]
    assert len(set(codes)) == len(codes)
    assert [code for code in codes if not re.fullmatch(r"[a-z]+(_[a-z]+)*", code)] == []


def test_a_status_tells_the_kind_of_error() -> None:
    for error in errors.leaves():
        parent = error.__mro__[1]
        assert parent is errors.LivechatError or error.status == getattr(parent, "status", None)
        assert error.status in {400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 500, 503}


def test_a_detail_is_never_empty() -> None:
    assert errors.NotFound().detail == errors.NotFound.title
    assert errors.NotFound("Look elsewhere.").detail == "Look elsewhere."


@pytest.mark.parametrize(
    ("model", "title"),
    [
        (Settings, "## Every function that serves requests"),
        (OutboundSettings, "## `outbound`"),
        (DeploymentSettings, "## `on_deploy`"),
    ],
)
def test_every_setting_is_written_down(model: type[BaseSettings], title: str) -> None:
    section = SETTINGS.partition(title)[2].partition("\n## ")[0]
    defaults = {True: "required", False: "empty"}
    expected = [
        [
            f"`{model.model_config.get('env_prefix')}{name.upper()}`",
            defaults[field.is_required()] if field.is_required() or field.default == "" else f"`{field.default}`",
            field.description,
        ]
        for name, field in model.model_fields.items()
    ]
    assert rows(section) == expected


def test_every_field_of_a_widgets_configuration_is_written_down() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text("utf-8")
    assert configuration.written(text) == text
    for title, model in configuration.TABLES.items():
        section = re.split(r"\n#+ ", text.partition(f"# {title}\n")[2])[0]
        own = [f"`{name}`" for name in model.model_fields if name not in SECTIONS]
        assert [(name, effect[-1]) for name, _, _, effect in rows(section)] == [(name, ".") for name in own], title


def test_nothing_but_the_settings_reads_the_environment() -> None:
    product = [*(ROOT / "layers" / "common" / "livechat").rglob("*.py"), *(ROOT / "functions").glob("*/*.py")]
    readers = [path.name for path in product if re.search(r"os\.environ|getenv", path.read_text("utf-8"))]
    assert readers == []


def test_the_openapi_document_is_what_the_apps_say() -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "scripts.openapi", "--check"],
        cwd=ROOT,
        env={"PYTHONPATH": ":".join([".", "layers/common", "functions"])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr


def test_the_clients_types_name_every_schema_of_the_document() -> None:
    types = (ROOT / "client" / "src" / "wire.gen.ts").read_text("utf-8")
    schemas = re.findall(r'^   "(\w+)": \{$', (ROOT / "docs" / "openapi.json").read_text("utf-8"), re.MULTILINE)
    assert len(schemas) > 30
    assert [name for name in schemas if f"{name}: " not in types] == []


def test_no_query_is_named_that_nobody_asks_and_none_asked_that_is_not_there() -> None:
    directory = ROOT / "layers" / "common" / "livechat"
    named = {
        f"{path.stem}.{name}"
        for path in (directory / "sql").glob("*.sql")
        for name in re.findall(r"^-- name: (\w+)$", path.read_text("utf-8"), re.MULTILINE)
    }
    code = "\n".join(path.read_text("utf-8") for path in [*directory.glob("*.py"), *(ROOT / "functions").glob("*/*.py")])
    nouns = "|".join(path.stem for path in (directory / "sql").glob("*.sql"))
    asked = set(re.findall(rf'"((?:{nouns})\.[a-z_]+)"', code))
    # Two are put together: a list by its view, a read mark by its side, and a sweep by its table.
    built = {name for name in named if re.match(r"conversations\.(list|read_by)_|maintenance\.", name)}
    assert asked - named == set()
    assert named - asked - built == set()
