"""The release on AWS: no verdict, no tag; the tag, then the channel, then the proof that it holds the image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.aws.release import AmiRelease, AmiReleaseArgs
from components.aws.resources import Account
from hallmark.common.errors import RejectedError
from tests.support.aws.site import SITE
from tests.support.examples import Project
from tests.support.recorded import AMI, Recorded, declare


def release(folder: Path, *, accepted: object = True) -> tuple[Recorded, Any]:
    def program() -> pulumi.Output[Any]:
        made = AmiRelease(
            "r",
            AmiReleaseArgs(
                recipe="debian-13-server",
                channel="stable",
                ami=AMI,
                accepted=accepted,  # type: ignore[arg-type]
                account=Account(site=SITE, places=Project(folder).places()),
            ),
        )
        return pulumi.Output.all(made.ami, made.parameter)

    return declare(program)


def test_the_tag_comes_first_then_the_channel_then_the_proof_that_it_holds_the_image(tmp_path: Path) -> None:
    recorded, value = release(tmp_path)
    assert recorded.inputs("r-status") == {"resourceId": AMI, "key": "hallmark:status", "value": "released"}
    channel = recorded.inputs("r-channel")
    assert (channel["name"], channel["insecureValue"]) == ("/hallmark/debian-13-server/stable", AMI)
    assert (channel["dataType"], channel["type"]) == ("aws:ec2:image", "String")
    assert "tags" not in channel  # set by a second call, which AWS refuses while it validates the value
    assert "r-status" in recorded.dependencies("r-channel")
    assert "r-channel" in recorded.dependencies("r-channel-read-back")
    assert value == [AMI, "/hallmark/debian-13-server/stable"]


def test_tag_and_channel_survive_the_stack_and_a_newer_image(tmp_path: Path) -> None:
    recorded, _ = release(tmp_path)
    assert recorded.options["r-status"].retainOnDelete
    assert recorded.options["r-channel"].retainOnDelete
    assert recorded.inputs("r-channel")["overwrite"] is True


@pytest.mark.parametrize("accepted", [False, None, "yes"])
def test_without_a_verdict_nothing_is_released(tmp_path: Path, accepted: object) -> None:
    with pytest.raises(RejectedError, match="expected an accepted image, got one without a verdict"):
        release(tmp_path, accepted=accepted)
