"""Snapshots as EC2 sees them: found again by the tag of their content, waited for, deleted."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hallmark.aws.ebs.retry import Gone, Retrier, RetryPolicy
from hallmark.common.errors import AwsError
from hallmark.common.fingerprint import Sha256

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import SnapshotTypeDef

CONTENT = "hallmark:content"
"""The tag whose value is the SHA-256 of what an uploaded snapshot was made of."""

_POLL_SECONDS = 5.0


def find_snapshot_by_content_tag(
    ec2: EC2Client, content: Sha256, *, kms_key: str | None = None, policy: RetryPolicy | None = None
) -> str | None:
    """The newest completed snapshot of this account that was made of `content`; None when there is none.

    With `kms_key` (an ARN) only one encrypted with that key counts. Raises AwsError.
    """

    def ask() -> list[SnapshotTypeDef]:
        pages = ec2.get_paginator("describe_snapshots").paginate(
            OwnerIds=["self"],
            Filters=[{"Name": f"tag:{CONTENT}", "Values": [content]}, {"Name": "status", "Values": ["completed"]}],
        )
        return [found for page in pages for found in page["Snapshots"]]

    found = Retrier(ec2.meta.region_name, policy).call(f"search for a snapshot of {content[:12]}", ask)
    usable = [each for each in found if kms_key is None or each.get("KmsKeyId") == kms_key]
    newest = max(usable, key=lambda each: (each["StartTime"], each["SnapshotId"]), default=None)
    return newest["SnapshotId"] if newest else None


def find_unfinished(
    ec2: EC2Client, content: Sha256, tags: Mapping[str, str], *, policy: RetryPolicy | None = None
) -> list[str]:
    """The snapshots of `content`, with these tags besides, whose upload did not end. Raises AwsError."""
    wanted = {CONTENT: content, **tags}
    filters: Any = [{"Name": f"tag:{key}", "Values": [value]} for key, value in wanted.items()]

    def ask() -> list[SnapshotTypeDef]:
        pages = ec2.get_paginator("describe_snapshots").paginate(
            OwnerIds=["self"], Filters=[*filters, {"Name": "status", "Values": ["pending", "error"]}]
        )
        return [found for page in pages for found in page["Snapshots"]]

    found = Retrier(ec2.meta.region_name, policy).call(f"search for unfinished snapshots of {content[:12]}", ask)
    return sorted(each["SnapshotId"] for each in found)


def wait_until_completed(
    ec2: EC2Client,
    snapshot: str,
    *,
    seconds: float = 3600,
    report: Callable[[str], None] | None = None,
    poll: float = _POLL_SECONDS,
    policy: RetryPolicy | None = None,
) -> None:
    """Wait until EC2 says that a snapshot is completed; `report` gets its progress, as `42%`.

    Raises AwsError when it ends in an error, vanishes, or is not there in time.
    """
    retrier, until = Retrier(ec2.meta.region_name, policy), time.monotonic() + seconds
    while True:
        found = describe(ec2, snapshot, retrier)
        if found["State"] == "completed":
            return
        if found["State"] == "error":
            raise AwsError(
                f"{snapshot}: AWS could not complete this snapshot: {found.get('StateMessage') or 'no reason given'}; "
                "if it names a key, check that the key is enabled and that its policy allows its use"
            )
        if time.monotonic() >= until:
            raise AwsError(
                f"{snapshot}: expected it to be completed within {seconds:.0f} s, it is {found['State']} "
                f"({found.get('Progress') or 'no progress told'}); run again later"
            )
        if report is not None:
            report(found.get("Progress") or "0%")
        retrier.pause(poll)


def describe(ec2: EC2Client, snapshot: str, retrier: Retrier) -> SnapshotTypeDef:
    """What EC2 says about one snapshot; Gone when it does not exist, and not just not yet."""

    def ask() -> SnapshotTypeDef:
        return ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"][0]

    return retrier.call(f"look at snapshot {snapshot}", ask)


def delete_snapshot(ec2: EC2Client, snapshot: str, *, policy: RetryPolicy | None = None) -> None:
    """Delete a snapshot; that it is not there (any more) is fine. Raises AwsError."""
    policy = policy or RetryPolicy()
    retrier = Retrier(ec2.meta.region_name, replace(policy, young=min(policy.young, 15.0)))
    try:
        retrier.call(f"deletion of snapshot {snapshot}", lambda: ec2.delete_snapshot(SnapshotId=snapshot))
    except Gone:
        return
