"""A small upload into an account, read back and removed: what a new account's key and its EBS direct APIs allow.

`hallmark doctor --upload` asks for it. It costs a hundredth of a cent. What a killed trial leaves carries our tags and
an expiry, so `hallmark sweep` removes it.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hallmark.aws.ebs.download import Range, download
from hallmark.aws.ebs.retry import client_config
from hallmark.aws.ebs.snapshots import delete_snapshot
from hallmark.aws.ebs.upload import Transfer, Upload
from hallmark.aws.machines import upload_snapshot
from hallmark.aws.session import Aws
from hallmark.aws.tags import Labels
from hallmark.common.errors import AwsError
from hallmark.common.fingerprint import hash_file
from hallmark.pipeline.machines import Say

SIZE_MIB = 8
_LIFE = timedelta(hours=1)


def try_upload(aws: Aws, labels: Labels, key: str, folder: Path, say: Say) -> int:
    """Write a file of random bytes into a new snapshot under a key, read it back, delete it; how many blocks it has.

    `folder` is where the file is meanwhile. Raises AwsError, also when other bytes come back.
    """
    sent, came = folder / "sent.raw", folder / "came.raw"
    sent.write_bytes(os.urandom(SIZE_MIB << 20))
    content = hash_file(sent)
    job = Upload(
        path=sent,
        content=content,
        build=labels.build,
        tags=labels.passing(datetime.now(UTC) + _LIFE),
        description="Hallmark: a trial",
        kms_key=key,
    )
    snapshot = upload_snapshot(aws, job, Transfer(), say)
    try:
        part = Range(start=0, length=SIZE_MIB << 20)
        blocks = download(snapshot, part, came, ebs=aws.client("ebs", client_config()))
    finally:
        delete_snapshot(aws.ec2, snapshot)
    if hash_file(came) != content:
        raise AwsError(f"snapshot {snapshot}: expected the bytes that were sent, others came back; run again")
    return blocks
