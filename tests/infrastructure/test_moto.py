"""The template's buckets, queues, secrets and user pool, made in moto by the local runtime from the template itself."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from local import resources as making
from local.credentials import CREDENTIALS
from local.templates import REGION, Template
from tests.infrastructure.conftest import ROOT


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="module")
def made(endpoint: str) -> Template:
    template = Template.load(ROOT / "template.yaml")
    making.make(template, endpoint)
    return template


def client(service: str, endpoint: str) -> Any:
    return boto3.client(service, endpoint_url=endpoint, region_name=REGION, **CREDENTIALS)  # type: ignore[call-overload]  # by name


def test_all_that_moto_can_hold_is_made(made: Template, resources: Mapping[str, Any]) -> None:
    kinds = ("AWS::S3::Bucket", "AWS::SQS::Queue", "AWS::SecretsManager::Secret", "AWS::Cognito::UserPool")
    assert {name for name, of in resources.items() if of["Type"] in kinds} <= set(made.made)


def test_every_secret_that_a_function_names_can_be_read(made: Template, endpoint: str, functions: Mapping[str, Any]) -> None:
    secrets = client("secretsmanager", endpoint)
    for name in functions:
        for variable, secret in made.environment(name).items():
            if variable.endswith("_SECRET"):
                assert set(json.loads(secrets.get_secret_value(SecretId=secret)["SecretString"])) in (
                    {"username", "password"},
                    {"kid", "key"},
                )


def test_the_outbound_queue_hands_over_to_its_dead_letter_queue(made: Template, endpoint: str) -> None:
    queues = client("sqs", endpoint)
    url = made.environment("ChatFunction")["LIVECHAT_OUTBOUND_QUEUE_URL"]
    attributes = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    target = json.loads(attributes["RedrivePolicy"])["deadLetterTargetArn"]
    assert target == made.made["OutboundDeadLetterQueue"].attributes["Arn"]


def test_agents_can_sign_in_as_the_console_does(made: Template, endpoint: str) -> None:
    pool = client("cognito-idp", endpoint)
    deployment = made.environment("OnDeployFunction")
    user = {"UserPoolId": deployment["LIVECHAT_USER_POOL_ID"], "Username": "ada@example.com"}
    pool.admin_create_user(**user, UserAttributes=[{"Name": "email", "Value": "ada@example.com"}])
    pool.admin_set_user_password(**user, Password="Correct-Horse-1", Permanent=True)
    answer = pool.initiate_auth(
        ClientId=deployment["LIVECHAT_IDENTITY_CLIENT_ID"],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ada@example.com", "PASSWORD": "Correct-Horse-1"},
    )
    assert answer["AuthenticationResult"]["AccessToken"]


def test_everything_is_found_again_when_made_twice(made: Template, endpoint: str) -> None:
    again = Template.load(ROOT / "template.yaml")
    making.make(again, endpoint)
    assert again.made == made.made
