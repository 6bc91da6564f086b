"""Downloads: only the written blocks of a range, each held to its checksum, into a sparse file, or no file."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest
from botocore.exceptions import ConnectionClosedError, IncompleteReadError

from hallmark.aws.ebs.blocks import BLOCK
from hallmark.aws.ebs.download import Range, download
from hallmark.aws.ebs.upload import TransferProgress, upload
from hallmark.common.errors import AwsError
from tests.doubles.moto_ebs import put_volume
from tests.support.aws.ebs_account import (
    ACCOUNT,
    QUICK,
    REGION,
    Account,
    account,
    answer,
    break_with,
    disk,
    job,
    refuse,
)

__all__ = ["account"]

RESULTS = Range(start=2 * BLOCK, length=4 * BLOCK)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return disk(tmp_path / "disk", {0: b"outside", 2: b"first", 3: b"\0" * 9 + b"second", 5: b"last", 7: b"outside"})


@pytest.fixture
def snapshot(account: Account, source: Path) -> str:
    done = upload(job(source), ebs=account.ebs, ec2=account.ec2, how=QUICK)
    account.calls.clear()
    return done.snapshot


def test_only_the_written_blocks_of_the_range_are_fetched(
    account: Account, snapshot: str, source: Path, tmp_path: Path
) -> None:
    target = tmp_path / "results"
    assert download(snapshot, RESULTS, target, ebs=account.ebs, how=QUICK) == 3
    assert account.count("GetSnapshotBlock") == 3
    assert target.read_bytes() == source.read_bytes()[2 * BLOCK : 6 * BLOCK]
    assert target.stat().st_blocks * 512 < 4 * BLOCK


def test_a_range_need_not_begin_or_end_with_a_block(
    account: Account, snapshot: str, source: Path, tmp_path: Path
) -> None:
    part = Range(start=3 * BLOCK - 100, length=2 * BLOCK + 50)
    download(snapshot, part, tmp_path / "results", ebs=account.ebs, how=QUICK)
    assert (tmp_path / "results").read_bytes() == source.read_bytes()[part.start : part.start + part.length]


def test_a_snapshot_of_a_volume_that_ec2_made_is_read_alike(account: Account, source: Path, tmp_path: Path) -> None:
    volume = account.ec2.create_volume(Size=1, AvailabilityZone=f"{REGION}a")["VolumeId"]
    snapshot = account.ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    assert download(snapshot, RESULTS, tmp_path / "empty", ebs=account.ebs, how=QUICK) == 0
    put_volume(snapshot, source, account=ACCOUNT, region=REGION)
    assert download(snapshot, RESULTS, tmp_path / "results", ebs=account.ebs, how=QUICK) == 3
    assert (tmp_path / "empty").read_bytes() == bytes(4 * BLOCK)


def test_many_blocks_are_listed_page_by_page(account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.doubles.moto_ebs._PAGE", 2)
    path = disk(tmp_path / "disk", dict.fromkeys(range(8), b"x"))
    done = upload(job(path), ebs=account.ebs, ec2=account.ec2, how=QUICK)
    whole = Range(start=BLOCK, length=6 * BLOCK)
    assert download(done.snapshot, whole, tmp_path / "results", ebs=account.ebs, how=QUICK) == 6
    assert (tmp_path / "results").read_bytes() == path.read_bytes()[BLOCK : 7 * BLOCK]


@pytest.mark.parametrize(
    "fault",
    [
        refuse("RequestThrottledException"),
        refuse("InternalServerException", 500),
        answer(503, b"<html>busy</html>"),
        break_with(ConnectionClosedError(endpoint_url="https://ebs.test")),
        break_with(IncompleteReadError(actual_bytes=1, expected_bytes=BLOCK)),
        answer(200, b"cut short", {"x-amz-Checksum": "AAAA", "x-amz-Checksum-Algorithm": "SHA256"}),
        answer(200, b"y" * BLOCK, {"x-amz-Checksum": "AAAA", "x-amz-Checksum-Algorithm": "SHA256"}),
        answer(200, b"y" * BLOCK),
    ],
    ids=["throttled", "internal", "unavailable", "closed", "cut", "short", "wrong_checksum", "no_checksum"],
)
def test_what_passes_is_tried_again(
    account: Account, snapshot: str, source: Path, tmp_path: Path, fault: object
) -> None:
    account.fail("GetSnapshotBlock", fault)  # type: ignore[arg-type]
    download(snapshot, RESULTS, tmp_path / "results", ebs=account.ebs, how=QUICK)
    assert account.count("GetSnapshotBlock") == 4
    assert (tmp_path / "results").read_bytes() == source.read_bytes()[2 * BLOCK : 6 * BLOCK]


def test_a_checksum_that_stays_wrong_is_an_error_and_leaves_no_file(
    account: Account, snapshot: str, tmp_path: Path
) -> None:
    wrong = answer(200, b"y" * BLOCK, {"x-amz-Checksum": "AAAA", "x-amz-Checksum-Algorithm": "SHA256"})
    account.fail("GetSnapshotBlock", *[wrong] * 1000)
    found = base64.b64encode(hashlib.sha256(b"y" * BLOCK).digest()).decode()
    with pytest.raises(AwsError) as caught:
        download(snapshot, Range(start=2 * BLOCK, length=BLOCK), tmp_path / "results", ebs=account.ebs, how=QUICK)
    assert str(caught.value) == (
        f"read of block 2 of snapshot {snapshot}: the answer arrived broken; check the network, then run again "
        f"(expected bytes with SHA-256 AAAA, got {found})"
    )
    assert list(tmp_path.iterdir()) == [tmp_path / "disk"]


def test_access_is_asked_for_once(account: Account, snapshot: str, tmp_path: Path) -> None:
    account.fail("ListSnapshotBlocks", refuse("AccessDeniedException", 403, message="not authorized"))
    with pytest.raises(AwsError, match=r": not allowed: ListSnapshotBlocks; docs/iam/pipeline\.json lists"):
        download(snapshot, RESULTS, tmp_path / "results", ebs=account.ebs, how=QUICK)
    assert account.calls == ["ListSnapshotBlocks"]


def test_a_list_that_is_cut_short_is_asked_for_again(account: Account, snapshot: str, tmp_path: Path) -> None:
    account.fail("ListSnapshotBlocks", answer(200, b'{"BlockSize": 524288, "Blo'))
    assert download(snapshot, RESULTS, tmp_path / "results", ebs=account.ebs, how=QUICK) == 3


def test_a_list_without_end_is_an_error(account: Account, snapshot: str, tmp_path: Path) -> None:
    page = b'{"Blocks": [], "BlockSize": 524288, "VolumeSize": 1, "NextToken": "more"}'
    account.fail("ListSnapshotBlocks", *[answer(200, page)] * 50)
    with pytest.raises(AwsError, match="expected at most 4, AWS lists more and more"):
        download(snapshot, RESULTS, tmp_path / "results", ebs=account.ebs, how=QUICK)


def test_progress_ends_with_all_of_it(account: Account, snapshot: str, tmp_path: Path) -> None:
    told: list[TransferProgress] = []
    download(snapshot, RESULTS, tmp_path / "results", ebs=account.ebs, how=QUICK, report=told.append)
    assert told[-1] == TransferProgress(blocks=3, of_blocks=3, sent=3)
