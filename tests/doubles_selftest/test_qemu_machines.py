"""QEMU as the machines, with a QEMU that boots nothing: how it is started, and how its end becomes the instance's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.ec2.models import ec2_backends
from moto.ec2.models.instances import Instance

from hallmark.common import process
from tests.doubles import moto_ebs, qemu_machines
from tests.doubles.moto_ec2 import Rules
from tests.doubles.qemu_machines import Hardware, QemuMachines, mac_of, qemu_args, uuid_of
from tests.doubles.server import ACCOUNT, REGION, Server, running
from tests.support.aws.doubled import image
from tests.support.stand_ins import let_write
from tests.support.waiting import wait_until

BLOCK = 524288
ROOT = Path(__file__).parents[2]
# The arguments to a file, a word to the first disk, and then what a test wants.
QEMU = """\
#!/bin/sh
printf '%s\\n' "$@" >'{folder}/arguments'
echo booted
disk=$(sed -n 's/.*node-name=disk0,.*file.filename=//p' '{folder}/arguments')
printf golden | dd of="$disk" conv=notrunc status=none
{then}
"""


@dataclass(frozen=True)
class Cloud:
    """An account whose machines are run by a program of the test's."""

    server: Server
    machines: QemuMachines
    folder: Path

    @property
    def ec2(self) -> Any:
        return self.server.client("ec2")

    def start(self, then: str, **more: Any) -> str:
        """Start an instance whose QEMU ends with this piece of shell."""
        (self.folder / "bin" / "qemu-system-x86_64").write_text(QEMU.format(folder=self.folder, then=then))
        asked = {"BootMode": "uefi", **more}
        made: str = self.ec2.run_instances(
            ImageId=image(self.ec2, **asked), InstanceType="t3.micro", MinCount=1, MaxCount=1, UserData="#!/bin/sh\n"
        )["Instances"][0]["InstanceId"]
        return made

    def instance(self, name: str) -> Instance:
        found: Instance = ec2_backends[ACCOUNT][REGION].get_instance(name)
        return found

    def arguments(self) -> list[str]:
        path = self.folder / "arguments"
        wait_until(lambda: path.exists() and path.read_text().endswith("chardev:console\n"))
        return path.read_text().splitlines()

    def stopped(self, name: str) -> dict[str, Any]:
        """The instance once it is stopped."""
        wait_until(lambda: self.described(name)["State"]["Name"] == "stopped")
        return self.described(name)

    def described(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ec2.describe_instances(InstanceIds=[name])["Reservations"][0]["Instances"][0]
        return found


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """Afterwards nothing of the machines is left in their folder."""
    programs, work = tmp_path / "bin", tmp_path / "work"
    programs.mkdir()
    work.mkdir()
    (programs / "qemu-system-x86_64").touch(0o755)
    monkeypatch.setattr(process, "PATH", f"{programs}:{process.PATH}")
    let_write(qemu_machines, tmp_path, monkeypatch)
    with QemuMachines(work=work, deadline=60) as machines, running(Rules(machines=machines)) as server:
        yield Cloud(server=server, machines=machines, folder=tmp_path)
    assert list(work.iterdir()) == []
    assert machines.running() == []


def test_a_guest_that_powers_off_stops_its_instance(cloud: Cloud) -> None:
    name = cloud.start("exit 0")
    found = cloud.stopped(name)
    assert found["StateReason"]["Code"] == "Client.InstanceInitiatedShutdown"
    assert cloud.ec2.get_console_output(InstanceId=name)["Output"] == "booted\n"


def test_a_snapshot_of_its_volume_holds_what_it_wrote(cloud: Cloud) -> None:
    found = cloud.stopped(cloud.start("exit 0"))
    volume = found["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    snapshot = cloud.ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    ebs = cloud.server.client("ebs")
    listed = ebs.list_snapshot_blocks(SnapshotId=snapshot)["Blocks"]
    assert [block["BlockIndex"] for block in listed] == [0]
    got = ebs.get_snapshot_block(SnapshotId=snapshot, **listed[0])
    assert got["BlockData"].read() == b"golden".ljust(BLOCK, b"\0")


def test_a_qemu_that_fails_is_a_host_that_failed(cloud: Cloud) -> None:
    name = cloud.start("echo no such device >&2; exit 1")
    assert cloud.stopped(name)["StateReason"]["Code"] == "Server.InternalError"
    console = cloud.ec2.get_console_output(InstanceId=name)["Output"]
    assert console == "booted\nQemuMachines: QEMU ended with 1, or at the deadline: no such device\n"


def test_a_guest_that_hangs_is_ended_at_the_deadline(cloud: Cloud) -> None:
    cloud.machines.deadline = 1
    name = cloud.start("exec sleep 1000")
    assert cloud.stopped(name)["StateReason"]["Code"] == "Server.InternalError"
    assert "or at the deadline" in cloud.ec2.get_console_output(InstanceId=name)["Output"]


@pytest.mark.parametrize("action", ["stop_instances", "terminate_instances"])
def test_from_outside_the_plug_is_pulled(cloud: Cloud, action: str) -> None:
    name = cloud.start("exec sleep 1000")
    cloud.arguments()
    assert cloud.machines.running() == [name]
    getattr(cloud.ec2, action)(InstanceIds=[name])
    wait_until(lambda: cloud.machines.running() == [])
    assert cloud.described(name)["StateReason"]["Code"] == "Client.UserInitiatedShutdown"


RUNNER = """
import sys
from pathlib import Path
from hallmark.common import process
from tests.doubles_selftest.test_qemu_machines import Cloud
from tests.doubles.moto_ec2 import Rules
from tests.doubles.qemu_machines import QemuMachines
from tests.doubles.server import running
folder = Path(sys.argv[1])
process.PATH = f"{folder / 'bin'}:{process.PATH}"
with QemuMachines(work=folder) as machines, running(Rules(machines=machines)) as server:
    Cloud(server=server, machines=machines, folder=folder).start("exec sleep {seconds}")
    sys.stdin.read()
"""


def test_qemu_dies_with_the_process_that_plays_the_machines(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "qemu-system-x86_64").touch(0o755)
    seconds = f"1000.{os.getpid()}"
    code = RUNNER.replace("{seconds}", seconds)
    environment = {"PATH": os.environ["PATH"], "AWS_EC2_METADATA_DISABLED": "true"}
    runner = subprocess.Popen([sys.executable, "-c", code, tmp_path], cwd=ROOT, stdin=subprocess.PIPE, env=environment)
    try:
        wait_until(lambda: sleepers(seconds), 60)
        runner.send_signal(signal.SIGKILL)
        runner.wait(timeout=10)
        wait_until(lambda: not sleepers(seconds), 5)
    finally:
        runner.kill()
        runner.communicate(timeout=10)


def sleepers(seconds: str) -> list[Path]:
    """What /proc has of each process that sleeps as long; by its words, for in its namespace it has another number."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (entry / "cmdline").read_bytes() == f"sleep\0{seconds}\0".encode():
                found.append(entry)
    return found


def test_disks_of_deleted_volumes_go_when_the_next_machine_starts(cloud: Cloud) -> None:
    name = cloud.start("exec sleep 1000")
    cloud.arguments()
    volume = next(iter(cloud.machines.disks_of(cloud.instance(name))))
    disk = cloud.machines.contents(volume)
    assert disk is not None
    assert disk.exists()
    cloud.ec2.terminate_instances(InstanceIds=[name])
    cloud.start("exit 0", name="another")
    assert (cloud.machines.contents(volume), disk.exists()) == (None, False)


def test_a_stopped_machine_starts_again_with_its_disk(cloud: Cloud) -> None:
    name = cloud.start('[ "$(head -c 6 "$disk")" = golden ] && printf again | dd of="$disk" conv=notrunc status=none')
    cloud.stopped(name)
    (volume,) = cloud.machines.disks_of(cloud.instance(name))
    cloud.ec2.start_instances(InstanceIds=[name])
    cloud.stopped(name)
    disk = cloud.machines.contents(volume)
    assert disk is not None
    with disk.open("rb") as stream:
        assert stream.read(8) == b"againn\0\0"


def test_an_image_that_does_not_boot_by_uefi_is_refused(cloud: Cloud) -> None:
    with pytest.raises(ClientError, match="QemuMachines boots uefi or uefi-preferred, the AMI has legacy-bios"):
        cloud.start("exit 0", BootMode="legacy-bios")


def test_the_guest_has_one_way_out_and_it_leads_to_the_metadata_service(cloud: Cloud) -> None:
    cloud.start("exit 0")
    words = cloud.arguments()
    networks = [word for word in words if word.startswith("user,")]
    assert len(networks) == 1 == words.count("-netdev")
    assert networks[0].startswith("user,id=net,ipv6=off,restrict=on,net=169.254.169.0/24,")
    assert networks[0].count("guestfwd=") == 1
    assert "guestfwd=tcp:169.254.169.254:80-cmd:" in networks[0]
    assert not any(word.startswith(("hostfwd", "-nic", "smb=")) for word in words)


def test_the_guest_looks_like_one_of_ec2s(cloud: Cloud) -> None:
    name = cloud.start("exit 0")
    instance, words = cloud.instance(name), cloud.arguments()
    identity = uuid_of(name)
    assert identity.startswith("ec2")
    assert f"type=1,manufacturer=Amazon EC2,product=t3.micro,uuid={identity},serial={identity}" in words
    assert f"virtio-net-pci,netdev=net,mac={mac_of(name)},romfile=" in words
    volume = instance.block_device_mapping["/dev/xvda"].volume_id
    assert f"nvme,drive=disk0,serial={volume.replace('-', '')},bootindex=0" in words


def test_the_root_is_the_first_disk_whatever_its_name(cloud: Cloud, tmp_path: Path) -> None:
    disks = {"vol-b": tmp_path / "b", "vol-a": tmp_path / "a,1"}
    instance = cloud.instance(cloud.start("exit 0"))
    words = qemu_args(instance, Hardware(), disks, variables=tmp_path / "v", facts=tmp_path / "f")
    devices = [word for word in words if word.startswith("nvme,")]
    assert devices == ["nvme,drive=disk0,serial=volb,bootindex=0", "nvme,drive=disk1,serial=vola,bootindex=1"]
    assert any(word.endswith(f"file.filename={tmp_path}/a,,1") for word in words)


def test_a_disk_has_the_blocks_of_its_snapshot_and_the_volumes_size(cloud: Cloud, tmp_path: Path) -> None:
    source, disk = tmp_path / "source", tmp_path / "disk"
    source.write_bytes(bytes(3 * BLOCK) + b"tail")
    volume = cloud.ec2.create_volume(Size=1, AvailabilityZone=f"{REGION}a")["VolumeId"]
    snapshot = cloud.ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    moto_ebs.put_volume(snapshot, source, account=ACCOUNT, region=REGION)
    source.unlink()  # the blocks were copied
    moto_ebs.write_disk(snapshot, disk, gib=2, account=ACCOUNT, region=REGION)
    assert disk.stat().st_size == 2 << 30
    assert disk.stat().st_blocks * 512 <= 2 * BLOCK  # it is sparse
    with disk.open("rb") as stream:
        assert stream.read(4 * BLOCK) == bytes(3 * BLOCK) + b"tail".ljust(BLOCK, b"\0")
