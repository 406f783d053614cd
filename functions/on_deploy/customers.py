"""New customers: rows by the jobs' database role, sign-ins in the user pool."""

import asyncio
from typing import Any

import boto3
import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row

from livechat import customers
from livechat.customers import NewAgent, NewCustomer
from livechat.db import Transaction
from livechat.settings import DeploymentSettings


def create(settings: DeploymentSettings, jobs: dict[str, Any], new: NewCustomer) -> dict[str, Any]:
    """Make the sign-ins, then the rows, all of these or none. Answers ids and keys, as customers.create does."""
    user_ids: dict[str, str | None] = {agent.email: _invite(settings, agent) for agent in new.agents}

    async def store() -> dict[str, Any]:
        async with (
            await _connect(settings.database_url, jobs) as connection,
            connection.pipeline(),
            connection.transaction(),
        ):
            return await customers.create(Transaction(connection), new, user_ids)

    return asyncio.run(store())


def any_exists(url: str, jobs: dict[str, Any]) -> bool:
    conninfo = make_conninfo(url, user=jobs["username"], password=jobs["password"])
    with psycopg.connect(conninfo) as connection:
        return connection.execute("select from customers limit 1").fetchone() is not None


def link_agents(settings: DeploymentSettings, jobs: dict[str, Any]) -> int:
    """Point every agent at the sign-in that has its e-mail now, after the user pool was made anew; how many changed."""
    pool = boto3.client("cognito-idp")
    subs = {
        attributes["email"].lower(): attributes["sub"]
        for page in pool.get_paginator("list_users").paginate(UserPoolId=settings.user_pool_id)
        for attributes in ({item["Name"]: item["Value"] for item in user["Attributes"]} for user in page["Users"])
    }

    async def link() -> int:
        async with (
            await _connect(settings.database_url, jobs) as connection,
            connection.pipeline(),
            connection.transaction(),
        ):
            tx = Transaction(connection)
            found = await tx.all("customers.agents_to_link")
            linked = [
                await tx.one("customers.link_agent", agent_id=row["id"], user_id=subs[row["email"].lower()])
                for row in found
                if row["email"].lower() in subs
            ]
            return len(linked)

    return asyncio.run(link())


async def _connect(url: str, jobs: dict[str, Any]) -> psycopg.AsyncConnection[dict[str, Any]]:
    conninfo = make_conninfo(url, user=jobs["username"], password=jobs["password"])
    return await psycopg.AsyncConnection.connect(conninfo, autocommit=True, row_factory=dict_row)


def _invite(settings: DeploymentSettings, agent: NewAgent) -> str | None:
    """The `sub` of the agent's sign-in, made if there is none; None when another identity provider keeps them."""
    if not settings.user_pool_id:
        return None
    pool = boto3.client("cognito-idp")
    where = settings.user_pool_id
    try:
        attributes = pool.admin_get_user(UserPoolId=where, Username=agent.email)["UserAttributes"]
    except pool.exceptions.UserNotFoundException:
        verified: Any = [{"Name": "email", "Value": agent.email}, {"Name": "email_verified", "Value": "true"}]
        mail: dict[str, Any] = {"MessageAction": "SUPPRESS"} if agent.password else {}
        attributes = pool.admin_create_user(
            UserPoolId=where, Username=agent.email, UserAttributes=verified, DesiredDeliveryMediums=["EMAIL"], **mail
        )["User"]["Attributes"]
    if agent.password:
        pool.admin_set_user_password(UserPoolId=where, Username=agent.email, Password=agent.password, Permanent=True)
    return str(next(item["Value"] for item in attributes if item["Name"] == "sub"))
