"""Machines that answer at once: they stop by themselves, and leave what they wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from moto.ec2.models.instances import Instance

from tests.doubles import moto_ec2
from tests.doubles.quick_machines import QuickMachines
from tests.doubles.server import Server
from tests.support.aws.doubled import image, server

__all__ = ["server"]
BLOCK = 524288


def test_it_powers_off_and_its_volumes_snapshot_holds_what_it_wrote(server: Server, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(BLOCK) + b"golden".ljust(BLOCK, b"\0"))

    def writes(_: Instance) -> dict[str, Path]:
        return {"/dev/xvda": disk}

    moto_ec2.rules().machines = QuickMachines(after=4.0, text="it ran\n", writes=writes)
    ec2, ebs = server.client("ec2"), server.client("ebs")
    instance = start(ec2, image(ec2))
    ec2.get_waiter("instance_running").wait(InstanceIds=[instance], WaiterConfig={"Delay": 1})
    ec2.get_waiter("instance_stopped").wait(InstanceIds=[instance], WaiterConfig={"Delay": 1})

    assert ec2.get_console_output(InstanceId=instance)["Output"] == "it ran\n"
    root = ec2.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": [instance]}])["Volumes"][0][
        "VolumeId"
    ]
    taken = ec2.create_snapshot(VolumeId=root)["SnapshotId"]
    blocks = ebs.list_snapshot_blocks(SnapshotId=taken)["Blocks"]
    assert [block["BlockIndex"] for block in blocks] == [1]
    got = ebs.get_snapshot_block(SnapshotId=taken, BlockIndex=1, BlockToken=blocks[0]["BlockToken"])
    assert got["BlockData"].read().startswith(b"golden")

    copy = ec2.create_volume(SnapshotId=taken, AvailabilityZone="eu-central-1a")["VolumeId"]
    again = ec2.create_snapshot(VolumeId=copy)["SnapshotId"]
    assert [block["BlockIndex"] for block in ebs.list_snapshot_blocks(SnapshotId=again)["Blocks"]] == [1]


def test_one_that_never_ends_runs_until_it_is_stopped(server: Server) -> None:
    moto_ec2.rules().machines = QuickMachines(after=None)
    ec2 = server.client("ec2")
    instance = start(ec2, image(ec2))
    ec2.get_waiter("instance_running").wait(InstanceIds=[instance], WaiterConfig={"Delay": 1})
    ec2.terminate_instances(InstanceIds=[instance])
    ec2.get_waiter("instance_terminated").wait(InstanceIds=[instance], WaiterConfig={"Delay": 1})


def start(ec2: Any, ami: str) -> str:
    made: str = ec2.run_instances(ImageId=ami, InstanceType="t3.micro", MinCount=1, MaxCount=1)["Instances"][0][
        "InstanceId"
    ]
    return made
