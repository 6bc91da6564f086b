"""The short way of PutSnapshotBlock asks and fails just as botocore's own call does."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ClientError

from hallmark.aws.ebs.blocks import BLOCK
from hallmark.aws.ebs.wire import BlockWriter
from tests.support.aws.ebs_account import Account, Fault, account, answer, refuse

__all__ = ["account"]

DATA = b"x" * BLOCK
SUM = base64.b64encode(hashlib.sha256(DATA).digest()).decode()


def by_botocore(account: Account, snapshot: str) -> None:
    account.ebs.put_snapshot_block(
        SnapshotId=snapshot,
        BlockIndex=3,
        BlockData=DATA,
        DataLength=BLOCK,
        Checksum=SUM,
        ChecksumAlgorithm="SHA256",
    )


def by_us(account: Account, snapshot: str) -> None:
    BlockWriter(account.ebs).put(snapshot, 3, DATA, SUM)


def test_the_request_is_the_same(account: Account) -> None:
    seen: list[AWSPreparedRequest] = []

    def catch(request: AWSPreparedRequest) -> AWSResponse | None:
        seen.append(request)
        return answer(201, b"{}", {"Content-Length": "2"})(request)

    account.fail("PutSnapshotBlock", catch, catch)
    for put in (by_botocore, by_us):
        put(account, "snap-0123456789abcdef0")
    theirs, ours = seen
    assert (ours.method, ours.url, ours.body) == (theirs.method, theirs.url, theirs.body)
    assert _telling(ours) == {key: value for key, value in _telling(theirs).items() if key in _telling(ours)}
    assert _telling(theirs).keys() - _telling(ours).keys() <= {
        "amz-sdk-invocation-id",
        "amz-sdk-request",
        "content-type",
    }
    assert _text(ours.headers["Authorization"]).startswith("AWS4-HMAC-SHA256 Credential=testing/")
    assert "/eu-central-1/ebs/aws4_request" in _text(ours.headers["Authorization"])


@pytest.mark.parametrize(
    "fault",
    [
        refuse("RequestThrottledException", reason="ACCOUNT_THROTTLED"),
        refuse("AccessDeniedException", 403, reason="UNAUTHORIZED_ACCOUNT"),
        refuse("ResourceNotFoundException", 404, reason="SNAPSHOT_NOT_FOUND"),
        refuse("InternalServerException", 500),
        answer(503, b"<html>busy</html>"),
        answer(400, b'{"__type": "com.amazonaws.ebs#ValidationException", "message": "no"}'),
    ],
    ids=["throttled", "access", "missing", "internal", "html", "type_in_body"],
)
def test_an_error_is_the_same(account: Account, fault: Fault) -> None:
    account.fail("PutSnapshotBlock", fault, fault)
    caught = []
    for put in (by_botocore, by_us):
        with pytest.raises(ClientError) as error:
            put(account, "snap-0123456789abcdef0")
        caught.append(error.value.response)
    theirs, ours = caught
    assert ours["Error"]["Code"] == theirs["Error"]["Code"]
    assert ours["ResponseMetadata"]["HTTPStatusCode"] == theirs["ResponseMetadata"]["HTTPStatusCode"]
    assert ours.get("Reason", "") == theirs.get("Reason", "")


def test_the_block_arrives(account: Account) -> None:
    snapshot = account.ebs.start_snapshot(VolumeSize=1)["SnapshotId"]
    by_us(account, snapshot)
    assert account.content(snapshot).blocks[3].block_data == DATA


def _telling(request: AWSPreparedRequest) -> dict[str, str]:
    """The headers, without those that differ from one request to the next."""
    changing = {"authorization", "x-amz-date", "user-agent"}  # botocore counts features in its agent
    return {key.lower(): _text(value) for key, value in request.headers.items() if key.lower() not in changing}


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
