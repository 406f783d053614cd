"""What template.yaml promises, held against the code and against the rules of the house."""

import graphlib
import importlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic_settings import BaseSettings

from livechat import frames, http, settings
from tests.infrastructure.conftest import ROOT, sam

Json = Mapping[str, Any]


def of_type(resources: Json, kind: str) -> dict[str, Json]:
    return {name: of.get("Properties", {}) for name, of in resources.items() if of["Type"] == kind}


def environment(function: Json) -> dict[str, Any]:
    return dict(function.get("Environment", {}).get("Variables", {}))


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements(value: Any) -> Iterator[Json]:
    """Every policy statement anywhere below `value`."""
    if isinstance(value, Mapping):
        if "Effect" in value:
            yield value
        for below in value.values():
            yield from statements(below)
    elif isinstance(value, list):
        for below in value:
            yield from statements(below)


def dependencies(resources: Json) -> dict[str, set[str]]:
    """What each resource names, and CloudFormation therefore makes or changes before it."""

    def named(value: Any) -> Iterator[str]:
        if isinstance(value, list):
            for below in value:
                yield from named(below)
        elif isinstance(value, Mapping):
            for key, below in value.items():
                if key == "Ref":
                    yield below
                elif key == "Fn::GetAtt":
                    yield below[0] if isinstance(below, list) else below.partition(".")[0]
                elif key == "Fn::Sub":
                    yield from re.findall(r"\$\{([\w:]+)", below if isinstance(below, str) else below[0])
                    yield from named(below if isinstance(below, list) else [])
                else:
                    yield from named(below)

    return {
        name: {*named(of.get("Properties", {})), *as_list(of.get("DependsOn", []))} & set(resources)
        for name, of in resources.items()
    }


def before(name: str, waits_for: Mapping[str, set[str]]) -> set[str]:
    """All that is there before `name` is."""
    found: set[str] = set()
    ahead = [name]
    while ahead:
        new = waits_for[ahead.pop()] - found
        found |= new
        ahead += new
    return found


def alias_of(function: str, transformed: Json) -> str:
    (name,) = (
        name for name, alias in of_type(transformed, "AWS::Lambda::Alias").items() if alias["FunctionName"] == {"Ref": function}
    )
    return name


def test_sam_and_cfn_lint_find_nothing_to_say(tmp_path: Path) -> None:
    checked = sam("validate", "--lint", home=tmp_path)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_handler_of_the_template_exists(functions: Json) -> None:
    for function in functions.values():
        module, _, name = function["Handler"].rpartition(".")
        assert callable(getattr(importlib.import_module(module), name))


def test_every_http_route_of_an_app_is_below_its_area_and_every_area_has_some(functions: Json) -> None:
    for name, function in functions.items():
        events = [event["Properties"] for event in function.get("Events", {}).values() if event["Type"] == "HttpApi"]
        areas = {event["Path"].removesuffix("{proxy+}") for event in events if "Path" in event}
        if areas:
            app = importlib.import_module(function["Handler"].rpartition(".")[0]).app
            mounted = f"{http.PREFIX}/{app.state.area}" if app.state.area else ""
            served = {mounted + route.path for route in app.routes}
            assert all(any(path.startswith(area) for area in areas) for path in served), name
            assert all(any(path.startswith(area) for path in served) for area in areas), name


def test_the_sockets_routes_are_the_frames_that_clients_may_send(resources: Json) -> None:
    variants = frames.client_frame.json_schema()["discriminator"]["mapping"]
    assert set(resources["WebSocketApi"]["Properties"]["Routes"]) == {"$connect", "$disconnect", "$default", *variants}


def test_every_package_of_functions_is_in_the_template(functions: Json) -> None:
    packages = {path.parent.name for path in (ROOT / "functions").glob("*/app.py")}
    assert packages == {function["Handler"].split(".")[0] for function in functions.values()}


