"""The AMI that a build starts from: found by owner and name pattern or by id, described once, judged before any use.

One of our own (own_base.py) is described before it is there: what it will be is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from hallmark.common.errors import AwsError
from hallmark.common.fingerprint import Sha256
from hallmark.common.validation import STRICT
from hallmark.config.disk import PLAIN, Layout

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

ARCHITECTURES = ("x86_64", "arm64")
_BOOT_MODES = ("legacy-bios", "uefi", "uefi-preferred")


class BaseAmi(BaseModel):
    """What a golden AMI takes over from its base, and what decides whether a base is fit at all."""

    model_config = STRICT
    id: str
    name: str
    architecture: str
    boot_mode: str | None
    root_device: str
    root_gib: int
    tpm: bool
    product_codes: tuple[str, ...] = ()
    state: str = "available"
    virtualization: str = "hvm"
    root_type: str = "ebs"
    ena: bool = True
    other_devices: tuple[str, ...] = ()


def find_base(ec2: EC2Client, *, owners: Sequence[str], pattern: str, architecture: str) -> BaseAmi:
    """The newest AMI of these owners whose name matches; AwsError when there is none."""
    pages = ec2.get_paginator("describe_images").paginate(
        Owners=list(owners),
        Filters=[
            {"Name": "name", "Values": [pattern]},
            {"Name": "architecture", "Values": [architecture]},
            {"Name": "state", "Values": ["available"]},
        ],
    )
    found = [image for page in pages for image in page["Images"]]
    if not found:
        raise AwsError(
            f"base: no {architecture} AMI of owner {', '.join(owners)} matches {pattern!r} in {ec2.meta.region_name}; "
            "mend owner, name or region"
        )
    return read_base(max(found, key=lambda image: (image["CreationDate"], image["ImageId"])))


def describe_own_base(fingerprint: Sha256, layout: Layout = PLAIN) -> BaseAmi:
    """What the AMI of our own base with this fingerprint and disk is; its id is empty until it is registered.

    Its disk has no boot sector: it boots by UEFI alone.
    """
    return BaseAmi(
        id="",
        name=f"Debian 13 of our own, {fingerprint[:16]}",
        architecture="x86_64",
        boot_mode="uefi",
        root_device="/dev/xvda",
        root_gib=-(-layout.size_mib // 1024),
        tpm=False,
    )


def get_base(ec2: EC2Client, id_: str) -> BaseAmi:
    """The AMI with this id; AwsError when this account cannot see one in this region."""
    found = ec2.describe_images(Filters=[{"Name": "image-id", "Values": [id_]}])["Images"]
    if not found:
        raise AwsError(f"base: {id_}: no such AMI in {ec2.meta.region_name}, or not shared with this account")
    return read_base(found[0])


def read_base(image: Mapping[str, Any]) -> BaseAmi:
    """What `DescribeImages` says of one image, as a value."""
    mappings = {row["DeviceName"]: row["Ebs"] for row in image.get("BlockDeviceMappings", []) if "Ebs" in row}
    root = image.get("RootDeviceName", "")
    return BaseAmi(
        id=image["ImageId"],
        name=image.get("Name", ""),
        architecture=image.get("Architecture", ""),
        boot_mode=image.get("BootMode"),
        root_device=root,
        root_gib=int(mappings.get(root, {}).get("VolumeSize", 0)),
        tpm=bool(image.get("TpmSupport")),
        product_codes=tuple(code["ProductCodeId"] for code in image.get("ProductCodes", [])),
        state=image.get("State", ""),
        virtualization=image.get("VirtualizationType", ""),
        root_type=image.get("RootDeviceType", ""),
        ena=bool(image.get("EnaSupport")),
        other_devices=tuple(sorted(name for name in mappings if name != root)),
    )


def check_base(base: BaseAmi) -> None:
    """Refuse a base that no golden AMI can be made of; AwsError naming the AMI and the reason."""
    wrong = (
        (base.state != "available", f"expected state available, got {base.state or 'none'}"),
        (bool(base.product_codes), f"has product codes ({', '.join(base.product_codes)}), which its copies must keep"),
        (base.architecture not in ARCHITECTURES, f"expected {' or '.join(ARCHITECTURES)}, got {base.architecture}"),
        (base.virtualization != "hvm", f"expected virtualization hvm, got {base.virtualization or 'none'}"),
        (base.root_type != "ebs" or not base.root_device, "expected its root device on EBS"),
        (base.root_type == "ebs" and base.root_gib < 1, "expected its root device to have a size"),
        (base.boot_mode not in (None, *_BOOT_MODES), f"expected a known boot mode, got {base.boot_mode}"),
        (not base.ena, "expected ENA support"),
        (bool(base.other_devices), f"expected one disk, got more: {', '.join(base.other_devices)}"),
    )
    reasons = [reason for bad, reason in wrong if bad]
    if reasons:
        raise AwsError(f"base: {base.id} ({base.name}): {'; '.join(reasons)}; choose another AMI")
