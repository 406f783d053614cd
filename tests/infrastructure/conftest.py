"""What the infrastructure tests read: the template and the artefacts that it builds."""

import copy
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest
from samcli.yamlhelper import yaml_parse  # type: ignore[import-untyped]  # SAM ships no types
from samtranslator.parser.parser import Parser  # type: ignore[import-untyped]
from samtranslator.translator.translator import Translator  # type: ignore[import-untyped]

ROOT = Path(__file__).resolve().parents[2]
SAM = Path(sys.executable).with_name("sam")


def sam(*arguments: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run SAM in the checkout, offline, with its own files in `home`."""
    settings = {"SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "eu-central-1", "__SAM_CLI_APP_DIR": str(home)}
    return subprocess.run(
        [str(SAM), *arguments],
        cwd=ROOT,
        env={**os.environ, **settings, **environment},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


@pytest.fixture(scope="session")
def template() -> Mapping[str, Any]:
    """template.yaml with its intrinsics in their long form ({"Ref": …}, {"Fn::Sub": …})."""
    return cast("Mapping[str, Any]", yaml_parse((ROOT / "template.yaml").read_text()))


@pytest.fixture(scope="session")
def resources(template: Mapping[str, Any]) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", template["Resources"])


@pytest.fixture(scope="session")
def functions(resources: Mapping[str, Any]) -> Mapping[str, Any]:
    """Logical id → properties of each function."""
    return {name: of["Properties"] for name, of in resources.items() if of["Type"] == "AWS::Serverless::Function"}


@pytest.fixture(scope="session")
def transformed(template: Mapping[str, Any]) -> Mapping[str, Any]:
    """The resources that CloudFormation is given: SAM's own replaced by what they stand for."""
    packaged = copy.deepcopy(dict(template))
    packaged["Globals"]["Function"]["CodeUri"] = "s3://packages/function"
    packaged["Resources"]["CommonLayer"]["Properties"]["ContentUri"] = "s3://packages/layer"
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        translated = Translator(managed_policy_map={}, sam_parser=Parser()).translate(packaged, parameter_values={})
    return cast("Mapping[str, Any]", translated["Resources"])


@pytest.fixture(scope="session")
def artefacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of everything built, for this machine and this Python, so that it can be imported here."""
    directory = tmp_path_factory.mktemp("build")
    machine = platform.machine()
    built = sam(
        "build",
        "--build-dir",
        str(directory),
        home=tmp_path_factory.mktemp("sam"),
        LIVECHAT_BUILD_PLATFORM=f"manylinux_2_28_{machine} manylinux2014_{machine}",
        LIVECHAT_BUILD_PYTHON=f"{sys.version_info.major}.{sys.version_info.minor}",
    )
    assert built.returncode == 0, built.stderr
    return directory
