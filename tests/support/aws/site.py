"""A stack's place on AWS, in an account that nobody has."""

from __future__ import annotations

from hallmark.aws.base import BaseAmi
from hallmark.aws.settings import AwsSettings
from hallmark.aws.site import Site

ROLE = "arn:aws:iam::123456789012:role/builder"
AWS = AwsSettings.model_validate(
    {
        "region": "eu-central-1",
        "profile": "builder",
        "assume_roles": [{"role_arn": ROLE, "session_name": "s1"}],
        "endpoints": {"ec2": "http://127.0.0.1:5000", "ebs": "http://127.0.0.1:5001"},
    }
)
SITE = Site(
    aws=AWS,
    project="hallmark",
    stack="local",
    backend="file:///state",
    secrets_provider="passphrase",
    base=BaseAmi(
        id="ami-0base",
        name="debian-13-amd64-1",
        architecture="x86_64",
        boot_mode="uefi",
        root_device="/dev/xvda",
        root_gib=8,
        tpm=False,
    ),
    instance_type="t3.medium",
    kms_key="alias/hallmark",
    evidence="/evidence",
    puts_per_second=900,
)
