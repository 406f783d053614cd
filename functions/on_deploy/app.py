"""What a deployment does beside making resources: roles, migrations, assets, the first customer.

CloudFormation calls it as a custom resource; an operator, or the local runtime, calls it directly (docs/operation.md).
"""

import json
from pathlib import Path
from typing import Any

import urllib3
from pydantic import TypeAdapter

from livechat import secrets
from livechat.customers import NewAgent, NewCustomer
from livechat.observe import logger
from livechat.settings import DeploymentSettings
from on_deploy import assets, customers, database

PARTITIONS_AHEAD_MONTHS = 3
ASSETS = Path(__file__).resolve().parents[1] / "assets"


def _fulfil(settings: DeploymentSettings, event: dict[str, Any]) -> dict[str, Any]:
    """What one of the template's custom resources is there for."""
    match event["ResourceType"], event["RequestType"]:
        case "Custom::Migrate", "Create" | "Update":
            return _migrate(settings)
        case "Custom::Publish", "Create":
            # A new distribution holds no copies yet, and the right to drop them may not have spread through IAM.
            return _publish(settings, event["ResourceProperties"], None)
        case "Custom::Publish", "Update":
            return _publish(settings, event["ResourceProperties"], event["ResourceProperties"].get("DistributionId"))
        case "Custom::Migrate", "Delete":
            return {}  # the database goes, or stays, as its own policy says
        case "Custom::Publish", "Delete":
            return {"removed": assets.remove(settings)}
        case unknown:
            raise ValueError(f"unknown resource and request: {unknown!r}")


def _migrate(settings: DeploymentSettings) -> dict[str, Any]:
    master = secrets.read(settings.owner_secret)
    logins = [secrets.read(settings.functions_secret), secrets.read(settings.jobs_secret)]
    database.ensure_roles(settings.database_url, master, logins)
    applied = database.migrate(settings.database_url, master, _below_root(settings.migrations_dir))
    database.make_partitions(settings.database_url, master, PARTITIONS_AHEAD_MONTHS)
    return {"migrations": applied}


def _publish(settings: DeploymentSettings, properties: dict[str, Any], distribution_id: str | None) -> dict[str, Any]:
    published = 0
    if settings.assets_bucket and ASSETS.is_dir():
        published = assets.publish(settings, ASSETS, distribution_id)
    jobs = secrets.read(settings.jobs_secret)
    if properties.get("FirstCustomer") and not customers.any_exists(settings.database_url, jobs):
        admin = NewAgent(email=properties["FirstAdminEmail"], display_name=properties["FirstAdminEmail"], role="admin")
        customers.create(settings, jobs, NewCustomer(company_name=properties["FirstCustomer"], agents=[admin]))
    return {"assets": published}


def _below_root(name: str) -> Path:
    return Path(__file__).resolve().parents[1] / name


def _act(settings: DeploymentSettings, event: dict[str, Any]) -> dict[str, Any]:
    jobs = secrets.read(settings.jobs_secret)
    match event.get("action"):
        case "create_customer":
            wanted = TypeAdapter(NewCustomer).validate_python({key: value for key, value in event.items() if key != "action"})
            return customers.create(settings, jobs, wanted)
        case "link_agents":
            return {"linked": customers.link_agents(settings, jobs)}
        case unknown:
            raise ValueError(f"unknown action: {unknown!r}")


def _answer(event: dict[str, Any], context: Any, status: str, reason: str) -> None:
    """Tell CloudFormation, at the presigned address it gave, how it went; without an answer it would wait an hour."""
    body = {
        "Status": status,
        "Reason": reason[:1000],
        "PhysicalResourceId": event.get("PhysicalResourceId", event["LogicalResourceId"]),
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
    }
    urllib3.PoolManager().request(
        "PUT", event["ResponseURL"], body=json.dumps(body).encode(), headers={"content-type": ""}, timeout=10, retries=3
    )
    logger.info("answered CloudFormation", extra={"status": status, "log_stream": context.log_stream_name})


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    if "RequestType" not in event:
        return _act(DeploymentSettings(), event)
    try:
        done = _fulfil(DeploymentSettings(), event)
    except Exception as error:
        logger.exception("deployment failed", extra={"resource": event["LogicalResourceId"]})
        if "ResponseURL" not in event:
            raise
        _answer(event, context, "FAILED", f"{type(error).__name__}: {error}")
        return {"failed": True}
    logger.info("deployed", extra={"resource": event["LogicalResourceId"], "request": event["RequestType"], "done": done})
    if "ResponseURL" in event:
        _answer(event, context, "SUCCESS", "")
    return done
