"""Secrets by name, read once per execution environment and kept for five minutes, so that a rotation is noticed."""

from typing import Any

from aws_lambda_powertools.utilities import parameters
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

from livechat.errors import Unavailable

MAX_AGE_SECONDS = 300


def read(name: str) -> dict[str, Any]:
    """The JSON object stored in the secret.

    Raises Unavailable when it cannot be read.
    """
    try:
        value: dict[str, Any] = parameters.get_secret(name, transform="json", max_age=MAX_AGE_SECONDS)
    except GetParameterError as error:
        raise Unavailable(retry_after=1) from error
    return value
