"""Fixtures of the tests of the doubles: a strict account and a stack in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.doubles.server import Server, running
from tests.doubles.stack import Stack, find_engine


@pytest.fixture
def server() -> Iterator[Server]:
    """An empty account of its own."""
    with running() as server:
        yield server


@pytest.fixture
def stack(server: Server, tmp_path: Path) -> Stack:
    """An empty stack in that account."""
    engine = find_engine()
    if engine is None:
        pytest.fail("no pulumi on this machine; run: make setup")
    stack = Stack(folder=tmp_path / "project", server=server, engine=engine)
    stack.prepare()
    return stack


def image(ec2: Any, *, name: str = "base", **more: Any) -> str:
    """An AMI in the account, over a completed snapshot of 1 GiB."""
    asked = {
        "Architecture": "x86_64",
        "RootDeviceName": "/dev/xvda",
        "VirtualizationType": "hvm",
        "EnaSupport": True,
        "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot(ec2), "VolumeType": "gp3"}}],
    }
    found: str = ec2.register_image(Name=name, **{**asked, **more})["ImageId"]
    return found


def snapshot(ec2: Any) -> str:
    """A completed snapshot of an empty volume of 1 GiB."""
    volume = ec2.create_volume(Size=1, AvailabilityZone="eu-central-1a")["VolumeId"]
    made: str = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    ec2.get_waiter("snapshot_completed").wait(SnapshotIds=[made], WaiterConfig={"Delay": 1})
    ec2.delete_volume(VolumeId=volume)
    return made
