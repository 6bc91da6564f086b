"""The read-back of a channel: it holds the image in the end, or it is an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hallmark.aws.channel import wait_for_channel
from hallmark.aws.session import Aws
from hallmark.common.errors import AwsError
from tests.support.aws.stepped_clock import Clock

if TYPE_CHECKING:
    pass


def test_a_channel_that_holds_the_image_in_the_end(aws: Aws) -> None:
    def put() -> None:
        aws.ssm.put_parameter(Name="/hallmark/x/stable", Value="ami-1", Type="String", Overwrite=True)

    clock = Clock(30, put)
    wait_for_channel(aws.ssm, "/hallmark/x/stable", "ami-1", now=clock.now, sleep=clock.sleep)
    assert clock.time == 30


def test_a_channel_that_never_does_is_an_error(aws: Aws) -> None:
    aws.ssm.put_parameter(Name="/hallmark/x/stable", Value="ami-0", Type="String")
    clock = Clock()
    with pytest.raises(AwsError, match=r"^/hallmark/x/stable: expected ami-1 within 300 s, got ami-0; AWS"):
        wait_for_channel(aws.ssm, "/hallmark/x/stable", "ami-1", now=clock.now, sleep=clock.sleep)
