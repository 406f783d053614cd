"""The widget and the console in their bucket: hashed files first, what points at them last."""

import json
import mimetypes
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3

from livechat.settings import DeploymentSettings

IMMUTABLE = "public, max-age=31536000, immutable"
LOADER = "public, max-age=3600"
REVALIDATE = "no-cache"
ENCODED = {".br", ".gz"}


def publish(settings: DeploymentSettings, directory: Path, distribution_id: str | None) -> int:
    """Upload every file and invalidate the edge; how many were uploaded. Files of former deployments stay: pages use them."""
    bucket = boto3.client("s3")
    files = sorted(path for path in directory.rglob("*") if path.is_file() and path.suffix not in ENCODED)
    files.sort(key=lambda path: "/assets/" not in f"/{path.relative_to(directory)}")
    for path in files:
        key = path.relative_to(directory).as_posix()
        bucket.put_object(
            Bucket=settings.assets_bucket,
            Key=key,
            Body=path.read_bytes(),
            ContentType=_media_type(path),
            CacheControl=_cache_control(key),
        )
    bucket.put_object(
        Bucket=settings.assets_bucket,
        Key="console/config.json",
        Body=json.dumps(_console_config(settings)).encode(),
        ContentType="application/json",
        CacheControl=REVALIDATE,
    )
    if distribution_id:
        boto3.client("cloudfront").create_invalidation(
            DistributionId=distribution_id,
            InvalidationBatch={
                "Paths": {"Quantity": 2, "Items": ["/widget.js", "/console/*"]},
                "CallerReference": str(uuid4()),
            },
        )
    return len(files) + 1


def remove(settings: DeploymentSettings) -> int:
    """Empty the bucket, former versions included: CloudFormation deletes no other. How many objects there were."""
    bucket = boto3.resource("s3").Bucket(settings.assets_bucket)
    try:
        return sum(len(answer.get("Deleted", [])) for answer in bucket.object_versions.delete())
    except bucket.meta.client.exceptions.NoSuchBucket:
        return 0


def _console_config(settings: DeploymentSettings) -> dict[str, Any]:
    return {
        "api_url": "",
        "identity": {
            "endpoint": settings.identity_endpoint,
            "client_id": settings.identity_client_id,
            "user_pool_id": settings.user_pool_id,
            "token_use": "AccessToken",
        },
    }


def _cache_control(key: str) -> str:
    if "assets/" in key:
        return IMMUTABLE
    return LOADER if key == "widget.js" else REVALIDATE


def _media_type(path: Path) -> str:
    return mimetypes.guess_type(path.name)[0] or "application/octet-stream"
