"""A strict account in this process: moto as moto_ec2.py and moto_ebs.py make it, where nothing takes its time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from moto import mock_aws

from hallmark.aws.base import BaseAmi, get_base
from hallmark.aws.session import Aws
from hallmark.aws.settings import AwsSettings
from hallmark.aws.site import Site
from tests.doubles import moto_ebs, moto_ec2
from tests.doubles.moto_ec2 import Rules

REGION = "eu-central-1"
ZONE = f"{REGION}a"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
_OWN = {"MOTO_EC2_LOAD_DEFAULT_AMIS": "false", "MOTO_IAM_LOAD_MANAGED_POLICIES": "false"}


@contextmanager
def strict_account() -> Iterator[Aws]:
    """An empty account, and clients of it that keep their credentials."""
    rules = Rules(transition=0, validation=0)
    with (
        patch.dict(os.environ, {**CREDENTIALS, **_OWN}),
        mock_aws(),
        moto_ec2.extended(rules),
        moto_ebs.extended(),
    ):
        aws = Aws(AwsSettings(region=REGION))
        assert aws.ec2.meta.region_name == REGION
        yield aws


def volume(aws: Aws) -> str:
    """A volume of 1 GiB."""
    return aws.ec2.create_volume(Size=1, AvailabilityZone=ZONE)["VolumeId"]


def base_ami(aws: Aws, name: str = "debian-13-amd64-1", **more: Any) -> str:
    """An AMI to start from, of this account."""
    snapshot = aws.ec2.create_snapshot(VolumeId=volume(aws))["SnapshotId"]
    disk: Any = {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot, "VolumeType": "gp3"}}
    asked: Any = {
        "Architecture": "x86_64",
        "RootDeviceName": "/dev/xvda",
        "VirtualizationType": "hvm",
        "EnaSupport": True,
        "BootMode": "uefi",
        "BlockDeviceMappings": [disk],
        **more,
    }
    return aws.ec2.register_image(Name=name, **asked)["ImageId"]


def site_in(aws: Aws, evidence: Path | str, *, base: BaseAmi | str, **more: Any) -> Site:
    """A site in this account."""
    given: dict[str, Any] = {
        "aws": aws.settings,
        "project": "hallmark",
        "stack": "aws",
        "backend": "file:///state",
        "secrets_provider": "passphrase",
        "base": get_base(aws.ec2, base) if isinstance(base, str) else base,
        "instance_type": "t3.medium",
        "kms_key": "alias/hallmark",
        "evidence": str(evidence),
        "puts_per_second": 0.0,
    }
    return Site(**{**given, **more})
