"""What `sam build` makes: artefacts that hold what Lambda needs, and no more."""

import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest

from tests.infrastructure.conftest import ROOT, sam

# What Lambda's Python runtime brings, and the layer therefore leaves out.
RUNTIME = ("boto3", "botocore", "s3transfer", "dateutil", "urllib3", "six.py", "jmespath")
LIMIT = 250 * 2**20  # Lambda's: a function and its layers, unzipped


@pytest.fixture(scope="session")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with what Lambda's runtime brings, and nothing else that is installed here."""
    directory = tmp_path_factory.mktemp("runtime")
    for name in RUNTIME:
        (directory / name).symlink_to(Path(str(distribution("boto3").locate_file(name))))
    return directory


def size(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


def test_an_artefact_holds_its_own_package_alone(artefacts: Path, functions: Mapping[str, Any]) -> None:
    for name, function in functions.items():
        package = function["Handler"].split(".")[0]
        beside = {path.name for path in (artefacts / name).iterdir()} - {package}
        assert (artefacts / name / package / "app.py").is_file()
        assert beside <= ({"migrations", "assets"} if name == "OnDeployFunction" else set())


def test_the_deployment_carries_every_migration(artefacts: Path) -> None:
    carried = {path.name for path in (artefacts / "OnDeployFunction/migrations").iterdir()}
    assert carried >= {path.name for path in (ROOT / "migrations").glob("*.sql")} > set()


def test_every_artefact_imports_with_the_layer_and_lambdas_runtime_alone(
    artefacts: Path, functions: Mapping[str, Any], runtime: Path
) -> None:
    for name, function in functions.items():
        path = [str(artefacts / name), str(artefacts / "CommonLayer/python"), str(runtime)]
        module, _, handler = function["Handler"].rpartition(".")
        program = f"import sys; sys.path[:0] = {path!r}; from {module} import {handler}; assert callable({handler})"
        ran = subprocess.run(
            [sys.executable, "-I", "-S", "-B", "-c", program],
            env={"AWS_DEFAULT_REGION": "eu-central-1", "AWS_LAMBDA_FUNCTION_NAME": name, "PATH": os.environ["PATH"]},
            cwd=artefacts / name,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ran.returncode == 0, f"{name}: {ran.stderr}"


def test_artefacts_fit_lambda_and_hold_no_bytecode_and_no_tests(artefacts: Path, functions: Mapping[str, Any]) -> None:
    layer = artefacts / "CommonLayer/python"
    assert all(size(artefacts / name) + size(layer) < LIMIT for name in functions)
    assert not [path for path in artefacts.rglob("*") if path.name in {"__pycache__", "tests"}]
    assert not (layer / "boto3").exists()


def test_the_layer_that_is_deployed_is_for_lambdas_machine(tmp_path: Path) -> None:
    built = sam("build", "CommonLayer", "--build-dir", str(tmp_path / "build"), home=tmp_path / "sam")
    assert built.returncode == 0, built.stderr
    layer = tmp_path / "build/CommonLayer/python"
    compiled = {path.name for path in layer.rglob("*.cpython-*.so")}
    assert compiled
    assert all(name.endswith(".cpython-313-aarch64-linux-gnu.so") for name in compiled)
    assert {"livechat", "fastapi", "psycopg", "pydantic"} <= {path.name for path in layer.iterdir()}
