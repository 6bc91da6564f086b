"""The release on AWS: no verdict, no tag; the tag, then the channel, then the proof that it holds the image."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.aws_release import AmiRelease, AmiReleaseArgs
from hallmark.aws_settings import AwsSettings
from hallmark.errors import RejectedError
from tests.components.recorded import AMI, Recorded, declare

SETTINGS = AwsSettings(region="eu-central-1")


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
            ),
        )
        return pulumi.Output.all(made.ami, made.parameter)

    return declare(program)


def test_the_tag_comes_first_then_the_channel_then_the_proof_that_it_holds_the_image() -> None:
    recorded, value = release()
    assert recorded.inputs("r-status") == {"resourceId": AMI, "key": "hallmark:status", "value": "released"}
    channel = recorded.inputs("r-channel")
    assert (channel["name"], channel["insecureValue"]) == ("/hallmark/debian-13-server/stable", AMI)
    assert (channel["dataType"], channel["type"]) == ("aws:ec2:image", "String")
    assert "tags" not in channel  # set by a second call, which AWS refuses while it validates the value
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
