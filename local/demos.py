"""The demo: two customers with an admin and two agents each, and the file that tells tests and people where all is."""

import asyncio
import json
import secrets
from pathlib import Path
from typing import Any

import aiohttp

from local import events, processes
from local.credentials import authorization
from local.functions import Functions

DEPLOYER = "OnDeployFunction"
# A shop as most begin, with the defaults of everything but its colour; and one that has turned on what there is.
CUSTOMERS: tuple[tuple[str, dict[str, Any], tuple[tuple[str, str, str], ...]], ...] = (
    (
        "Northwind Outfitters",
        {"branding": {"primary_color": "#2D5F50"}},
        (
            ("ada@northwind.example", "Ada Lindqvist", "admin"),
            ("ben@northwind.example", "Ben Okafor", "agent"),
            ("chloe@northwind.example", "Chloe Martin", "agent"),
        ),
    ),
    (
        "Blue Harbor Books",
        {
            "branding": {"primary_color": "#1F3A5F", "launcher_label": "Ask a bookseller"},
            "behavior": {
                "sound_enabled": True,
                "title_flash_enabled": True,
                "preview_enabled": True,
                "triggers": [
                    {
                        "id": "next-book",
                        "event": "delay",
                        "delay_seconds": 8,
                        "action": "message",
                        "message": "Not sure what to read next? Tell us the last book you loved.",
                    }
                ],
            },
            "localization": {"default_language": "de", "supported_languages": ["de", "en"], "use_browser_language": True},
            "features": {"nps_enabled": True, "transcript_enabled": True, "past_conversations_enabled": True},
        },
        (
            ("grace@blueharbor.example", "Grace Tanaka", "admin"),
            ("henry@blueharbor.example", "Henry Novak", "agent"),
            ("iris@blueharbor.example", "Iris Romero", "agent"),
        ),
    ),
)


class Demo:
    """What was seeded, kept in a file only its owner may read, since it holds passwords."""

    def __init__(self, note: Path) -> None:
        self._note = note
        self.customers: list[dict[str, Any]] = json.loads(note.read_text()) if note.exists() else []

    @property
    def is_half_made(self) -> bool:
        """A first start was interrupted while it seeded."""
        return any("answer" not in customer for customer in self.customers)

    def forget(self) -> None:
        self._note.unlink(missing_ok=True)
        self.customers = []

    async def seed(self, functions: Functions) -> None:
        """Make the customers, if they are not there yet."""
        if self.customers:
            return
        self.customers = [_drawn_up(company, widget, agents) for company, widget, agents in CUSTOMERS]
        self._keep()
        for customer in self.customers:
            order = {"action": "create_customer", **customer}
            customer["answer"] = json.loads(await functions.invoke(DEPLOYER, events.compact(order)))
        self._keep()

    async def restore_sign_ins(self, endpoint: str, user_pool: str, functions: Functions) -> bool:
        """Make the agents' sign-ins anew if the user pool does not know them, and link them; whether that was needed."""
        agents = [agent for customer in self.customers for agent in customer["agents"]]
        async with aiohttp.ClientSession() as http:

            async def call(operation: str, **parameters: Any) -> bool:
                headers = {
                    "content-type": "application/x-amz-json-1.1",
                    "x-amz-target": f"AWSCognitoIdentityProviderService.{operation}",
                    "authorization": authorization("cognito-idp"),
                }
                body = events.compact({"UserPoolId": user_pool, **parameters})
                async with http.post(endpoint, data=body, headers=headers) as response:
                    return response.ok

            missing = [agent for agent in agents if not await call("AdminGetUser", Username=agent["email"])]
            for agent in missing:
                attributes = [{"Name": "email", "Value": agent["email"]}, {"Name": "email_verified", "Value": "true"}]
                await call("AdminCreateUser", Username=agent["email"], UserAttributes=attributes, MessageAction="SUPPRESS")
                await call("AdminSetUserPassword", Username=agent["email"], Password=agent["password"], Permanent=True)
        if missing:
            await functions.invoke(DEPLOYER, events.compact({"action": "link_agents"}))
        return bool(missing)

    def _keep(self) -> None:
        processes.write_private(self._note, json.dumps(self.customers, indent=1) + "\n")


def _drawn_up(company: str, widget: dict[str, Any], agents: tuple[tuple[str, str, str], ...]) -> dict[str, Any]:
    localization = {**widget.get("localization", {}), "custom_text_overrides": {"title": company}}
    return {
        "company_name": company,
        "widget": {"name": "Shop", **widget, "localization": localization},
        "agents": [
            # What the user pool's policy asks for: twelve characters, of upper and lower case and digits.
            {"email": email, "display_name": name, "role": role, "password": f"Demo-{secrets.token_hex(5)}7"}
            for email, name, role in agents
        ],
    }


def sign_ins(customer: dict[str, Any]) -> list[dict[str, str]]:
    return [{key: agent[key] for key in ("email", "password", "role")} for agent in customer["agents"]]


async def write_note(path: Path, content: dict[str, Any]) -> None:
    """demo.json: there when, and only when, all is up."""
    await asyncio.to_thread(processes.write_private, path, json.dumps(content, indent=2) + "\n")
