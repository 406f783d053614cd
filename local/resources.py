"""Buckets, queues, secrets and the user pool of template.yaml, made in moto; each keeps its name and thus its content."""

import json
from typing import TYPE_CHECKING, Any, cast

import boto3
from botocore.client import BaseClient

from local.credentials import CREDENTIALS
from local.templates import ACCOUNT, REGION, STACK, Made, Template

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient


def make(template: Template, endpoint: str) -> None:
    """Make or update what is missing, and tell the template what stands for what."""
    for name, properties in template.resources("AWS::S3::Bucket"):
        template.made[name] = _bucket(_client("s3", endpoint), name, template.resolve(properties))
    # A queue names its dead-letter queue, which therefore comes first.
    queues = sorted(template.resources("AWS::SQS::Queue"), key=lambda queue: "RedrivePolicy" in queue[1])
    for name, properties in queues:
        template.made[name] = _queue(_client("sqs", endpoint), name, template.resolve(properties))
    for name, properties in template.resources("AWS::SecretsManager::Secret"):
        template.made[name] = _secret(_client("secretsmanager", endpoint), name, template.resolve(properties))
    for name, properties in template.resources("AWS::Cognito::UserPool"):
        template.made[name] = _user_pool(_client("cognito-idp", endpoint), name, template.resolve(properties))
    for name, properties in template.resources("AWS::Cognito::UserPoolClient"):
        template.made[name] = _user_pool_client(_client("cognito-idp", endpoint), name, template.resolve(properties))
    for name, properties in template.resources("AWS::SES::EmailIdentity"):
        identity = template.resolve(properties)["EmailIdentity"]
        _client("sesv2", endpoint).create_email_identity(EmailIdentity=identity)
        template.made[name] = Made(identity)


def _client(service: str, endpoint: str) -> Any:
    return boto3.client(service, endpoint_url=endpoint, region_name=REGION, **CREDENTIALS)  # type: ignore[call-overload]  # by name


def _bucket(client: "S3Client", name: str, properties: dict[str, Any]) -> Made:
    bucket = f"{STACK}-{name}".lower()
    if bucket not in {known["Name"] for known in client.list_buckets()["Buckets"]}:
        client.create_bucket(Bucket=bucket)
    if cors := properties.get("CorsConfiguration"):
        # CloudFormation and S3 name the same thing differently here.
        rules = [{("MaxAgeSeconds" if key == "MaxAge" else key): rule[key] for key in rule} for rule in cors["CorsRules"]]
        client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": cast(Any, rules)})
    host = f"{bucket}.s3.{REGION}.amazonaws.com"
    return Made(
        bucket,
        {
            "Arn": f"arn:aws:s3:::{bucket}",
            "DomainName": f"{bucket}.s3.amazonaws.com",
            "RegionalDomainName": host,
            "DualStackDomainName": host.replace(".s3.", ".s3.dualstack."),
        },
    )


def _queue(client: "SQSClient", name: str, properties: dict[str, Any]) -> Made:
    attributes = {
        key: json.dumps(value) if isinstance(value, dict) else str(value).lower() if isinstance(value, bool) else str(value)
        for key, value in properties.items()
        if key not in ("QueueName", "Tags")
    }
    queue = f"{STACK}-{name}"
    url = client.create_queue(QueueName=queue)["QueueUrl"]  # answers with the existing one
    client.set_queue_attributes(QueueUrl=url, Attributes=cast(Any, attributes))
    return Made(url, {"Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}", "QueueName": queue, "QueueUrl": url})


def _secret(client: "SecretsManagerClient", name: str, properties: dict[str, Any]) -> Made:
    secret = f"{STACK}-{name}"
    try:
        arn = client.describe_secret(SecretId=secret)["ARN"]
    except client.exceptions.ResourceNotFoundException:
        value = properties.get("SecretString") or _generated(client, properties.get("GenerateSecretString", {}))
        arn = client.create_secret(Name=secret, SecretString=value)["ARN"]
    return Made(arn, {"Id": arn})


def _generated(client: "SecretsManagerClient", wanted: dict[str, Any]) -> str:
    """What CloudFormation's GenerateSecretString makes: a password, set into the JSON of its template if it has one."""
    plain = {key: value for key, value in wanted.items() if key not in ("SecretStringTemplate", "GenerateStringKey")}
    password = client.get_random_password(**plain)["RandomPassword"]
    if "SecretStringTemplate" not in wanted:
        return password
    return json.dumps({**json.loads(wanted["SecretStringTemplate"]), wanted["GenerateStringKey"]: password})


def _user_pool(client: "CognitoIdentityProviderClient", name: str, properties: dict[str, Any]) -> Made:
    pool_name = f"{STACK}-{name}"
    known = {pool["Name"]: pool["Id"] for pool in client.list_user_pools(MaxResults=60)["UserPools"]}
    pool = known.get(pool_name)
    if pool is None:
        settings = _accepted(client, "CreateUserPool", properties)
        pool = client.create_user_pool(PoolName=pool_name, **settings)["UserPool"]["Id"]
    # One that is there stays as it is: moto's UpdateUserPool forgets by what users may be called (UsernameAttributes).
    if "SOFTWARE_TOKEN_MFA" in properties.get("EnabledMfas", []):
        client.set_user_pool_mfa_config(
            UserPoolId=pool,
            SoftwareTokenMfaConfiguration={"Enabled": True},
            MfaConfiguration=properties.get("MfaConfiguration", "OFF"),
        )
    host = f"cognito-idp.{REGION}.amazonaws.com/{pool}"
    arn = f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/{pool}"
    return Made(pool, {"Arn": arn, "UserPoolId": pool, "ProviderName": host, "ProviderURL": f"https://{host}"})


def _user_pool_client(client: "CognitoIdentityProviderClient", name: str, properties: dict[str, Any]) -> Made:
    pool, client_name = properties["UserPoolId"], f"{STACK}-{name}"
    known = {
        known["ClientName"]: known["ClientId"]
        for known in client.list_user_pool_clients(UserPoolId=pool, MaxResults=60)["UserPoolClients"]
    }
    client_id = known.get(client_name)
    if client_id is None:
        settings = _accepted(client, "CreateUserPoolClient", properties)
        client_id = client.create_user_pool_client(ClientName=client_name, **settings)["UserPoolClient"]["ClientId"]
    else:
        client.update_user_pool_client(ClientId=client_id, **_accepted(client, "UpdateUserPoolClient", properties))
    return Made(client_id, {"ClientId": client_id})


def _accepted(client: BaseClient, operation: str, properties: dict[str, Any]) -> dict[str, Any]:
    """Those of a resource's properties that the API call behind it takes under the same name."""
    shape = client.meta.service_model.operation_model(operation).input_shape
    members = shape.members if shape is not None else {}
    return {key: value for key, value in properties.items() if key in members}
