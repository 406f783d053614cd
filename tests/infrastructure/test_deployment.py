"""The deployment's function as CloudFormation calls it, with moto's buckets; its answer goes to a presigned address there."""

import json
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal, cast
from uuid import uuid4

import boto3
import pytest
from moto.server import ThreadedMotoServer

from local.workers import Context
from on_deploy import app

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_LAMBDA_FUNCTION_NAME": "on-deploy",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
    "AWS_LAMBDA_LOG_GROUP_NAME": "functions",
    "AWS_LAMBDA_LOG_STREAM_NAME": "on-deploy",
    "LIVECHAT_LOCAL_FUNCTION_ARN": "arn:aws:lambda:eu-central-1:123456789012:function:on-deploy",
    "LIVECHAT_DATABASE_URL": "postgresql://127.0.0.1:1/livechat",  # where nothing listens
    "LIVECHAT_OWNER_SECRET": "owner",
    "LIVECHAT_FUNCTIONS_SECRET": "functions",
    "LIVECHAT_JOBS_SECRET": "jobs",
}


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator["S3Client"]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {**ENVIRONMENT, "AWS_ENDPOINT_URL": f"http://{host}:{port}"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # another test's may speak to another server
    yield boto3.client("s3")
    server.stop()


@pytest.fixture
def assets(s3: "S3Client", monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of the bucket, which is there for the test to make."""
    name = f"assets-{uuid4()}"
    monkeypatch.setenv("LIVECHAT_ASSETS_BUCKET", name)
    return name


def make(s3: "S3Client", bucket: str) -> None:
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})


def request(s3: "S3Client", request_type: str, resource: str) -> dict[str, Any]:
    """What CloudFormation is told by the function."""
    answers = f"answers-{uuid4()}"
    make(s3, answers)
    event = {
        "RequestType": request_type,
        "ResourceType": f"Custom::{resource}",
        "LogicalResourceId": resource,
        "PhysicalResourceId": resource,
        "StackId": "stack",
        "RequestId": "request",
        "ResourceProperties": {},
        "ResponseURL": s3.generate_presigned_url("put_object", Params={"Bucket": answers, "Key": "answer"}),
    }
    app.handler(event, Context("request", int(time.time() * 1000) + 900_000))
    return cast("dict[str, Any]", json.loads(s3.get_object(Bucket=answers, Key="answer")["Body"].read()))


@pytest.mark.parametrize("versioning", ["Enabled", "Suspended"])
def test_a_deleted_stack_leaves_its_assets_bucket_empty(
    s3: "S3Client", assets: str, versioning: Literal["Enabled", "Suspended"]
) -> None:
    make(s3, assets)
    s3.put_bucket_versioning(Bucket=assets, VersioningConfiguration={"Status": versioning})
    for key in ("widget.js", "widget.js", "console/index.html", "assets/widget-full.1a2b.js"):
        s3.put_object(Bucket=assets, Key=key, Body=b"//")
    s3.delete_object(Bucket=assets, Key="console/index.html")  # which leaves a marker, where there are versions
    assert request(s3, "Delete", "Publish")["Status"] == "SUCCESS"
    s3.delete_bucket(Bucket=assets)  # which S3 refuses as long as anything is left


@pytest.mark.usefixtures("assets")
def test_a_bucket_that_was_removed_by_hand_does_not_hold_up_the_deletion(s3: "S3Client") -> None:
    assert request(s3, "Delete", "Publish")["Status"] == "SUCCESS"


@pytest.mark.usefixtures("assets")
def test_the_database_is_left_to_its_own_policy(s3: "S3Client") -> None:
    assert request(s3, "Delete", "Migrate")["Status"] == "SUCCESS"


@pytest.mark.usefixtures("assets")
def test_a_failure_is_told_with_its_reason(s3: "S3Client") -> None:
    answer = request(s3, "Update", "Migrate")
    assert answer["Status"] == "FAILED"
    assert answer["Reason"]
    assert answer["PhysicalResourceId"] == "Migrate"  # another one would have CloudFormation delete this one
