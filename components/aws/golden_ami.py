"""The candidate on AWS: an AMI registered from the root volume's snapshot. It is the outer stack's, and it stays.

Registered by our own driver (hallmark/aws/images.py), not as `aws.ec2.Ami`: docs/adr/0012 says why.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.aws.resources import AMI_COMPONENT, Account, AmiBuild, AmiRegistration


@dataclass(frozen=True, kw_only=True)
class GoldenAmiArgs:
    """The recipe, the build whose root snapshot it is made of, and where."""

    recipe: str
    build: AmiBuild
    account: Account


class GoldenAmi(pulumi.ComponentResource):
    """An AMI that consumers cannot use yet: it has no status tag until its release."""

    ami: pulumi.Output[str]

    def __init__(self, name: str, args: GoldenAmiArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(AMI_COMPONENT, name, None, opts)
        registered = AmiRegistration(f"{name}-registration", args.recipe, args.build, args.account, self)
        self.ami = registered.ami
        self.register_outputs({"ami": self.ami})
