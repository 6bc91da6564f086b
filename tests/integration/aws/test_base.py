"""The base AMI: which one is taken, and which cannot be."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from moto.ec2.models import ec2_backends

from hallmark.aws.base import check_base, find_base, get_base
from hallmark.aws.session import Aws
from hallmark.common.errors import AwsError
from tests.integration.aws.conftest import REGION
from tests.support.aws.stack_settings import ACCOUNT, BASE
from tests.support.aws.strict import base_ami, strict_account


def test_no_base_matches(aws: Aws) -> None:
    with pytest.raises(AwsError, match=r"^base: no arm64 AMI of owner 136693071363 matches 'debian-99-\*' in eu-"):
        find_base(aws.ec2, owners=["136693071363"], pattern="debian-99-*", architecture="arm64")
    with pytest.raises(AwsError, match=r"^base: ami-00000000000000000: no such AMI in eu-central-1"):
        get_base(aws.ec2, "ami-00000000000000000")


def test_the_newest_base_that_matches_is_taken() -> None:
    days = {"debian-13-2": 3, "debian-13-3": 9, "debian-13-1": 1, "debian-14-1": 12}
    with strict_account() as aws:
        made = {name: base_ami(aws, name) for name in days}
        for name, ami in made.items():
            ec2_backends[ACCOUNT][REGION].amis[ami].creation_date = datetime(2020, 1, days[name], tzinfo=UTC)
        found = find_base(aws.ec2, owners=[ACCOUNT], pattern="debian-13-*", architecture="x86_64")
    assert (found.id, found.name, found.architecture) == (made["debian-13-3"], "debian-13-3", "x86_64")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"product_codes": ("abc",)}, "has product codes (abc), which its copies must keep"),
        ({"state": "pending"}, "expected state available, got pending"),
        ({"architecture": "i386"}, "expected x86_64 or arm64, got i386"),
        ({"virtualization": "paravirtual"}, "expected virtualization hvm, got paravirtual"),
        ({"root_type": "instance-store"}, "expected its root device on EBS"),
        ({"boot_mode": "floppy"}, "expected a known boot mode, got floppy"),
        ({"ena": False}, "expected ENA support"),
        ({"root_gib": 0}, "expected its root device to have a size"),
        ({"other_devices": ("/dev/sdb",)}, "expected one disk, got more: /dev/sdb"),
    ],
)
def test_a_base_that_no_image_can_be_made_of(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(AwsError) as error:
        check_base(BASE.model_copy(update=change))
    assert str(error.value) == f"base: ami-0base (debian-13): {reason}; choose another AMI"
