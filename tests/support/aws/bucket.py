"""A backend of Pulumi's in a bucket of the doubled account."""

from __future__ import annotations

from tests.doubles.server import REGION, Server


def in_bucket(account: Server, bucket: str) -> str:
    """The backend's URL: moto has neither TLS nor a name for each bucket."""
    host = account.url.removeprefix("http://")
    return f"s3://{bucket}?endpoint={host}&disableSSL=true&s3ForcePathStyle=true&region={REGION}"
