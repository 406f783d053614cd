"""What a connection can listen to, under its canonical name and its aliases."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livechat import topics
from livechat.errors import InvalidFrame
from livechat.topics import Topic

OWN = UUID(int=1)


@given(st.uuids())
def test_a_topic_is_found_by_its_name_and_by_its_alias(of: UUID) -> None:
    conversation, customer = topics.conversation(of), topics.customer(of)
    assert (conversation, customer) == (f"conversation:{of}", f"customer:{of}")
    assert topics.parse(conversation, OWN) == Topic("conversation", of)
    assert topics.parse(customer, OWN) == Topic("customer", of)
    assert str(topics.parse(f"public:messages:conversation_id=eq.{of}", OWN)) == conversation
    assert str(topics.parse(conversation.replace(str(of), str(of).upper()), OWN)) == conversation


def test_the_alias_for_agents_is_the_callers_own_customer() -> None:
    assert topics.parse("public:agent_sessions", OWN) == Topic("customer", OWN)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "conversation",
        "conversation:",
        "conversation:x",
        f"conversation:{OWN}x",
        f"conversation:{OWN}\n",
        f" conversation:{OWN}",
        f"Conversation:{OWN}",
        f"conversation:{{{OWN}}}",
        f"conversation:{str(OWN).replace('-', '')}",
        f"conversation:{OWN},customer:{OWN}",
        f"agent:{OWN}",
        "customer:*",
        f"public:messages:conversation_id=neq.{OWN}",
        f"public:messages:conversation_id=eq.{OWN}&select=*",
        f"public:messages:customer_id=eq.{OWN}",
        "public:messages",
        "public:agent_sessions ",
    ],
)
def test_nothing_else_is_a_topic(name: str) -> None:
    with pytest.raises(InvalidFrame):
        topics.parse(name, OWN)


@given(st.text(max_size=80))
def test_any_text_is_a_topic_or_refused(name: str) -> None:
    try:
        topic = topics.parse(name, OWN)
    except InvalidFrame:
        return
    assert topic.kind in ("conversation", "customer")
