"""A base of our own: the very disk, uploaded once, registered once, found again, and never swept while it is in use."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hallmark.aws import own_base
from hallmark.aws.base import check_base, describe_own_base, get_base
from hallmark.aws.images import BASE, get_image, list_images
from hallmark.aws.own_base import find_own_base, identity_of, make_own_base, with_own_base
from hallmark.aws.session import Aws
from hallmark.aws.site import Site
from hallmark.aws.sweep import sweep
from hallmark.aws.tags import STATUS
from hallmark.base.base import Base, BasePlan
from hallmark.base.disk import unpack
from hallmark.common.errors import AwsError, ProcessError
from hallmark.common.fingerprint import hash_bytes
from hallmark.order.places import Places
from tests.doubles import moto_ebs
from tests.support.aws.strict import REGION, site_in, strict_account
from tests.support.examples import Project
from tests.support.made_disk import EC2_FILES, FILES, write_disk

_numbers = itertools.count()


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    with strict_account() as aws:
        yield aws


@pytest.fixture(scope="module")
def key(aws: Aws) -> str:
    return aws.kms.create_key(KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["Arn"]


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_disk(tmp_path_factory.mktemp("disk") / "base", files=EC2_FILES)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Project(tmp_path).places()


@pytest.fixture
def plan() -> BasePlan:
    """A base that no other test has."""
    return BasePlan(fingerprint=hash_bytes(f"base {next(_numbers)}".encode()), status="", epoch=0)


@pytest.fixture
def site(aws: Aws, key: str, plan: BasePlan) -> Site:
    own = describe_own_base(plan.fingerprint)
    return site_in(aws, "/evidence", base=own, own_base=plan.fingerprint, kms_key=key)


@pytest.fixture(autouse=True)
def built(aws: Aws, disk: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The bases that were built: mmdebstrap is not run, the disk is a small one."""
    made: list[str] = []

    def build(plan: BasePlan, *_: object) -> Base:
        made.append(plan.fingerprint)
        return Base(fingerprint=plan.fingerprint, disk=disk, status=disk, kernel=disk)

    monkeypatch.setattr(own_base, "build_base", build)
    monkeypatch.setattr(own_base, "Aws", lambda _: aws)  # each costs a second
    return made


def silent(_text: str) -> None:
    pass


def row_of(aws: Aws, ami: str) -> Any:
    return aws.ec2.describe_images(ImageIds=[ami])["Images"][0]


def snapshot_of(aws: Aws, ami: str) -> str:
    return str(row_of(aws, ami)["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"])


def snapshots(aws: Aws, site: Site) -> list[Any]:
    wanted: Any = [{"Name": "tag:hallmark:content", "Values": [identity_of(site)]}]
    return list(aws.ec2.describe_snapshots(OwnerIds=["self"], Filters=wanted)["Snapshots"])


def tags_of(row: Any) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in row["Tags"]}


def test_it_is_registered_with_all_that_a_machine_of_ec2_needs(
    aws: Aws, site: Site, plan: BasePlan, places: Places, key: str
) -> None:
    row = row_of(aws, make_own_base(site, plan, places, silent))
    assert (row["BootMode"], row["EnaSupport"], row["ImdsSupport"]) == ("uefi", True, "v2.0")
    assert (row["Architecture"], row["VirtualizationType"], row["State"]) == ("x86_64", "hvm", "available")
    (disk,) = row["BlockDeviceMappings"]
    assert disk["DeviceName"] == row["RootDeviceName"]
    assert (disk["Ebs"]["VolumeType"], disk["Ebs"]["DeleteOnTermination"]) == ("gp3", True)
    (snapshot,) = snapshots(aws, site)
    assert (snapshot["SnapshotId"], snapshot["KmsKeyId"], snapshot["VolumeSize"]) == (disk["Ebs"]["SnapshotId"], key, 4)
    tags = tags_of(row)
    assert (tags["hallmark:managed"], tags["hallmark:use"]) == ("true", BASE)
    assert tags["hallmark:fingerprint"] == identity_of(site)
    assert STATUS not in tags  # so nobody may launch it as an image
    assert "hallmark:expires" not in tags


def test_what_is_registered_is_the_very_disk(
    aws: Aws, site: Site, plan: BasePlan, places: Places, disk: Path, tmp_path: Path
) -> None:
    ami = make_own_base(site, plan, places, silent)
    unpack(disk, tmp_path / "made.raw")
    account = aws.sts.get_caller_identity()["Account"]
    moto_ebs.write_disk(snapshot_of(aws, ami), tmp_path / "there.raw", gib=1, account=account, region=REGION)
    made = (tmp_path / "made.raw").read_bytes()
    with (tmp_path / "there.raw").open("rb") as there:
        assert there.read(len(made)) == made
        assert not any(there.read(1 << 20))


def test_it_is_what_was_said_of_it_before_it_was_there(aws: Aws, site: Site, plan: BasePlan, places: Places) -> None:
    ami = make_own_base(site, plan, places, silent)
    found = with_own_base(site, aws).base
    assert found == get_base(aws.ec2, ami)
    assert found.model_copy(update={"id": "", "name": site.base.name}) == site.base
    check_base(found)
    assert with_own_base(site, aws).base_fingerprint == site.base_fingerprint == plan.fingerprint


