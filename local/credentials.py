"""The one pair of AWS keys here; they open nothing, and moto asks for no other."""

from local.templates import REGION

CREDENTIALS = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}


def authorization(service: str) -> str:
    """A header from which moto reads service and region; it checks no signature."""
    return f"AWS4-HMAC-SHA256 Credential=local/20250101/{REGION}/{service}/aws4_request, Signature=none"