def test_every_function_has_its_build_target(functions: Json) -> None:
    targets = dict(re.findall(r"^build-(\w+): (\w+)\.package$", (ROOT / "functions/Makefile").read_text(), re.MULTILINE))
    assert targets == {name: function["Handler"].split(".")[0] for name, function in functions.items()}


def test_every_queue_hands_what_fails_to_a_dead_letter_queue(resources: Json) -> None:
    queues = of_type(resources, "AWS::SQS::Queue")
    for name, queue in queues.items():
        if name.endswith("DeadLetterQueue"):
            assert "RedrivePolicy" not in queue
        else:
            target, attribute = queue["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"]
            assert target in queues
            assert attribute == "Arn"


def test_queues_are_encrypted(resources: Json) -> None:
    assert all(queue["SqsManagedSseEnabled"] for queue in of_type(resources, "AWS::SQS::Queue").values())


def test_a_message_stays_hidden_for_as_long_as_its_function_may_need(resources: Json, functions: Json) -> None:
    for function in functions.values():
        for event in function.get("Events", {}).values():
            if event["Type"] == "SQS":
                queue = resources[event["Properties"]["Queue"]["Fn::GetAtt"][0]]["Properties"]
                assert queue["VisibilityTimeout"] >= 6 * function["Timeout"]


def test_buckets_are_private_and_encrypted_and_refuse_plain_http(resources: Json) -> None:
    policies = of_type(resources, "AWS::S3::BucketPolicy").values()
    for name, bucket in of_type(resources, "AWS::S3::Bucket").items():
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        policy = next(policy for policy in policies if policy["Bucket"] == {"Ref": name})
        assert any(statement["Effect"] == "Deny" for statement in statements(policy))


def test_the_database_is_private_and_encrypted_and_survives_the_stack(resources: Json) -> None:
    database = resources["Database"]
    assert database["DeletionPolicy"] == database["UpdateReplacePolicy"] == "Snapshot"
    assert database["Properties"]["StorageEncrypted"] is True
    assert database["Properties"]["PubliclyAccessible"] is False
    assert resources["DatabaseParameters"]["Properties"]["Parameters"]["rds.force_ssl"] == "1"


def test_no_function_may_touch_everything(resources: Json) -> None:
    for name, resource in resources.items():
        for statement in statements(resource):
            if statement["Effect"] == "Allow":
                assert "*" not in as_list(statement.get("Resource")), name
                assert not any(str(action).endswith("*") for action in as_list(statement["Action"])), name


def test_each_function_reads_only_the_secrets_its_environment_names(template: Json, functions: Json) -> None:
    shared = environment(template["Globals"]["Function"])
    for name, function in functions.items():
        named = [value for key, value in {**shared, **environment(function)}.items() if key.endswith("_SECRET")]
        for statement in statements(function["Policies"]):
            if statement["Action"] == "secretsmanager:GetSecretValue":
                assert all(secret in named for secret in as_list(statement["Resource"])), name


def test_exactly_the_functions_that_push_may_push(functions: Json) -> None:
    for name, function in functions.items():
        package = ROOT / "functions" / function["Handler"].split(".")[0]
        source = "".join(path.read_text() for path in package.glob("*.py"))
        actions = [action for statement in statements(function["Policies"]) for action in as_list(statement["Action"])]
        assert ("execute-api:ManageConnections" in actions) == ("realtime" in source or "Pusher" in source), name
        # A wide fan-out goes by the queue, and so does every effect outside the database.
        assert ("sqs:SendMessage" in actions) == ("realtime.publish" in source or "outbox.hand_over" in source), name


def test_every_schedule_names_a_task_that_exists(functions: Json) -> None:
    tasks = importlib.import_module("maintenance.app").TASKS
    events = functions["MaintenanceFunction"]["Events"].values()
    assert {json.loads(event["Properties"]["Input"])["task"] for event in events} == set(tasks)


