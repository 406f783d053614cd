"""Topics: what a connection can listen to, and the names they go by."""

import re
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from livechat.errors import InvalidFrame

_ID = r"([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
_CONVERSATION = re.compile(rf"(?:conversation:|public:messages:conversation_id=eq\.){_ID}")
_CUSTOMER = re.compile(rf"customer:{_ID}")
AGENT_SESSIONS_ALIAS = "public:agent_sessions"


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic by its kind and the id it is about; `str()` is its canonical name."""

    kind: Literal["conversation", "customer"]
    id: UUID

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


def parse(name: str, customer_id: UUID) -> Topic:
    """A topic by its canonical name or an alias; `public:agent_sessions` is the caller's own customer.

    Raises InvalidFrame for anything else.
    """
    if name == AGENT_SESSIONS_ALIAS:
        return Topic("customer", customer_id)
    if match := _CONVERSATION.fullmatch(name):
        return Topic("conversation", UUID(match.group(1)))
    if match := _CUSTOMER.fullmatch(name):
        return Topic("customer", UUID(match.group(1)))
    raise InvalidFrame("topic must be conversation:<id> or customer:<id>.")


def conversation(conversation_id: UUID) -> str:
    return str(Topic("conversation", conversation_id))


def customer(customer_id: UUID) -> str:
    return str(Topic("customer", customer_id))
