"""The golden AMI and its release: the base decides what it must, the rest is explicit; no verdict means no tag."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.aws_golden_ami import GoldenAmi, GoldenAmiArgs, ami_name
from components.aws_release import AmiRelease, AmiReleaseArgs
from hallmark.aws_base import BaseAmi
from hallmark.aws_settings import AwsSettings
from hallmark.errors import AwsError, RejectedError
from tests.components.recorded import AMI, Recorded, declare

TAGS = {"hallmark:managed": "true", "hallmark:fingerprint": "f" * 64}
BASE = BaseAmi(
    id="ami-0base",
    name="debian-13-amd64",
    architecture="x86_64",
    boot_mode="uefi",
    root_device="/dev/xvda",
    root_gib=8,
    tpm=True,
)
SETTINGS = AwsSettings(region="eu-central-1")


def golden(base: BaseAmi = BASE) -> Recorded:
    def program() -> pulumi.Output[str]:
        args = GoldenAmiArgs(
            recipe="debian-13-server",
            base=base,
            root_snapshot="snap-0root",
            root_gib=10,
            fingerprint="f" * 64,
            build="20261122-1500",
            tags=TAGS,
        )
        return GoldenAmi("g", args).ami

    return declare(program)[0]


def release(*, accepted: object = True) -> tuple[Recorded, Any]:
    def program() -> pulumi.Output[Any]:
        made = AmiRelease(
            "r",
            AmiReleaseArgs(
                recipe="debian-13-server",
                channel="stable",
                ami=AMI,
                accepted=accepted,  # type: ignore[arg-type]
                settings=SETTINGS,
                tags=TAGS,
            ),
        )
        return pulumi.Output.all(made.ami, made.parameter)

    return declare(program)


@pytest.fixture(scope="module")
def ami() -> dict[str, Any]:
    return golden().inputs("g-ami")


def test_architecture_boot_mode_and_root_device_are_the_bases(ami: dict[str, Any]) -> None:
    assert (ami["architecture"], ami["bootMode"], ami["rootDeviceName"]) == ("x86_64", "uefi", "/dev/xvda")


def test_what_an_account_could_default_is_explicit(ami: dict[str, Any]) -> None:
    assert (ami["virtualizationType"], ami["enaSupport"], ami["imdsSupport"]) == ("hvm", True, "v2.0")


def test_its_one_disk_is_the_root_snapshot_whose_encryption_it_keeps(ami: dict[str, Any]) -> None:
    assert ami["ebsBlockDevices"] == [
        {
            "deviceName": "/dev/xvda",
            "snapshotId": "snap-0root",
            "volumeType": "gp3",
            "volumeSize": 10,
            "deleteOnTermination": True,
        }
    ]


def test_its_name_has_fingerprint_and_build(ami: dict[str, Any]) -> None:
    assert ami["name"] == "hallmark-debian-13-server-ffffffffffffffff-20261122-1500"
    assert len(ami_name("x" * 200, "f" * 64, "b" * 60)) <= 128


def test_it_stays_when_a_newer_one_comes_and_has_no_status_yet() -> None:
    recorded = golden()
    assert recorded.options["g-ami"].retainOnDelete
    assert recorded.inputs("g-ami")["tags"] == TAGS
    assert recorded.parent("g-ami") == "g"


@pytest.mark.parametrize(
    ("tpm", "boot_mode", "wanted"),
    [(True, "uefi", "v2.0"), (True, "legacy-bios", None), (True, None, None), (False, "uefi", None)],
)
def test_a_tpm_only_with_uefi(tpm: bool, boot_mode: str | None, wanted: str | None) -> None:
    base = BASE.model_copy(update={"tpm": tpm, "boot_mode": boot_mode})
    inputs = golden(base).inputs("g-ami")
    assert inputs.get("tpmSupport") == wanted
    assert inputs.get("bootMode") == boot_mode


def test_a_base_with_product_codes_is_refused() -> None:
    with pytest.raises(AwsError, match=r"base: ami-0base \(debian-13-amd64\): has product codes \(abc\)"):
        golden(BASE.model_copy(update={"product_codes": ("abc",)}))


def test_the_tag_comes_first_then_the_channel_then_the_proof_that_it_holds_the_image() -> None:
    recorded, value = release()
    assert recorded.inputs("r-status") == {"resourceId": AMI, "key": "hallmark:status", "value": "released"}
    channel = recorded.inputs("r-channel")
    assert (channel["name"], channel["insecureValue"]) == ("/hallmark/debian-13-server/stable", AMI)
    assert (channel["dataType"], channel["type"]) == ("aws:ec2:image", "String")
    assert "r-status" in recorded.dependencies("r-channel")
    assert "r-channel" in recorded.dependencies("r-channel-read-back")
    assert value == [AMI, "/hallmark/debian-13-server/stable"]


def test_tag_and_channel_survive_the_stack_and_a_newer_image() -> None:
    recorded, _ = release()
    assert recorded.options["r-status"].retainOnDelete
    assert recorded.options["r-channel"].retainOnDelete
    assert recorded.inputs("r-channel")["overwrite"] is True


@pytest.mark.parametrize("accepted", [False, None, "yes"])
def test_without_a_verdict_nothing_is_released(accepted: object) -> None:
    with pytest.raises(RejectedError, match="expected an accepted image, got one without a verdict"):
        release(accepted=accepted)
