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


def _deploy(settings: DeploymentSettings, properties: dict[str, Any]) -> dict[str, Any]:
    master = secrets.read(settings.owner_secret)
    jobs = secrets.read(settings.jobs_secret)
    database.ensure_roles(settings.database_url, master, [secrets.read(settings.functions_secret), jobs])
    applied = database.migrate(settings.database_url, master, _below_root(settings.migrations_dir))
    database.make_partitions(settings.database_url, master, PARTITIONS_AHEAD_MONTHS)
    published = assets.publish(settings, ASSETS) if settings.assets_bucket and ASSETS.is_dir() else 0
    if properties.get("FirstCustomer") and not customers.any_exists(settings.database_url, jobs):
        admin = NewAgent(email=properties["FirstAdminEmail"], display_name=properties["FirstAdminEmail"], role="admin")
        customers.create(settings, jobs, NewCustomer(company_name=properties["FirstCustomer"], agents=[admin]))
    logger.info("deployed", extra={"migrations": applied, "assets": published})
    return {"migrations": applied, "assets": published}


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
        "PhysicalResourceId": event.get("PhysicalResourceId", "livechat-deployment"),
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
        # A deleted stack takes its database and buckets along as their own policies say; nothing is left to do here.
        done = {} if event["RequestType"] == "Delete" else _deploy(DeploymentSettings(), event.get("ResourceProperties", {}))
    except Exception as error:
        logger.exception("deployment failed")
        if "ResponseURL" not in event:
            raise
        _answer(event, context, "FAILED", f"{type(error).__name__}: {error}")
        return {"failed": True}
    if "ResponseURL" in event:
        _answer(event, context, "SUCCESS", "")
    return done
