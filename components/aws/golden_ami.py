"""The candidate on AWS: an AMI registered from the root volume's snapshot. It is the outer stack's, and it stays.

Registered by our own driver (hallmark/aws/images.py), not as `aws.ec2.Ami`: docs/adr/0012 says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi

from components.aws_providers import AMI_COMPONENT, AmiBuild, AmiRegistration

if TYPE_CHECKING:
    from hallmark.aws.site import Site


@dataclass(frozen=True, kw_only=True)
class GoldenAmiArgs:
    """The recipe, the build whose root snapshot it is made of, and where."""

    recipe: str
    build: AmiBuild
    site: Site
    places: str


class GoldenAmi(pulumi.ComponentResource):
    """An AMI that consumers cannot use yet: it has no status tag until its release."""

    ami: pulumi.Output[str]

    def __init__(self, name: str, args: GoldenAmiArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(AMI_COMPONENT, name, None, opts)
        registered = AmiRegistration(f"{name}-registration", args.recipe, args.build, args.site, args.places, self)
        self.ami = registered.ami
        self.register_outputs({"ami": self.ami})
