"""Images on AWS: registered once with all that counts said, found again by their tags, their state in their tags."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from moto.ec2.models import ec2_backends

from hallmark.aws import tags as aws_tags
from hallmark.aws.base import BaseAmi
from hallmark.aws.images import (
    AmiImage,
    Root,
    ami_name,
    exists,
    find_root,
    get_image,
    list_images,
    register_image,
    retry_image,
    set_verdict,
    snapshot_exists,
    snapshot_root,
)
from hallmark.aws.session import Aws
from hallmark.aws.tags import Labels, has_expired
from hallmark.common.errors import AwsError, StoreError
from hallmark.common.fingerprint import Sha256, hash_bytes
from tests.doubles import moto_ec2
from tests.support.aws.strict import base_ami, strict_account, volume

BASE = BaseAmi(
    id="ami-0base",
    name="debian-13-amd64",
    architecture="x86_64",
    boot_mode="uefi",
    root_device="/dev/xvda",
    root_gib=10,
    tpm=True,
)
JUDGED = hash_bytes(b"acceptance")
NOWHERE = "ami-0123456789abcdef0"
_numbers = itertools.count()


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    with strict_account() as aws:
        yield aws


def labels(build: str = "b1", *, fingerprint: str | None = None, stack: str = "aws") -> Labels:
    """Those of an image that no other test has."""
    identity = fingerprint or hash_bytes(str(next(_numbers)).encode())
    return Labels(project="hallmark", stack=stack, recipe="web", use="image", build=build, fingerprint=identity)


def root_of(aws: Aws, given: Labels) -> Root:
    return snapshot_root(aws, volume(aws), given)


def find(aws: Aws, given: Labels, build: str = "b1") -> Root | None:
    return find_root(aws, given.recipe, Sha256(given.fingerprint), build)


def registered(aws: Aws, given: Labels | None = None, base: BaseAmi = BASE) -> AmiImage:
    given = given or labels()
    return register_image(aws, base, root_of(aws, given), given)


def described(aws: Aws, ami: str) -> dict[str, Any]:
    found: Any = aws.ec2.describe_images(ImageIds=[ami])["Images"][0]
    return {**found, "Tags": {tag["Key"]: tag["Value"] for tag in found.get("Tags", ())}}


@contextmanager
def calls_of(aws: Aws, operation: str) -> Iterator[list[dict[str, Any]]]:
    """The parameters of each such call in the block."""
    asked: list[dict[str, Any]] = []

    def keep(params: dict[str, Any], **_: Any) -> None:
        asked.append(dict(params))

    event = f"provide-client-params.ec2.{operation}"
    aws.ec2.meta.events.register(event, keep)
    try:
        yield asked
    finally:
        aws.ec2.meta.events.unregister(event, keep)


# Registration


@pytest.fixture(scope="module")
def golden(aws: Aws) -> dict[str, Any]:
    given = labels("20261124T070000Z-abcdef")
    with calls_of(aws, "CreateTags") as tagging:
        image = registered(aws, given)
    assert tagging == []
    return {**described(aws, image.ami), "given": given, "image": image}


def test_architecture_boot_mode_and_root_device_are_the_bases(golden: dict[str, Any]) -> None:
    assert (golden["Architecture"], golden["BootMode"], golden["RootDeviceName"]) == ("x86_64", "uefi", "/dev/xvda")


def test_what_an_account_could_default_is_explicit(golden: dict[str, Any]) -> None:
    said = (golden["VirtualizationType"], golden["EnaSupport"], golden["SriovNetSupport"], golden["ImdsSupport"])
    assert said == ("hvm", True, "simple", "v2.0")


def test_its_one_disk_is_the_root_snapshot_whose_encryption_it_keeps(aws: Aws) -> None:
    given = labels()
    root = root_of(aws, given)
    with calls_of(aws, "RegisterImage") as asked:
        image = register_image(aws, BASE, root, given)
    assert asked[0]["BlockDeviceMappings"] == [
        {
            "DeviceName": "/dev/xvda",
            "Ebs": {
                "SnapshotId": root.snapshot,
                "VolumeType": "gp3",
                "VolumeSize": 10,
                "DeleteOnTermination": True,
            },
        }
    ]
    assert image.snapshot == root.snapshot


@pytest.mark.parametrize(
    ("tpm", "boot_mode", "wanted"),
    [(True, "uefi", "v2.0"), (True, "legacy-bios", None), (True, None, None), (False, "uefi", None)],
)
def test_a_tpm_only_with_uefi(aws: Aws, tpm: bool, boot_mode: str | None, wanted: str | None) -> None:
    base = BASE.model_copy(update={"tpm": tpm, "boot_mode": boot_mode})
    found = described(aws, registered(aws, base=base).ami)
    assert (found.get("TpmSupport"), found.get("BootMode")) == (wanted, boot_mode)


def test_its_name_has_fingerprint_and_build(golden: dict[str, Any]) -> None:
    given = golden["given"]
    assert golden["Name"] == f"hallmark-web-{given.fingerprint[:16]}-20261124T070000Z-abcdef"
    assert len(ami_name("x" * 200, "f" * 64, "b" * 60)) <= 128


def test_it_has_its_lasting_tags_from_its_first_moment_and_no_verdict(golden: dict[str, Any]) -> None:
    assert golden["Tags"] == golden["given"].lasting()
    image = golden["image"]
    assert (image.state, image.released, image.acceptance) == ("candidate", False, None)
    assert (image.id, image.build) == (f"web-{image.fingerprint[:16]}", "20261124T070000Z-abcdef")


def test_a_second_call_takes_up_what_is_there(aws: Aws) -> None:
    given = labels()
    root = root_of(aws, given)
    with calls_of(aws, "RegisterImage") as asked:
        first = register_image(aws, BASE, root, given)
        assert register_image(aws, BASE, root, given) == first
    assert len(asked) == 1


@pytest.mark.parametrize("verdict", ["accepted", "rejected"])
def test_what_is_taken_up_keeps_its_verdict(aws: Aws, verdict: Any) -> None:
    given = labels()
    root = root_of(aws, given)
    first = register_image(aws, BASE, root, given)
    set_verdict(aws, first.ami, verdict, JUDGED)
    again = register_image(aws, BASE, root, given)
    assert (again.ami, again.state) == (first.ami, verdict)


def test_another_builds_image_of_the_same_inputs_is_another(aws: Aws) -> None:
    """Two pipelines in one account: the evidence of each vouches for its own root snapshot."""
    theirs = labels("theirs", stack="their-stack")
    first = registered(aws, theirs)
    set_verdict(aws, first.ami, "accepted", JUDGED)
    ours = registered(aws, labels("ours", fingerprint=theirs.fingerprint))
    assert ours.ami != first.ami
    assert (ours.state, ours.build) == ("candidate", "ours")


def test_an_image_that_somebody_has_disabled_is_one_clear_error(aws: Aws) -> None:
    given = labels()
    root = root_of(aws, given)
    made = register_image(aws, BASE, root, given)
    amis: Any = ec2_backends[aws.sts.get_caller_identity()["Account"]][aws.settings.region].amis
    amis[made.ami].state = "disabled"
    with pytest.raises(
        AwsError,
        match=r"^registration of web: an AMI of this name is there but cannot be used: it was disabled; enable",
    ):
        register_image(aws, BASE, root, given)


def test_an_image_that_is_gone_is_registered_anew_from_its_snapshot(aws: Aws) -> None:
    given = labels()
    root = root_of(aws, given)
    first = register_image(aws, BASE, root, given)
    aws.ec2.deregister_image(ImageId=first.ami)
    assert register_image(aws, BASE, root, given).ami != first.ami


def test_a_new_id_that_is_not_known_everywhere_yet_is_waited_for(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    paused: list[float] = []
    monkeypatch.setattr("botocore.waiter.time.sleep", paused.append)
    unknown = b"<Response><Errors><Error><Code>InvalidAMIID.NotFound</Code></Error></Errors></Response>"
    left = [unknown]

    def not_yet(request: Any, **_: Any) -> Any:
        if "ImageId.1" in str(request.body) and left:
            return AWSResponse(request.url, 400, HTTPHeaders(), _Raw(left.pop()))
        return None

    aws.ec2.meta.events.register_first("before-send.ec2.DescribeImages", not_yet)
    try:
        assert registered(aws).state == "candidate"
    finally:
        aws.ec2.meta.events.unregister("before-send.ec2.DescribeImages", not_yet)
    assert (left, paused) == ([], [3])


class _Raw:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self._body


# Root snapshots


def test_a_root_snapshot_is_tagged_in_the_call_that_starts_it(aws: Aws) -> None:
    given = labels()
    with calls_of(aws, "CreateTags") as tagging:
        root = root_of(aws, given)
    row = aws.ec2.describe_snapshots(SnapshotIds=[root.snapshot])["Snapshots"][0]
    tags = {tag["Key"]: tag["Value"] for tag in row["Tags"]}
    assert tagging == []
    assert {**given.lasting(), "hallmark:verdict": "built"}.items() <= tags.items()
    now = datetime.now(UTC)
    assert not has_expired(tags, now)
    assert has_expired(tags, now.replace(year=now.year + 1))


def test_a_finished_build_is_found_again_whatever_the_stack_is_called_by_now(aws: Aws) -> None:
    given = labels(stack="before-it-was-renamed")
    root = root_of(aws, given)
    assert find(aws, given) == root == Root(snapshot=root.snapshot, build="b1", completed=True)


def test_what_another_run_recipe_or_input_made_is_not_found(aws: Aws) -> None:
    given = labels()
    root_of(aws, given)
    assert find_root(aws, "mail", Sha256(given.fingerprint), "b1") is None
    assert find_root(aws, "web", hash_bytes(b"other inputs"), "b1") is None
    assert find(aws, given, "b2") is None


def test_a_snapshot_that_no_good_judgement_vouches_for_is_not_found(aws: Aws) -> None:
    given = labels()
    tags: Any = aws_tags.pairs(given.lasting())
    aws.ec2.create_snapshot(VolumeId=volume(aws), TagSpecifications=[{"ResourceType": "snapshot", "Tags": tags}])
    assert find(aws, given) is None


def test_a_completed_snapshot_comes_before_a_newer_one_that_is_pending(aws: Aws) -> None:
    given = labels()
    completed = root_of(aws, given)
    moto_ec2.rules().transition = 3600
    try:
        pending = root_of(aws, given)
    finally:
        moto_ec2.rules().transition = 0
    assert not pending.completed
    assert find(aws, given) == completed
    aws.ec2.delete_snapshot(SnapshotId=completed.snapshot)
    assert find(aws, given) == pending


def test_a_failed_snapshot_is_not_found(aws: Aws) -> None:
    given = labels()
    root = root_of(aws, given)
    _backend(aws).snapshots[root.snapshot].status = "error"
    assert find(aws, given) is None


def _backend(aws: Aws) -> Any:
    from moto.ec2.models import ec2_backends

    return ec2_backends[aws.sts.get_caller_identity()["Account"]][aws.settings.region]


# State


def test_a_verdict_names_the_acceptance_that_gave_it(aws: Aws) -> None:
    image = registered(aws)
    set_verdict(aws, image.ami, "accepted", JUDGED)
    got = get_image(aws, image.ami)
    assert (got.state, got.acceptance, got.released) == ("accepted", JUDGED, False)


def test_a_rejected_image_can_be_judged_again(aws: Aws) -> None:
    image = registered(aws)
    set_verdict(aws, image.ami, "rejected", JUDGED)
    again = retry_image(aws, image.ami)
    assert (again.state, again.acceptance) == ("candidate", None)
    assert get_image(aws, image.ami) == again


@pytest.mark.parametrize("verdict", [None, "accepted"])
def test_there_is_nothing_to_retry_about_any_other(aws: Aws, verdict: Any) -> None:
    image = registered(aws)
    if verdict:
        set_verdict(aws, image.ami, verdict, JUDGED)
    with pytest.raises(StoreError) as error:
        retry_image(aws, image.ami)
    state = verdict or "candidate"
    assert str(error.value) == f"{image.ami}: expected a rejected image, got one that is {state}; nothing to retry"


def test_the_status_tag_alone_says_that_an_image_is_released(aws: Aws) -> None:
    image = registered(aws)
    aws.ec2.create_tags(Resources=[image.ami], Tags=[{"Key": "hallmark:status", "Value": "released"}])
    assert get_image(aws, image.ami).released


# What is there


def test_an_image_that_is_not_ours_is_none(aws: Aws) -> None:
    foreign = base_ami(aws, "foreign")
    for ami in (foreign, NOWHERE):
        with pytest.raises(AwsError) as error:
            get_image(aws, ami)
        assert str(error.value) == f"{ami}: expected an image of Hallmark's in eu-central-1, there is none of this id"
    assert foreign not in [image.ami for image in list_images(aws)]


def test_images_are_listed_the_newest_first(aws: Aws) -> None:
    made = [registered(aws).ami for _ in range(2)]
    _backend(aws).amis[made[0]].creation_date = datetime.now(UTC) + timedelta(days=1)
    assert list_images(aws)[0].ami == made[0]
    assert made[1] in [image.ami for image in list_images(aws)]


def test_an_image_and_a_snapshot_are_there_until_they_are_gone(aws: Aws) -> None:
    image = registered(aws)
    assert exists(aws, image.ami)
    assert snapshot_exists(aws, image.snapshot)
    aws.ec2.deregister_image(ImageId=image.ami)
    aws.ec2.delete_snapshot(SnapshotId=image.snapshot)
    assert not exists(aws, image.ami)
    assert not snapshot_exists(aws, image.snapshot)
    assert not exists(aws, NOWHERE)
