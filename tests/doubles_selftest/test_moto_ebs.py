"""Each point at which the double is stricter than moto: the same steps pass here and fail on bare moto."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.support.aws.ebs_account import REGION, Account, open_account

BLOCK = 524288
DATA = b"x" * BLOCK
SUM = base64.b64encode(hashlib.sha256(DATA).digest()).decode()
LINEAR = base64.b64encode(hashlib.sha256(hashlib.sha256(DATA).digest()).digest()).decode()
Check = Callable[[Account], None]
CHECKS: dict[str, Check] = {}


def check(function: Check) -> Check:
    CHECKS[function.__name__] = function
    return function


def start(account: Account, **changes: Any) -> str:
    return account.ebs.start_snapshot(**{"VolumeSize": 1, **changes})["SnapshotId"]


def put(account: Account, snapshot: str, index: int = 0, **changes: Any) -> None:
    given = {"BlockData": DATA, "DataLength": BLOCK, "Checksum": SUM, "ChecksumAlgorithm": "SHA256", **changes}
    account.ebs.put_snapshot_block(SnapshotId=snapshot, BlockIndex=index, **given)


def complete(account: Account, snapshot: str, **changes: Any) -> None:
    given = {"ChangedBlocksCount": 1, "Checksum": LINEAR, "ChecksumAlgorithm": "SHA256", **changes}
    account.ebs.complete_snapshot(SnapshotId=snapshot, ChecksumAggregationMethod="LINEAR", **given)


def refused(code: str, reason: str, function: Callable[..., Any], *args: Any, **changes: Any) -> None:
    with pytest.raises(ClientError) as caught:
        function(*args, **changes)
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response.get("Reason", "") == reason


@check
def the_block_size_is_the_services(account: Account) -> None:
    assert account.ebs.start_snapshot(VolumeSize=1)["BlockSize"] == BLOCK


@check
def the_same_token_is_the_same_snapshot(account: Account) -> None:
    assert start(account, ClientToken="t") == start(account, ClientToken="t") != start(account, ClientToken="u")


@check
def the_same_token_with_another_request_is_a_conflict(account: Account) -> None:
    start(account, ClientToken="t")
    refused("ConflictException", "", start, account, ClientToken="t", VolumeSize=2)


@check
def a_key_must_exist(account: Account) -> None:
    arn = "arn:aws:kms:eu-central-1:123456789012:key/none"
    refused("ValidationException", "INVALID_CUSTOMER_KEY", start, account, Encrypted=True, KmsKeyArn=arn)


@check
def a_key_must_be_enabled(account: Account) -> None:
    kms = boto3.client("kms", region_name=REGION)
    key = kms.create_key()["KeyMetadata"]
    start(account, Encrypted=True, KmsKeyArn=key["Arn"])
    kms.disable_key(KeyId=key["KeyId"])
    refused("ValidationException", "INVALID_CUSTOMER_KEY", start, account, Encrypted=True, KmsKeyArn=key["Arn"])


@check
def a_key_goes_with_encryption(account: Account) -> None:
    arn = boto3.client("kms", region_name=REGION).create_key()["KeyMetadata"]["Arn"]
    refused("ValidationException", "INVALID_PARAMETER_VALUE", start, account, KmsKeyArn=arn)


@check
def no_volume_is_made(account: Account) -> None:
    start(account)
    assert account.ec2.describe_volumes()["Volumes"] == []


@check
def a_snapshot_is_pending_until_it_is_completed(account: Account) -> None:
    snapshot = start(account)
    states = []
    put(account, snapshot)
    for _ in range(2):
        states += [each["State"] for each in account.ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"]]
        if len(states) == 1:
            complete(account, snapshot)
    assert states == ["pending", "completed"]


@check
def a_blocks_checksum_is_checked(account: Account) -> None:
    refused("ValidationException", "INVALID_PARAMETER_VALUE", put, account, start(account), Checksum=LINEAR)


@check
def a_blocks_size_is_checked(account: Account) -> None:
    refused("ValidationException", "INVALID_BLOCK", put, account, start(account), BlockData=b"x")


@check
def a_block_must_lie_in_the_volume(account: Account) -> None:
    refused("ValidationException", "INVALID_BLOCK", put, account, start(account), 2048)


@check
def a_completed_snapshot_takes_no_blocks(account: Account) -> None:
    snapshot = start(account)
    put(account, snapshot)
    complete(account, snapshot)
    refused("ValidationException", "INVALID_SNAPSHOT_ID", put, account, snapshot, 1)


@check
def the_count_of_blocks_is_checked(account: Account) -> None:
    snapshot = start(account)
    put(account, snapshot)
    refused("ValidationException", "INVALID_PARAMETER_VALUE", complete, account, snapshot, ChangedBlocksCount=2)


@check
def the_aggregate_is_checked(account: Account) -> None:
    snapshot = start(account)
    put(account, snapshot)
    refused("ValidationException", "INVALID_PARAMETER_VALUE", complete, account, snapshot, Checksum=SUM)


@check
def blocks_are_listed_by_index_and_from_the_one_asked_for(account: Account) -> None:
    snapshot = start(account)
    for index in (7, 3, 5):
        put(account, snapshot, index)
    listed = account.ebs.list_snapshot_blocks(SnapshotId=snapshot, StartingBlockIndex=4)["Blocks"]
    assert [block["BlockIndex"] for block in listed] == [5, 7]


@check
def blocks_are_listed_in_pages(account: Account) -> None:
    snapshot = start(account)
    for index in range(101):
        put(account, snapshot, index)
    first = account.ebs.list_snapshot_blocks(SnapshotId=snapshot, MaxResults=100)
    second = account.ebs.list_snapshot_blocks(SnapshotId=snapshot, MaxResults=100, NextToken=first["NextToken"])
    assert [block["BlockIndex"] for block in second["Blocks"]] == [100]


@check
def a_blocks_token_is_checked(account: Account) -> None:
    snapshot = start(account)
    put(account, snapshot)
    get = account.ebs.get_snapshot_block
    refused("ValidationException", "INVALID_BLOCK_TOKEN", get, SnapshotId=snapshot, BlockIndex=0, BlockToken="other")


@check
def what_does_not_exist_is_said_so(account: Account) -> None:
    refused("ResourceNotFoundException", "SNAPSHOT_NOT_FOUND", put, account, "snap-00000000000000000")


@pytest.mark.parametrize("name", CHECKS)
def test_the_double_does(name: str) -> None:
    with open_account() as account:
        CHECKS[name](account)


@pytest.mark.parametrize("name", CHECKS)
def test_bare_moto_does_not(name: str) -> None:
    with (
        open_account(strict=False) as account,
        pytest.raises((AssertionError, pytest.fail.Exception, KeyError, ClientError)),
    ):
        CHECKS[name](account)
