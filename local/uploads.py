"""Holds a presigned POST to its policy, as S3 does and moto does not: signature, expiry, fields, type and length.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
"""

import base64
import hashlib
import hmac
import io
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from werkzeug.formparser import parse_form_data

from local.credentials import CREDENTIALS

# These need no condition of their own.
FREE_FIELDS = frozenset({"x-amz-signature", "file", "policy"})

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Refused(Exception):
    """S3's answer to a form that does not keep its policy."""

    def __init__(self, status: str, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


class PolicyKeeper:
    """WSGI middleware in front of moto."""

    def __init__(self, application: Wsgi) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        is_form = environ.get("CONTENT_TYPE", "").startswith("multipart/form-data")
        if environ["REQUEST_METHOD"] == "POST" and is_form:
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            try:
                _check_body(environ, body)
            except Refused as refused:
                answer = (
                    '<?xml version="1.0" encoding="UTF-8"?>\n'
                    f"<Error><Code>{refused.code}</Code><Message>{escape(refused.message)}</Message></Error>"
                ).encode()
                headers = [("content-type", "application/xml"), ("access-control-allow-origin", "*")]
                start_response(refused.status, [*headers, ("content-length", str(len(answer)))])
                return [answer]
            environ["wsgi.input"] = io.BytesIO(body)
        return self._application(environ, start_response)


def _check_body(environ: dict[str, Any], body: bytes) -> None:
    _, form, files = parse_form_data({**environ, "wsgi.input": io.BytesIO(body)})
    upload = files.get("file")
    content = upload.stream.read() if upload is not None else form.get("file", "").encode()
    fields = {name.lower(): value for name, value in form.items()}
    if upload is not None and upload.filename:
        fields["key"] = fields.get("key", "").replace("${filename}", upload.filename)
    check(fields, len(content), environ["PATH_INFO"].strip("/"), datetime.now(UTC))


def check(fields: Mapping[str, str], length: int, bucket: str, now: datetime) -> None:
    """Raise Refused unless the form's fields (names in lower case) and the file's length satisfy its policy."""
    if "policy" not in fields:
        raise Refused("403 Forbidden", "AccessDenied", "Access Denied")
    if fields.get("x-amz-algorithm") != "AWS4-HMAC-SHA256":
        # S3 takes version 2, which boto3 chooses unless told otherwise, for no bucket made since 2020.
        raise Refused(
            "400 Bad Request",
            "InvalidRequest",
            "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
        )
    if not hmac.compare_digest(_signature(fields), fields.get("x-amz-signature", "")):
        raise Refused(
            "403 Forbidden",
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided.",
        )
    policy = json.loads(base64.b64decode(fields["policy"]))
    if datetime.fromisoformat(policy["expiration"].replace("Z", "+00:00")) < now:
        raise Refused("403 Forbidden", "AccessDenied", "Invalid according to Policy: Policy expired.")
    values = {**fields, "bucket": bucket}
    covered = {"bucket"}
    for condition in policy["conditions"]:
        if isinstance(condition, dict):
            ((name, wanted),) = condition.items()
            operator = "eq"
        else:
            operator, name, wanted = condition[0].lower(), str(condition[1]), condition[2]
        if operator == "content-length-range":
            if length < int(name):
                raise Refused("400 Bad Request", "EntityTooSmall", "Your proposed upload is smaller than the minimum.")
            if length > int(wanted):
                raise Refused("400 Bad Request", "EntityTooLarge", "Your proposed upload exceeds the maximum size.")
            continue
        name = name.removeprefix("$").lower()
        covered.add(name)
        value = values.get(name, "")
        kept = value == wanted if operator == "eq" else operator == "starts-with" and value.startswith(wanted)
        if not kept:
            raise Refused(
                "403 Forbidden",
                "AccessDenied",
                f"Invalid according to Policy: Policy Condition failed: {json.dumps(condition)}",
            )
    for name in fields.keys() - covered - FREE_FIELDS:
        if not name.startswith("x-ignore-"):
            raise Refused("403 Forbidden", "AccessDenied", f"Invalid according to Policy: Extra input fields: {name}")


def _signature(fields: Mapping[str, str]) -> str:
    """The signature that our only key gives the policy: AWS Signature Version 4, whose text to sign is the policy."""
    key = ("AWS4" + CREDENTIALS["aws_secret_access_key"]).encode()
    scope = fields.get("x-amz-credential", "").split("/")[1:]  # date, region, service, aws4_request
    for part in scope:
        key = hmac.digest(key, part.encode(), hashlib.sha256)
    return hmac.digest(key, fields["policy"].encode(), hashlib.sha256).hex()
