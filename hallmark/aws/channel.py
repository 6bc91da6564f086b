"""The channel on AWS, read back: components/aws/release.py declares it, with the status tag that goes before it.

A channel is an SSM parameter of data type `aws:ec2:image`. AWS checks such a value after it has accepted it, and drops
a version whose AMI it cannot find. So the parameter is read until it holds the image, or until time is up.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from hallmark.aws import tags as aws_tags
from hallmark.aws.errors import translate_aws_errors
from hallmark.aws.images import list_images
from hallmark.aws.session import Aws
from hallmark.common.errors import AwsError

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

WAIT_SECONDS = 300.0
_PAUSE_SECONDS = 3.0


def parameter_name(recipe: str, channel: str) -> str:
    """The channel's name in the parameter store."""
    return f"/hallmark/{recipe}/{channel}"


def released_image(aws: Aws, parameter: str) -> str | None:
    """The AMI that a channel leads to; None without a channel, or when consumers could not launch what it leads to."""
    with translate_aws_errors(aws.settings, parameter):
        ami = read_channel(aws.ssm, parameter)
    released = list_images(aws, {aws_tags.STATUS: aws_tags.RELEASED}) if ami else []
    return next((image.ami for image in released if image.ami == ami), None)


def wait_for_channel(
    ssm: SSMClient,
    parameter: str,
    image: str,
    *,
    wait: float = WAIT_SECONDS,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Return once the parameter's value is the image; AwsError when it is not within `wait` seconds."""
    end = now() + wait
    while (value := read_channel(ssm, parameter)) != image:
        if now() >= end:
            raise AwsError(
                f"{parameter}: expected {image} within {wait:.0f} s, got {value or 'no such parameter'}; AWS did not "
                "accept the image: is it available in this region, and may this role describe it?"
            )
        sleep(_PAUSE_SECONDS)


def channels_of(aws: Aws, recipe: str, image: str) -> list[str]:
    """The channels of a recipe that lead to an AMI, by name."""
    prefix = parameter_name(recipe, "")
    with translate_aws_errors(aws.settings, prefix):
        pages = aws.ssm.get_paginator("get_parameters_by_path").paginate(Path=prefix.rstrip("/"))
        found = [row for page in pages for row in page["Parameters"] if row.get("Value") == image]
    return sorted(row["Name"].removeprefix(prefix) for row in found)


def read_channel(ssm: SSMClient, parameter: str) -> str | None:
    """The id of the AMI that a channel leads to; None when there is no such channel."""
    try:
        return ssm.get_parameter(Name=parameter)["Parameter"]["Value"]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "ParameterNotFound":
            return None
        raise
