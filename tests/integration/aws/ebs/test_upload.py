"""Uploads: exactly the blocks that are not zero, sealed with the right checksum, or nothing left behind."""

from __future__ import annotations

import hashlib
import threading
import tracemalloc
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from hallmark.aws.ebs.blocks import BLOCK, checksum
from hallmark.aws.ebs.retry import RetryPolicy
from hallmark.aws.ebs.upload import Transfer, TransferProgress, put_block, upload
from hallmark.common.errors import AwsError
from tests.support.aws.ebs_account import (
    QUICK,
    Account,
    account,
    answer,
    break_with,
    disk,
    job,
    lose,
    open_account,
    refuse,
)

__all__ = ["account"]

MISSING = refuse("ResourceNotFoundException", 404, reason="SNAPSHOT_NOT_FOUND", message="it does not exist")
CLOSED = break_with(ConnectionClosedError(endpoint_url="https://ebs.test"))
SLOW = break_with(ReadTimeoutError(endpoint_url="https://ebs.test"))
PASSING = {
    "throttled": refuse("RequestThrottledException", reason="ACCOUNT_THROTTLED"),
    "throttled_by_ec2s_name": refuse("ThrottlingException"),
    "internal": refuse("InternalServerException", 500),
    "unavailable": answer(503, b"<html>busy</html>"),
    "closed": CLOSED,
    "slow": SLOW,
    "cut_short": answer(201, b'{"Snap'),
    "not_yet_there": MISSING,
    "still_being_written": refuse("ValidationException", reason="CONFLICTING_BLOCK_UPDATE"),
}
FOR_GOOD = {
    "access": refuse("AccessDeniedException", 403, reason="UNAUTHORIZED_ACCOUNT"),
    "validation": refuse("ValidationException", reason="INVALID_PARAMETER_VALUE"),
    "signature": refuse("SignatureDoesNotMatch", 403),
    "quota": refuse("ServiceQuotaExceededException", 402),
}


