"""A whole isolated run on a machine that looks like EC2's: user data, media, results, power-off, snapshots.

The guest is a real Debian: cloud-init's own EC2 data source, DHCP, the bootstrap and the probe of the isolation.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hallmark.aws.base import describe_own_base
from hallmark.aws.ebs.download import Range, download
from hallmark.aws.exchange_volume import Carrier, make_carrier
from hallmark.aws.own_base import make_own_base
from hallmark.aws.session import Aws
from hallmark.aws.settings import AwsSettings
from hallmark.base.base import SUITE, plan_base
from hallmark.common.fingerprint import Sha256
from hallmark.common.iso import MANIFEST, make_media
from hallmark.config.settings import Settings
from hallmark.guest.results import read_results
from hallmark.guest.task import GuestTask
from hallmark.guest.user_data import user_data
from hallmark.order.places import find_places
from tests.doubles import moto_ebs
from tests.doubles.moto_ec2 import Rules
from tests.doubles.qemu_machines import QemuMachines, register_disk
from tests.doubles.server import ACCOUNT, REGION, Server, running
from tests.e2e.patched_base import find_patched_base
from tests.integration.machine.small_guest import processes_of
from tests.support.aws.strict import site_in

pytestmark = pytest.mark.slow
SCRIPTS = Path(__file__).parents[3] / "image_scripts"
LONGEST = 900.0  # seconds that a guest may take here
MARK = "hallmark-was-here-"  # what the guest writes to its root disk, with "x" 3000 times behind it

# What the media runs as `build`: it reports, and leaves a mark on the root disk.
ENTRY = f"""\
. "$HALLMARK_SCRIPTS/lib.sh"
progress isolation 1 2 "probing"
sh "$HALLMARK_SCRIPTS/isolation.sh" "$HALLMARK_RESULTS/isolation.txt" imds || true
progress report 2 2 "writing"
cloud-init query platform >"$HALLMARK_RESULTS/platform"
cloud-init query subplatform >"$HALLMARK_RESULTS/subplatform"
cat /sys/class/nvme/nvme*/serial | tr -d ' ' | sort >"$HALLMARK_RESULTS/disks"
{{ printf '{MARK}'; head -c 3000 /dev/zero | tr '\\000' x; }} >/mark
cut -d ' ' -f 1 /proc/uptime >"$HALLMARK_RESULTS/uptime"
echo golden >"$HALLMARK_RESULTS/word"
"""


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """The account, its machines, a base AMI."""

    server: Server
    machines: QemuMachines
    ami: str
    work: Path


@pytest.fixture
def cloud(cache: Path, tmp_path: Path) -> Iterator[Cloud]:
    """Afterwards neither a process nor a file is left of any machine."""
    with QemuMachines(work=tmp_path, deadline=LONGEST) as machines, running(Rules(machines=machines)) as server:
        base = find_patched_base(cache).disk
        ami = register_disk(server.client("ec2"), base, name="base", account=ACCOUNT, region=REGION)
        yield Cloud(server=server, machines=machines, ami=ami, work=tmp_path)
    assert processes_of(str(tmp_path)) == []
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("machines-")] == []


def test_a_guest_that_looks_like_ec2s_runs_the_media_and_hands_back_what_it_wrote(cloud: Cloud) -> None:
    carrier, snapshot, manifest = put_carrier(cloud, {"image_scripts/build.sh": ENTRY.encode()})
    instance = start(cloud, snapshot, manifest)
    ended = wait_until_stopped(cloud, instance)
    console = cloud.server.client("ec2").get_console_output(InstanceId=instance)["Output"]
    results = read_back(cloud, ended, carrier)

    report = (results / "isolation.txt").read_text()
    assert "SURPRISE" not in report, report
    assert report.splitlines()[0] == "expected: imds"
    assert report.splitlines()[-1] == "all probed"
    assert (results / "word").read_text() == "golden\n"
    assert (results / "exit").read_text() == "0\n", (results / "guest.log").read_text()
    assert (results / "platform").read_text() == "ec2\n"
    volumes = [one["Ebs"]["VolumeId"] for one in ended["BlockDeviceMappings"]]
    assert (results / "disks").read_text().split() == sorted(volume.replace("-", "") for volume in volumes)
    assert ended["StateReason"]["Code"] == "Client.InstanceInitiatedShutdown"
    assert "::hallmark:: progress isolation 1 2 probing" in console
    assert "::hallmark:: progress power-off 0 0 exit code 0" in console
    assert (MARK + "x" * 3000).encode() in read_volume(cloud, volume_of(ended, "/dev/xvda"))


def test_a_base_of_our_own_boots_there_by_uefi_from_nvme_and_is_configured_by_ec2s_data_source(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk that `local` builds, uploaded and registered as a stack on AWS does it."""
    with QemuMachines(work=tmp_path, deadline=LONGEST) as machines, running(Rules(machines=machines)) as server:
        cloud = Cloud(
            server=server, machines=machines, ami=own_base(server, cache, tmp_path, monkeypatch), work=tmp_path
        )
        carrier, snapshot, manifest = put_carrier(cloud, {"image_scripts/build.sh": ENTRY.encode()})
        ended = wait_until_stopped(cloud, start(cloud, snapshot, manifest))
        results = read_back(cloud, ended, carrier)
    assert (results / "exit").read_text() == "0\n", (results / "guest.log").read_text()
    assert (results / "platform").read_text() == "ec2\n"
    volumes = [one["Ebs"]["VolumeId"] for one in ended["BlockDeviceMappings"]]
    assert (results / "disks").read_text().split() == sorted(volume.replace("-", "") for volume in volumes)
    assert ended["StateReason"]["Code"] == "Client.InstanceInitiatedShutdown"


