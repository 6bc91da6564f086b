"""The settings of a stack on AWS, as its configuration gives them."""

from __future__ import annotations

from hallmark.aws.base import BaseAmi
from hallmark.aws.settings import AwsSettings, load_aws_settings

WHERE = "stack aws"
ACCOUNT = "123456789012"
ROLE = "arn:aws:iam::123456789012:role/builder"
BASE = BaseAmi(
    id="ami-0base",
    name="debian-13",
    architecture="x86_64",
    boot_mode="uefi",
    root_device="/dev/xvda",
    root_gib=8,
    tpm=True,
)


def load(environment: dict[str, str] | None = None, **values: str) -> AwsSettings:
    config = {f"aws:{key}": value for key, value in values.items()}
    return load_aws_settings(config, where=WHERE, environment=environment or {})