PATIENT = Transfer(workers=4, puts_per_second=0, retry=RetryPolicy(deadline=60, young=60, pause=0.01))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Eight blocks: of 1 and 4 only the first byte is written, 6 is written with zeros, the rest are holes."""
    return disk(tmp_path / "carrier.raw", {1: b"one", 4: b"four", 6: bytes(BLOCK)})


def test_puts_are_exactly_the_blocks_that_are_not_zero(account: Account, path: Path) -> None:
    done = upload(job(path), ebs=account.ebs, ec2=account.ec2, how=QUICK)
    written = account.content(done.snapshot)
    assert account.count("PutSnapshotBlock") == done.blocks == 2
    assert {index: block.block_data for index, block in written.blocks.items()} == {
        1: b"one".ljust(BLOCK, b"\0"),
        4: b"four".ljust(BLOCK, b"\0"),
    }
    assert written.status == "completed"
    assert [account.count(name) for name in ("StartSnapshot", "CompleteSnapshot")] == [1, 1]


def test_the_snapshot_is_tagged_in_the_call_that_makes_it(account: Account, path: Path) -> None:
    done = upload(job(path), ebs=account.ebs, ec2=account.ec2, how=QUICK)
    found = account.ec2.describe_snapshots(SnapshotIds=[done.snapshot])["Snapshots"][0]
    tags = {tag["Key"]: tag["Value"] for tag in found["Tags"]}
    assert tags == {**job(path).tags, "hallmark:content": job(path).content}
    assert account.count("CreateTags") == 0


def test_the_key_is_used(account: Account, path: Path) -> None:
    import boto3

    arn = boto3.client("kms", region_name="eu-central-1").create_key()["KeyMetadata"]["Arn"]
    done = upload(job(path, kms_key=arn), ebs=account.ebs, ec2=account.ec2, how=QUICK)
    found = account.ec2.describe_snapshots(SnapshotIds=[done.snapshot])["Snapshots"][0]
    assert (found["Encrypted"], found["KmsKeyId"]) == (True, arn)


def test_a_key_that_is_not_usable_is_named_at_once(account: Account, path: Path) -> None:
    arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-0000-0000-000000000000"
    with pytest.raises(AwsError) as caught:
        upload(job(path, kms_key=arn), ebs=account.ebs, ec2=account.ec2, how=QUICK)
    assert str(caught.value).startswith(
        f"start of a snapshot of carrier.raw (1 GiB, key {arn}): AWS could not use the KMS key; check that it exists "
        "in region eu-central-1 and is enabled, and that its policy and the role's allow kms:DescribeKey, "
    )
    assert (account.count("StartSnapshot"), account.snapshots()) == (1, [])


def test_the_client_token_tells_content_build_size_and_key_apart_and_nothing_else(path: Path) -> None:
    token = job(path).token(1)
    assert token == job(path.with_name("other"), tags={"a": "b"}, description="other").token(1)
    others = {
        job(path, build="b2").token(1),
        job(path, content="0" * 64).token(1),
        job(path, kms_key="arn").token(1),
        job(path).token(2),
        job(path).token(1, 1),
    }
    assert len(others | {token}) == 6
    assert token == "794f93fd7d490a21da3ccd05316d70813dff0baed8b2a78c6acbee47a0ca416e"


def test_a_second_upload_by_the_same_build_takes_up_what_the_first_has_sealed(account: Account, path: Path) -> None:
    first = upload(job(path), ebs=account.ebs, ec2=account.ec2, how=QUICK)
    second = upload(job(path), ebs=account.ebs, ec2=account.ec2, how=QUICK)
    assert (second.snapshot, second.blocks) == (first.snapshot, 0)
    assert account.count("PutSnapshotBlock") == 2


def test_a_lost_answer_to_the_start_leaves_no_second_snapshot(account: Account, path: Path) -> None:
    account.fail("StartSnapshot", lose())
    done = upload(job(path), ebs=account.ebs, ec2=account.ec2, how=QUICK)
    assert account.snapshots().count(done.snapshot) == 1
    assert len(account.snapshots()) == 1


def test_a_lost_answer_to_the_completion_is_no_failure(account: Account, path: Path) -> None:
    account.fail("CompleteSnapshot", lose())
    done = upload(job(path), ebs=account.ebs, ec2=account.ec2, how=QUICK)
    assert account.content(done.snapshot).status == "completed"
    assert done.snapshot in account.snapshots()


@pytest.mark.parametrize("operation", ["StartSnapshot", "PutSnapshotBlock", "CompleteSnapshot"])
@pytest.mark.parametrize("fault", PASSING)
def test_what_passes_is_tried_again(account: Account, path: Path, operation: str, fault: str) -> None:
    account.fail(operation, PASSING[fault])
    done = upload(job(path), ebs=account.ebs, ec2=account.ec2, how=QUICK)
    assert account.content(done.snapshot).status == "completed"
    assert sorted(account.content(done.snapshot).blocks) == [1, 4]


@pytest.mark.parametrize("fault", FOR_GOOD)
def test_what_is_refused_is_asked_once_and_leaves_nothing(account: Account, path: Path, fault: str) -> None:
    how = Transfer(workers=1, puts_per_second=0, retry=QUICK.retry)
    account.fail("PutSnapshotBlock", FOR_GOOD[fault])
    with pytest.raises(AwsError, match="write of block 1 of snapshot snap-"):
        upload(job(path), ebs=account.ebs, ec2=account.ec2, how=how)
    assert account.count("PutSnapshotBlock") == 1
    assert (account.snapshots(), account.count("CompleteSnapshot")) == ([], 0)


@pytest.mark.parametrize("operation", ["PutSnapshotBlock", "CompleteSnapshot"])
def test_a_snapshot_that_cannot_be_filled_is_deleted(account: Account, path: Path, operation: str) -> None:
    account.fail(operation, *[PASSING["unavailable"]] * 2000)
    with pytest.raises(AwsError, match=r": AWS has trouble of its own; run again later \(AWS said 503: "):
        upload(job(path), ebs=account.ebs, ec2=account.ec2, how=QUICK)
    assert account.snapshots() == []


def test_throttling_is_borne_until_the_deadline_though_botocore_gives_up(account: Account, path: Path) -> None:
    account.fail("PutSnapshotBlock", *[PASSING["throttled"]] * 150)  # more than botocore's own budget of retries
    done = upload(job(path), ebs=account.ebs, ec2=account.ec2, how=PATIENT)
    assert (done.blocks, account.count("PutSnapshotBlock")) == (2, 152)
    account.fail("PutSnapshotBlock", *[PASSING["throttled"]] * 5000)
    with pytest.raises(AwsError, match=r"^write of block \d of snapshot snap-\w+: AWS throttles this account; run few"):
        upload(job(path, build="b2"), ebs=account.ebs, ec2=account.ec2, how=QUICK)


def test_credentials_that_expire_meanwhile_are_told_at_once(account: Account, path: Path) -> None:
    account.fail("PutSnapshotBlock", *[refuse("ExpiredTokenException", 403)] * 2)
    with pytest.raises(AwsError, match=r": the credentials have expired; sign in again \(AWS said ExpiredTokenExcept"):
        upload(job(path), ebs=account.ebs, ec2=account.ec2, how=QUICK)
    assert account.count("PutSnapshotBlock") <= 2


def test_what_is_left_behind_is_named(account: Account, path: Path) -> None:
    account.fail("PutSnapshotBlock", *[FOR_GOOD["access"]] * 4)
    account.fail("DeleteSnapshot", *[CLOSED] * 2000)
    with pytest.raises(AwsError) as caught:
        upload(job(path), ebs=account.ebs, ec2=account.ec2, how=QUICK)
    [left] = account.snapshots()
    assert "not allowed: PutSnapshotBlock; docs/iam/pipeline.json lists what is needed" in str(caught.value)
    assert f"; {left} is left behind, `hallmark sweep` removes it (deletion of snapshot {left}" in str(caught.value)


def test_an_interrupt_deletes_the_snapshot_too(account: Account, path: Path) -> None:
    def interrupt(_: TransferProgress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        upload(job(path), ebs=account.ebs, ec2=account.ec2, how=QUICK, report=interrupt)
    assert account.snapshots() == []


def test_an_interrupt_ends_the_threads_and_botocores_own_tries_with_them(account: Account, path: Path) -> None:
    account.fail("PutSnapshotBlock", *[PASSING["throttled"]] * 5000)

    def interrupt(_: TransferProgress) -> None:
        raise KeyboardInterrupt

    with (
        patch("botocore.retries.standard.ExponentialBackoff.delay_amount", return_value=0.01),
        pytest.raises(KeyboardInterrupt),
    ):
        upload(job(path), ebs=account.ebs, ec2=account.ec2, how=PATIENT, report=interrupt)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ebs")]
    assert account.snapshots() == []


def test_not_there_yet_is_believed_for_a_second(account: Account, path: Path) -> None:
    patient = Transfer(workers=2, puts_per_second=0, retry=RetryPolicy(deadline=0, young=30, pause=0.05))
    account.fail("PutSnapshotBlock", *[MISSING] * 30)
    done = upload(job(path), ebs=account.ebs, ec2=account.ec2, how=patient)
    assert (done.blocks, account.count("StartSnapshot")) == (2, 1)


def test_a_snapshot_that_has_vanished_is_started_anew_with_another_token(account: Account, path: Path) -> None:
    first = account.ebs.start_snapshot(**_request(path))["SnapshotId"]
    account.fail("PutSnapshotBlock", *[MISSING] * 2000)

    def relent(_: Any) -> None:
        account.relent("PutSnapshotBlock")
        raise ConnectionClosedError(endpoint_url="https://ebs.test")

    account.fail("DeleteSnapshot", relent)
    done = upload(job(path), ebs=account.ebs, ec2=account.ec2, how=QUICK)
    assert done.snapshot != first
    assert done.blocks == 2


def test_a_conflict_of_tokens_is_told(account: Account, path: Path) -> None:
    upload(job(path), ebs=account.ebs, ec2=account.ec2, how=QUICK)
    with pytest.raises(
        AwsError, match=r": this build has asked for the same with other tags, size or key; start a new build \("
    ):
        upload(job(path, tags={"another": "tag"}), ebs=account.ebs, ec2=account.ec2, how=QUICK)


def test_another_block_size_is_refused(path: Path) -> None:
    with (
        open_account(strict=False) as lax,
        pytest.raises(AwsError, match="expected blocks of 524288 bytes, AWS answered 5"),
    ):
        upload(job(path), ebs=lax.ebs, ec2=lax.ec2, how=QUICK)


def test_a_file_that_is_missing_or_too_large_is_told_before_anything_is_made(account: Account, tmp_path: Path) -> None:
    with pytest.raises(AwsError, match=r"missing\.raw: expected a readable disk image: No such file or directory"):
        upload(job(tmp_path / "missing.raw"), ebs=account.ebs, ec2=account.ec2, how=QUICK)
    large = disk(tmp_path / "large.raw", {}, size=(1 << 30) + 1)
    with pytest.raises(AwsError, match="expected at most 1 GiB, the size of its volume, got 1073741825 bytes"):
        upload(job(large, gib=1), ebs=account.ebs, ec2=account.ec2, how=QUICK)
    assert account.calls == []


def test_progress_ends_with_all_of_it(account: Account, path: Path) -> None:
    told: list[TransferProgress] = []
    thread = threading.get_ident()

    def report(moved: TransferProgress) -> None:
        assert threading.get_ident() == thread
        told.append(moved)

    upload(job(path), ebs=account.ebs, ec2=account.ec2, how=QUICK, report=report)
    assert told[-1] == TransferProgress(blocks=3, of_blocks=3, sent=2)
    assert told[-1].sent_bytes == 2 * BLOCK


def test_memory_does_not_grow_with_the_disk(account: Account, tmp_path: Path) -> None:
    """What a 1 GiB sparse disk with 96 written blocks takes; the double keeps none of them."""
    account.fail("PutSnapshotBlock", *[answer(201, b"{}", {"Content-Length": "2"})] * 96)
    account.fail("CompleteSnapshot", answer(202, b'{"Status": "completed"}'))
    path = disk(tmp_path / "large.raw", {index * 20: b"x" for index in range(96)}, size=1 << 30)
    tracemalloc.start()
    try:
        done = upload(job(path), ebs=account.ebs, ec2=account.ec2, how=QUICK)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert done.blocks == 96
    assert peak < (QUICK.workers * 2 + 4) * BLOCK


def test_a_killed_runs_snapshot_is_taken_up_where_it_was(account: Account, path: Path) -> None:
    first = account.ebs.start_snapshot(**_request(path))["SnapshotId"]
    data = b"one".ljust(BLOCK, b"\0")
    put_block(account.ebs, first, 1, data, checksum(hashlib.sha256(data).digest()))
    done = upload(job(path), ebs=account.ebs, ec2=account.ec2, how=QUICK)
    assert (done.snapshot, account.snapshots()) == (first, [first])
    assert sorted(account.content(first).blocks) == [1, 4]


def _request(path: Path) -> Any:
    tags = {**job(path).tags, "hallmark:content": job(path).content}
    return {
        "VolumeSize": 1,
        "Description": "Hallmark media",
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        "ClientToken": job(path).token(1),
        "Timeout": 60,
    }
