"""The upload that `hallmark doctor` tries: its bytes come back, and nothing of it stays, whatever happens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hallmark.aws.ebs.download import download
from hallmark.aws.session import Aws, forget_sessions
from hallmark.aws.settings import AwsSettings
from hallmark.aws.trial_network import trial_labels
from hallmark.aws.trial_upload import SIZE_MIB, try_upload
from hallmark.common.errors import AwsError
from tests.doubles.moto_ec2 import Rules
from tests.doubles.permissions import documented, held_to
from tests.doubles.server import REGION, Asked, Server, running


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with running(Rules(transition=0, validation=0)) as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        forget_sessions()
        yield server


@pytest.fixture
def key(server: Server) -> str:
    arn: str = server.client("kms").create_key(KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["Arn"]
    return arn


def tried(key: str, folder: Path) -> int:
    aws = Aws(AwsSettings(region=REGION))
    return try_upload(aws, trial_labels(aws, "hallmark", "aws", "upload"), key, folder, lambda _: None)


def snapshots(server: Server) -> list[Any]:
    found: list[Any] = server.client("ec2").describe_snapshots(OwnerIds=["self"])["Snapshots"]
    return found


def test_what_was_sent_comes_back_under_the_key_and_nothing_stays(server: Server, key: str, tmp_path: Path) -> None:
    asked: list[Asked] = []
    server.judges.append(asked.append)  # which says None: let it through
    with held_to(server, documented("pipeline.json", kms_key=key)) as gate:
        assert tried(key, tmp_path) == SIZE_MIB * 2
    (start,) = [one for one in asked if one.call.action == "StartSnapshot"]
    assert start.parameters["KmsKeyArn"] == key
    assert {tag["Key"] for tag in start.parameters["Tags"]} >= {"hallmark:managed", "hallmark:expires"}
    assert gate.denied == []
    assert snapshots(server) == []


def test_other_bytes_are_refused_and_nothing_stays(
    server: Server, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoiled(snapshot: str, part: Any, target: Path, **more: Any) -> int:
        blocks = download(snapshot, part, target, **more)
        with target.open("r+b") as stream:
            stream.write(bytes(4096))
        return blocks

    monkeypatch.setattr("hallmark.aws.trial_upload.download", spoiled)
    with pytest.raises(AwsError, match="expected the bytes that were sent, others came back"):
        tried(key, tmp_path)
    assert snapshots(server) == []


def test_an_upload_that_may_not_be_read_back_is_told_and_nothing_stays(
    server: Server, key: str, tmp_path: Path
) -> None:
    server.fail("ListSnapshotBlocks", "AccessDeniedException", "not this one")
    with pytest.raises(AwsError, match="not this one"):
        tried(key, tmp_path)
    assert snapshots(server) == []
