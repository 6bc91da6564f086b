"""The release on AWS: the status tag that lets consumers launch the AMI, then the channel that leads them to it.

Happens only to an accepted image: `accepted` is the acceptance's own output, so nothing here starts before its verdict.
An older image keeps its tag, and `pulumi destroy` leaves tag and channel as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws_read_back import ChannelReadBack
from hallmark.aws_settings import AwsSettings
from hallmark.aws_tags import RELEASED, STATUS
from hallmark.errors import RejectedError

TOKEN = "hallmark:index:AmiRelease"  # noqa: S105 -- a type's name


@dataclass(frozen=True, kw_only=True)
class AmiReleaseArgs:
    """The AMI that acceptance passed, its verdict, and the channel that is to lead to it."""

    recipe: str
    channel: str
    ami: pulumi.Input[str]
    accepted: pulumi.Input[bool]
    settings: AwsSettings


class AmiRelease(pulumi.ComponentResource):
    """Status tag, channel, and the proof that the channel leads to the image."""

    ami: pulumi.Output[str]
    parameter: pulumi.Output[str]
    channel: str

    def __init__(self, name: str, args: AmiReleaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TOKEN, name, None, opts)
        kept = pulumi.ResourceOptions(parent=self, retain_on_delete=True)
        ami = pulumi.Output.all(args.ami, args.accepted).apply(lambda both: _only_accepted(*both))
        status = aws.ec2.Tag(f"{name}-status", resource_id=ami, key=STATUS, value=RELEASED, opts=kept)
        parameter = aws.ssm.Parameter(
            f"{name}-channel",
            name=parameter_name(args.recipe, args.channel),
            description=f"Hallmark: the released AMI of {args.recipe}, channel {args.channel}",
            type=aws.ssm.ParameterType.STRING,
            data_type="aws:ec2:image",
            insecure_value=ami,
            # A channel outlives the stack that made it; the next stack takes it over. No tags: the provider would set
            # them in a call of its own, which a parameter that AWS is still validating refuses. Its path says enough.
            overwrite=True,
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True, depends_on=[status]),
        )
        shown = ChannelReadBack(
            f"{name}-channel-read-back",
            parameter=parameter.name,
            image=ami,
            settings=args.settings,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[parameter]),
        )
        self.ami, self.parameter, self.channel = shown.image, parameter.name, args.channel
        self.register_outputs({"ami": self.ami, "parameter": self.parameter})


def parameter_name(recipe: str, channel: str) -> str:
    """The channel's name in the parameter store."""
    return f"/hallmark/{recipe}/{channel}"


def _only_accepted(ami: str, accepted: object) -> str:
    if accepted is not True:
        raise RejectedError(f"{ami}: expected an accepted image, got one without a verdict; it is not released")
    return ami
