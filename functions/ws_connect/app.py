"""The sockets: $connect, $disconnect, and every frame that a client sends."""

from typing import Any, cast

from pydantic import BaseModel, ValidationError

from livechat import connections, conversations, db, http, identity, loop, realtime, topics
from livechat.db import TenantTransaction
from livechat.errors import DomainNotAllowed, Forbidden, InvalidFrame, LivechatError, NotFound, field_errors
from livechat.frames import (
    ErrorFrame,
    Ping,
    PongFrame,
    Read,
    Subscribe,
    SubscribedFrame,
    Typing,
    TypingFrame,
    Unsubscribe,
    client_frame,
)
from livechat.identity import ConnectionHolder
from livechat.messages import Sender
from livechat.observe import logger
from livechat.settings import settings


async def _connect(connection_id: str, event: dict[str, Any]) -> dict[str, Any]:
    """Nothing can be pushed from in here (410), so a refusal is told by the handshake's status alone."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    token = (event.get("queryStringParameters") or {}).get("ticket", "")
    try:
        ticket = identity.verify_ticket(token, connection_id, headers.get("origin"))
        if not ticket.is_where_it_was_asked_for(settings().public_url.rstrip("/")):
            raise DomainNotAllowed
        async with db.tenant(ticket) as tx:
            await connections.open_with(tx, ticket)
    except LivechatError as error:
        return {"statusCode": error.status, "body": error.code()}
    return {"statusCode": 200}


async def _disconnect(connection_id: str) -> dict[str, Any]:
    async with db.system(ConnectionHolder(connection_id)) as tx:
        await connections.close(tx, [connection_id])
    return {"statusCode": 200}


async def _receive(connection_id: str, text: str) -> dict[str, Any]:
    """Answer one frame on the socket it came from; a mistake is answered by an error frame, never by closing."""
    action: str | None = None
    try:
        value = http.parse_json(text)
        action = _action_of(value)
        frame = client_frame.validate_python(value)
        async with db.tenant(ConnectionHolder(connection_id)) as tx:
            answer = await _act(tx, connection_id, frame)
            # Last: whoever erases a conversation locks it before its connections, and so must everybody.
            await connections.touch(tx)
    except ValidationError as error:
        found = field_errors(error.errors(include_url=False))
        problems = "; ".join(": ".join(filter(None, (item["field"], item["message"]))) for item in found)
        answer = ErrorFrame(code=InvalidFrame.code(), detail=problems[:500], action=action)
    except LivechatError as error:
        answer = ErrorFrame(code=error.code(), detail=error.detail, action=action)
    else:
        await realtime.publish(tx)
    if answer is not None:
        await realtime.answer(connection_id, answer)
    return {"statusCode": 200}


async def _act(
    tx: TenantTransaction, connection_id: str, frame: Subscribe | Unsubscribe | Typing | Read | Ping
) -> BaseModel | None:
    match frame:
        case Subscribe():
            return await _subscribe(tx, connection_id, frame)
        case Unsubscribe():
            await connections.unsubscribe(tx, str(topics.parse(frame.topic, tx.actor.customer_id)))
        case Typing():
            await _type(tx, connection_id, frame)
        case Read():
            await conversations.mark_read(tx, frame.conversation_id, frame.seq)
        case Ping():
            return PongFrame(seqs=await conversations.last_seqs(tx, list(frame.seqs)))
    return None


async def _subscribe(tx: TenantTransaction, connection_id: str, frame: Subscribe) -> SubscribedFrame:
    topic = topics.parse(frame.topic, tx.actor.customer_id)
    if topic.kind == "conversation":
        row = await conversations.subscribe(tx, topic.id, str(topic))
        view = conversations.view_for(tx, row)
        return SubscribedFrame(topic=str(topic), last_seq=view.last_seq, connection_id=connection_id, conversation=view)
    if topic.id != tx.actor.customer_id:
        raise NotFound
    if not tx.actor.is_agent:
        raise Forbidden("Only the customer's agents listen to this.")
    await connections.subscribe(tx, str(topic))
    return SubscribedFrame(topic=str(topic), last_seq=0, connection_id=connection_id)


async def _type(tx: TenantTransaction, connection_id: str, frame: Typing) -> None:
    await conversations.get(tx, frame.conversation_id)
    actor = tx.actor
    tx.announce(
        topics.conversation(frame.conversation_id),
        TypingFrame(
            conversation_id=frame.conversation_id,
            sender_type=actor.sender_type,
            sender=Sender(id=actor.sender_id, name=actor.name, avatar=actor.avatar),
            is_typing=frame.is_typing,
        ),
        except_connection=connection_id,
    )


def _action_of(value: Any) -> str | None:
    action = value.get("action") if isinstance(value, dict) else None
    return action[:50] if isinstance(action, str) else None


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    request = event["requestContext"]
    connection_id = cast(str, request["connectionId"])
    match request["eventType"]:
        case "CONNECT":
            return loop.run(_connect(connection_id, event))
        case "DISCONNECT":
            return loop.run(_disconnect(connection_id))
        case _:
            return loop.run(_receive(connection_id, event.get("body") or ""))
