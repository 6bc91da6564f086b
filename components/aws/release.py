"""The release on AWS: the status tag that lets consumers launch the AMI, then the channel that leads them to it.

Happens only to an accepted image: `accepted` is the acceptance's own output, so nothing here starts before its verdict.
An older image keeps its tag, and `pulumi destroy` leaves tag and channel as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws.resources import RELEASE_COMPONENT, Account, ChannelReadBack
from hallmark.aws.channel import parameter_name
from hallmark.aws.tags import RELEASED, STATUS
from hallmark.common.errors import RejectedError


@dataclass(frozen=True, kw_only=True)
class AmiReleaseArgs:
    """The AMI that acceptance passed, its verdict, and the channel that is to lead to it."""

    recipe: str
    channel: str
    ami: pulumi.Input[str]
    accepted: pulumi.Input[bool]
    account: Account


class AmiRelease(pulumi.ComponentResource):
    """Status tag, channel, and the proof that the channel leads to the image."""

    ami: pulumi.Output[str]
    parameter: pulumi.Output[str]
    channel: pulumi.Output[str]

    def __init__(self, name: str, args: AmiReleaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(RELEASE_COMPONENT, name, None, opts)
        kept = pulumi.ResourceOptions(parent=self, retain_on_delete=True)
        ami = pulumi.Output.all(args.ami, args.accepted).apply(lambda both: _only_accepted(*both))
        # By its type: aws.ec2.Tag would import the 200 modules beside it, a tenth of an unchanged `up`.
        tag = {"resourceId": ami, "key": STATUS, "value": RELEASED}
        status = pulumi.CustomResource("aws:ec2/tag:Tag", f"{name}-status", tag, kept)
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
            args.account,
            parameter=parameter.name,
            image=ami,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[parameter]),
        )
        self.ami, self.parameter = shown.image, parameter.name
        self.channel = pulumi.Output.from_input(args.channel)
        self.register_outputs({"ami": self.ami, "parameter": self.parameter})


def _only_accepted(ami: str, accepted: object) -> str:
    if accepted is not True:
        raise RejectedError(f"{ami}: expected an accepted image, got one without a verdict; it is not released")
    return ami