def test_what_the_clock_started_is_not_repeated_by_lambda(transformed: Json) -> None:
    (config,) = of_type(transformed, "AWS::Lambda::EventInvokeConfig").values()
    assert config["FunctionName"] == {"Ref": "MaintenanceFunction"}
    assert config["MaximumRetryAttempts"] == 0
    (target,) = (alias for name, alias in transformed.items() if name.startswith("MaintenanceFunctionAlias"))
    assert config["Qualifier"] == target["Properties"]["Name"]


def test_the_template_and_the_code_know_the_same_settings(template: Json, functions: Json) -> None:
    given = set(environment(template["Globals"]["Function"])).union(*map(environment, functions.values()))
    models = [of for of in vars(settings).values() if isinstance(of, type) and issubclass(of, BaseSettings)]
    known = {f"LIVECHAT_{field.upper()}" for model in models for field in model.model_fields}
    assert {name for name in given if name.startswith("LIVECHAT_")} == known


def test_http_functions_answer_before_the_gateway_gives_up(template: Json, functions: Json) -> None:
    for function in functions.values():
        if any(event["Type"] == "HttpApi" for event in function.get("Events", {}).values()):
            assert function.get("Timeout", template["Globals"]["Function"]["Timeout"]) <= 29


def test_no_former_version_of_a_function_is_kept(transformed: Json) -> None:
    versions = [of for of in transformed.values() if of["Type"] == "AWS::Lambda::Version"]
    assert versions
    assert all(version["DeletionPolicy"] == "Delete" for version in versions)


def test_only_functions_that_somebody_waits_for_pay_for_snapshots(transformed: Json, functions: Json) -> None:
    for name in functions:
        is_snapped = transformed[name]["Properties"]["SnapStart"]["ApplyOn"] == "PublishedVersions"
        assert is_snapped == (name not in {"OutboundFunction", "MaintenanceFunction", "OnDeployFunction"})


def test_the_deployment_runs_again_when_there_is_something_new(resources: Json) -> None:
    for name in ("Migrate", "Publish"):
        assert resources[name]["Properties"]["Version"] == {"Ref": "OnDeployFunction.Version"}


def test_cloudformation_finds_an_order(transformed: Json) -> None:
    graphlib.TopologicalSorter(dependencies(transformed)).prepare()  # raises CycleError


def test_no_new_code_meets_the_old_schema(transformed: Json, functions: Json) -> None:
    waits_for = dependencies(transformed)
    for name, function in functions.items():
        if "VpcConfig" in function and name != "OnDeployFunction":
            assert "Migrate" in before(alias_of(name, transformed), waits_for), name
    assert {"Database", "FunctionsToDatabase", "EgressRoute", "S3Endpoint"} < before("Migrate", waits_for)
    assert not {"Distribution", "HttpApi"} & before("Migrate", waits_for)


def test_pages_are_published_when_all_that_they_call_is_there(transformed: Json, functions: Json) -> None:
    waits_for = dependencies(transformed)
    aliases = {alias_of(name, transformed) for name in functions if name != "OnDeployFunction"}
    assert {"Migrate", "Distribution", "AssetsBucketPolicy", *aliases} < before("Publish", waits_for)
    assert not [name for name, direct in waits_for.items() if "Publish" in direct]


def test_the_deployment_may_do_what_it_does_when_it_is_asked(transformed: Json) -> None:
    """Else CloudFormation might call it, at the first deployment and at the last, without its permissions and its way out."""
    waits_for = dependencies(transformed)
    role = transformed["InvalidateOnDeploy"]["Properties"]["RoleName"]["Ref"]
    assert transformed["OnDeployFunction"]["Properties"]["Role"] == {"Fn::GetAtt": [role, "Arn"]}
    assert {"InvalidateOnDeploy", role, "AssetsBucket", "UserPool"} < before("Publish", waits_for)