def test_it_is_made_once_and_found_again_by_its_fingerprint(
    aws: Aws, site: Site, plan: BasePlan, places: Places, built: list[str]
) -> None:
    said: list[str] = []
    ami = make_own_base(site, plan, places, silent)
    assert make_own_base(site, plan, places, said.append) == ami
    other_stack = site.model_copy(update={"stack": "production"})
    assert make_own_base(other_stack, plan, places, silent) == ami
    assert built == [plan.fingerprint]
    assert said == [f"base: found {ami}"]
    other_key = site.model_copy(update={"kms_key": "alias/other"})
    assert find_own_base(aws, identity_of(other_key)) is None


def test_an_ami_that_has_vanished_is_registered_anew_from_its_snapshot(
    aws: Aws, site: Site, plan: BasePlan, places: Places, built: list[str]
) -> None:
    first = make_own_base(site, plan, places, silent)
    aws.ec2.deregister_image(ImageId=first)
    with pytest.raises(AwsError, match="its AMI has vanished; `hallmark up` registers it anew"):
        with_own_base(site, aws)
    said: list[str] = []
    again = make_own_base(site, plan, places, said.append)
    assert again != first
    (snapshot,) = snapshots(aws, site)
    assert said == [f"base: found {snapshot['SnapshotId']}, of the same content"]
    assert built == [plan.fingerprint]


def test_what_a_killed_upload_left_goes_with_the_next_one(
    aws: Aws, site: Site, plan: BasePlan, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def start_and_die(aws: Aws, job: Any, *_: object) -> str:
        tags = [{"Key": k, "Value": v} for k, v in {**job.tags, "hallmark:content": job.content}.items()]
        aws.client("ebs").start_snapshot(VolumeSize=4, Tags=tags, Encrypted=True, KmsKeyArn=job.kms_key)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(own_base, "upload_snapshot", start_and_die)
        with pytest.raises(Killed):
            make_own_base(site, plan, places, silent)
        with pytest.raises(Killed):  # of another stack, which may be at work on it
            make_own_base(site.model_copy(update={"stack": "production"}), plan, places, silent)
    left = {tags_of(row)["hallmark:stack"]: row for row in snapshots(aws, site)}
    assert {row["State"] for row in left.values()} == {"pending"}
    said: list[str] = []
    ami = make_own_base(site, plan, places, said.append)
    assert said[0] == f"base: removing {left['aws']['SnapshotId']}, whose upload did not end"
    there = {row["SnapshotId"] for row in snapshots(aws, site)}
    assert there == {snapshot_of(aws, ami), left["production"]["SnapshotId"]}


def test_a_run_killed_between_upload_and_registration_uploads_nothing_again(
    aws: Aws, site: Site, plan: BasePlan, places: Places, built: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(own_base, "register", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            make_own_base(site, plan, places, silent)
    (snapshot,) = snapshots(aws, site)
    assert snapshot_of(aws, make_own_base(site, plan, places, silent)) == snapshot["SnapshotId"]
    assert built == [plan.fingerprint]


def test_its_snapshot_is_swept_when_nothing_uses_it_and_not_before(
    aws: Aws, site: Site, plan: BasePlan, places: Places
) -> None:
    ami = make_own_base(site, plan, places, silent)
    snapshot, later = snapshot_of(aws, ami), datetime.now(UTC) + timedelta(days=30)
    sweep(aws, scope=(site.project, site.stack), now=later, say=silent)
    assert [row["SnapshotId"] for row in snapshots(aws, site)] == [snapshot]
    aws.ec2.deregister_image(ImageId=ami)
    assert f"snapshot {snapshot}" in sweep(aws, scope=(site.project, site.stack), now=later, say=silent)


def test_it_is_no_image(aws: Aws, site: Site, plan: BasePlan, places: Places) -> None:
    ami = make_own_base(site, plan, places, silent)
    assert ami not in [image.ami for image in list_images(aws)]
    with pytest.raises(AwsError, match="expected an image of Hallmark's"):
        get_image(aws, ami)


def test_a_disk_that_ec2_could_not_run_is_not_uploaded(
    aws: Aws, site: Site, plan: BasePlan, places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = write_disk(tmp_path / "bare", files=FILES)
    monkeypatch.setattr(
        own_base, "build_base", lambda *_: Base(fingerprint=plan.fingerprint, disk=bare, status=bare, kernel=bare)
    )
    with pytest.raises(ProcessError, match=r"EC2 could not run it: .*NVMe.*ENA.*data source"):
        make_own_base(site, plan, places, silent)
    assert snapshots(aws, site) == []
    assert not list((places.store / "work").iterdir())


def test_an_account_that_is_not_fit_is_told_before_anything_is_built(
    aws: Aws, site: Site, plan: BasePlan, places: Places, built: list[str]
) -> None:
    wrong = site.model_copy(update={"kms_key": "alias/none"})
    with pytest.raises(AwsError, match="key alias/none: no such key"):
        make_own_base(wrong, plan, places, silent)
    assert built == []


def test_a_base_of_others_is_left_as_it_is(aws: Aws, site: Site) -> None:
    others = site.model_copy(update={"own_base": None})
    assert with_own_base(others, aws) is others
