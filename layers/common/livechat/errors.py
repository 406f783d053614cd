"""Every error that a client can meet, as one tree.

LivechatError
├── BadRequest 400 · Unauthenticated 401 · Forbidden 403 · NotFound 404
├── Conflict 409 · PayloadTooLarge 413 · UnsupportedMediaType 415 · Unprocessable 422 · Unavailable 503
└── the leaves below, each with its stable code on the wire (the snake_case of its name) and a line in docs/errors.md
"""

import re
from typing import Any, ClassVar


class LivechatError(Exception):
    """Something the client is told as a problem (RFC 9457)."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong"

    def __init__(self, detail: str = "", *, errors: list[dict[str, Any]] | None = None, retry_after: int | None = None):
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.errors = errors
        self.retry_after = retry_after

    @classmethod
    def code(cls) -> str:
        """The frozen word on the wire."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


class InternalError(LivechatError):
    title = "Something went wrong on our side"


class BadRequest(LivechatError):
    status = 400
    title = "The request cannot be understood"


class InvalidJson(BadRequest):
    title = "The body is not valid JSON"


class InvalidQuery(BadRequest):
    title = "A query parameter is missing or wrong"


class InvalidFrame(BadRequest):
    title = "The frame cannot be understood"


class Unauthenticated(LivechatError):
    status = 401
    title = "A valid token is needed"


class Forbidden(LivechatError):
    status = 403
    title = "This is not yours to do"


class AgentUnknown(Forbidden):
    title = "This sign-in belongs to no active agent"


class DomainNotAllowed(Forbidden):
    title = "This widget may not be used on this site"


class CustomerSuspended(Forbidden):
    title = "This account is suspended"


class SenderTypeMismatch(Forbidden):
    title = "sender_type does not agree with the token"


class IdentityNotVerified(Forbidden):
    title = "The proof of identity does not hold"


class NotFound(LivechatError):
    status = 404
    title = "There is nothing here"


class WidgetNotFound(NotFound):
    title = "There is no such widget"


class ConversationNotFound(NotFound):
    title = "There is no such conversation"


class AgentNotFound(NotFound):
    title = "There is no such agent"


class MethodNotAllowed(LivechatError):
    status = 405
    title = "This method is not offered here"


class Conflict(LivechatError):
    status = 409
    title = "This conflicts with what is already there"


class ConversationClosed(Conflict):
    title = "The conversation has ended"


class ClientMessageIdReused(Conflict):
    title = "This client_message_id was used for another message"


class FormAlreadyAnswered(Conflict):
    title = "This form was answered before"


class AlreadyAssigned(Conflict):
    title = "Another agent has taken this conversation"


class NotAssigned(Conflict):
    title = "The conversation is not assigned"


class NotEnded(Conflict):
    title = "The conversation is still open"


class AnotherConversationOpen(Conflict):
    title = "The visitor has another open conversation"


class AgentAtCapacity(Conflict):
    title = "The agent has no room for another conversation"


class PlanLimitReached(Conflict):
    title = "The plan's limit is reached"


class PayloadTooLarge(LivechatError):
    status = 413
    title = "The body is too large"


class UnsupportedMediaType(LivechatError):
    status = 415
    title = "The body must be application/json"


class Unprocessable(LivechatError):
    status = 422
    title = "The request is understood, but cannot be done as it is"


class ValidationFailed(Unprocessable):
    title = "A field is missing or wrong"


class ContentTooLong(Unprocessable):
    title = "The message is too long"


class Unavailable(LivechatError):
    status = 503
    title = "The service is busy; try again in a moment"


class DatabaseUnavailable(Unavailable):
    title = "The database cannot be reached; try again in a moment"


def leaves() -> list[type[LivechatError]]:
    """All errors that have a code on the wire."""

    def below(cls: type[LivechatError]) -> list[type[LivechatError]]:
        return [cls, *(leaf for sub in cls.__subclasses__() for leaf in below(sub))]

    return [cls for cls in below(LivechatError) if cls is not LivechatError]


def field_errors(errors: list[Any]) -> list[dict[str, str]]:
    """Pydantic's errors as a problem tells them: where, and what is wrong."""
    return [
        {"field": ".".join(str(part) for part in error["loc"]), "message": error["msg"], "type": error["type"]}
        for error in errors
    ]