def own_base(server: Server, cache: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The AMI of a base of our own, made as the step of that name makes it."""
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    aws = Aws(AwsSettings(region=REGION))
    places = find_places(Settings(cache=cache, store=folder / "store"), folder)
    plan = plan_base(places.apt_root(SUITE))
    key = server.client("kms").create_key(KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["Arn"]
    own = describe_own_base(plan.fingerprint)
    site = site_in(aws, folder / "evidence", base=own, own_base=plan.fingerprint, kms_key=key)
    return make_own_base(site, plan, places, print)


def test_media_that_the_user_data_does_not_name_run_nothing(cloud: Cloud) -> None:
    carrier, snapshot, _ = put_carrier(cloud, {"image_scripts/build.sh": ENTRY.encode()})
    ended = wait_until_stopped(cloud, start(cloud, snapshot, Sha256("0" * 64)))
    results = read_back(cloud, ended, carrier)
    assert (results / "exit").read_text() == "1\n"
    assert (results / "guest.log").read_text() == "media: MANIFEST is not the one that the user data names\n"
    assert not (results / "word").exists()
    assert MARK.encode() not in read_volume(cloud, volume_of(ended, "/dev/xvda"))


def put_carrier(cloud: Cloud, files: Mapping[str, bytes]) -> tuple[Carrier, str, Sha256]:
    """A carrier with these files and the scripts that they use, as a snapshot; the hash of its manifest."""
    shared = {f"image_scripts/{name}": SCRIPTS / name for name in ("lib.sh", "isolation.sh")}
    manifest = make_media(cloud.work / "media.iso", {**shared, **files}, label="HALLMARK", epoch=0)
    carrier = make_carrier(cloud.work / "media.iso", cloud.work / "carrier.raw", results_mib=16)
    ec2 = cloud.server.client("ec2")
    volume = ec2.create_volume(Size=carrier.gib, AvailabilityZone=f"{REGION}a")["VolumeId"]
    snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    ec2.get_waiter("snapshot_completed").wait(SnapshotIds=[snapshot], WaiterConfig={"Delay": 1})
    moto_ebs.put_volume(snapshot, cloud.work / "carrier.raw", account=ACCOUNT, region=REGION)
    return carrier, snapshot, manifest


def start(cloud: Cloud, carrier: str, manifest: Sha256) -> str:
    """RunInstances as BuildMachine asks for it."""
    task = GuestTask(
        mode="build",
        manifest=manifest,
        bootstrap=SCRIPTS / "bootstrap.sh",
        cloud_config={"users": []},
        deadline_minutes=10,
    )
    ec2 = cloud.server.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.83.0.0/24")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.83.0.0/28", AvailabilityZone=f"{REGION}a")["Subnet"]["SubnetId"]
    made: str = ec2.run_instances(
        ImageId=cloud.ami,
        InstanceType="t3.small",
        MinCount=1,
        MaxCount=1,
        NetworkInterfaces=[{"DeviceIndex": 0, "SubnetId": subnet, "AssociatePublicIpAddress": False}],
        MetadataOptions={"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
        InstanceInitiatedShutdownBehavior="stop",
        BlockDeviceMappings=[{"DeviceName": "/dev/sdf", "Ebs": {"SnapshotId": carrier, "VolumeType": "gp3"}}],
        UserData=user_data(task).decode(),
    )["Instances"][0]["InstanceId"]
    return made


def wait_until_stopped(cloud: Cloud, instance: str) -> dict[str, Any]:
    """The instance as EC2 describes it once it is stopped; the console's end when it does not come to that."""
    ec2, end = cloud.server.client("ec2"), time.monotonic() + LONGEST + 60
    while True:
        found: dict[str, Any] = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
        if found["State"]["Name"] == "stopped":
            return found
        console = ec2.get_console_output(InstanceId=instance).get("Output", "")[-3000:]
        assert time.monotonic() < end, f"{found['State']}: {console}"
        time.sleep(1)


def volume_of(instance: dict[str, Any], device: str) -> str:
    return str({one["DeviceName"]: one["Ebs"]["VolumeId"] for one in instance["BlockDeviceMappings"]}[device])


def take_snapshot(cloud: Cloud, volume: str) -> str:
    ec2 = cloud.server.client("ec2")
    snapshot: str = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    ec2.get_waiter("snapshot_completed").wait(SnapshotIds=[snapshot], WaiterConfig={"Delay": 1})
    return snapshot


def read_back(cloud: Cloud, instance: dict[str, Any], carrier: Carrier) -> Path:
    """The results out of a snapshot of the carrier's volume."""
    snapshot = take_snapshot(cloud, volume_of(instance, "/dev/sdf"))
    part = Range(start=carrier.results_start, length=carrier.results_size)
    download(snapshot, part, cloud.work / "results.raw", ebs=cloud.server.client("ebs"))
    read_results(cloud.work / "results.raw", cloud.work / "results", manifest=MANIFEST)
    return cloud.work / "results"


def read_volume(cloud: Cloud, volume: str) -> bytes:
    """All that a snapshot of a volume holds, block after block."""
    snapshot = take_snapshot(cloud, volume)
    ebs = cloud.server.client("ebs")
    listed = ebs.list_snapshot_blocks(SnapshotId=snapshot)["Blocks"]
    gets = (ebs.get_snapshot_block(SnapshotId=snapshot, **one) for one in listed)
    return b"".join(got["BlockData"].read() for got in gets)
