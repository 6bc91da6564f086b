"""Snapshots found again by their content, waited for, deleted."""

from __future__ import annotations

from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ConnectionClosedError

from hallmark.aws.ebs.snapshots import delete_snapshot, find_snapshot_by_content_tag, wait_until_completed
from hallmark.aws.ebs.upload import upload
from hallmark.common.errors import AwsError
from hallmark.common.fingerprint import hash_bytes
from tests.support.aws.ebs_account import ACCOUNT, QUICK, REGION, Account, account, break_with, disk, job

__all__ = ["account"]

CONTENT = hash_bytes(b"media")


@pytest.fixture
def snapshot(account: Account, tmp_path: Path) -> str:
    return upload(job(disk(tmp_path / "disk", {0: b"x"})), ebs=account.ebs, ec2=account.ec2, how=QUICK).snapshot


def test_media_are_found_by_their_content(account: Account, snapshot: str) -> None:
    assert find_snapshot_by_content_tag(account.ec2, CONTENT) == snapshot
    assert find_snapshot_by_content_tag(account.ec2, hash_bytes(b"other")) is None


def test_media_under_another_key_are_not_taken(account: Account, snapshot: str, tmp_path: Path) -> None:
    arn = boto3.client("kms", region_name=REGION).create_key()["KeyMetadata"]["Arn"]
    assert find_snapshot_by_content_tag(account.ec2, CONTENT, kms_key=arn) is None
    done = upload(job(tmp_path / "disk", kms_key=arn), ebs=account.ebs, ec2=account.ec2, how=QUICK)
    assert find_snapshot_by_content_tag(account.ec2, CONTENT, kms_key=arn) == done.snapshot != snapshot


def test_media_that_are_not_completed_are_not_found(account: Account) -> None:
    account.ebs.start_snapshot(VolumeSize=1, Tags=[{"Key": "hallmark:content", "Value": CONTENT}])
    assert find_snapshot_by_content_tag(account.ec2, CONTENT) is None


def test_completion_is_waited_for(account: Account) -> None:
    started = account.ebs.start_snapshot(VolumeSize=1)["SnapshotId"]
    told: list[str] = []

    def complete(progress: str) -> None:
        told.append(progress)
        if len(told) == 2:
            _state(started, "completed")

    wait_until_completed(account.ec2, started, poll=0, report=complete)
    assert len(told) == 2


def test_a_snapshot_that_fails_or_takes_too_long_is_an_error(account: Account) -> None:
    started = account.ebs.start_snapshot(VolumeSize=1)["SnapshotId"]
    with pytest.raises(AwsError, match=f"^{started}: expected it to be completed within 0 s, it is pending"):
        wait_until_completed(account.ec2, started, seconds=0)
    _state(started, "error")
    with pytest.raises(AwsError, match=f"^{started}: AWS could not complete this snapshot: no reason given; if it"):
        wait_until_completed(account.ec2, started)


def test_a_deletion_is_tried_again_and_is_content_with_nothing_to_delete(account: Account, snapshot: str) -> None:
    account.fail("DeleteSnapshot", break_with(ConnectionClosedError(endpoint_url="https://ec2.test")))
    delete_snapshot(account.ec2, snapshot, policy=QUICK.retry)
    delete_snapshot(account.ec2, snapshot, policy=QUICK.retry)
    assert account.snapshots() == []


def _state(snapshot: str, state: str) -> None:
    from moto.ec2.models import ec2_backends

    ec2_backends[ACCOUNT][REGION].get_snapshot(snapshot).status = state
