"""The candidate on AWS: an AMI registered from the root volume's snapshot. It is the outer stack's, and it stays.

What the base decides (architecture, boot mode, root device) is copied from it; all else is said here, so that nothing
is left to an account's defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from hallmark.aws_base import BaseAmi, check_base

TOKEN = "hallmark:index:GoldenAmi"  # noqa: S105 -- a type's name
_NAME_LIMIT = 128


@dataclass(frozen=True, kw_only=True)
class GoldenAmiArgs:
    """The recipe, the base that was built on, the root snapshot with its fingerprint and build, and lasting tags."""

    recipe: str
    base: BaseAmi
    root_snapshot: pulumi.Input[str]
    root_gib: pulumi.Input[int]
    fingerprint: pulumi.Input[str]
    build: pulumi.Input[str]
    tags: Mapping[str, pulumi.Input[str]]


class GoldenAmi(pulumi.ComponentResource):
    """An AMI that consumers cannot use yet: it has no status tag until its release."""

    ami: pulumi.Output[str]

    def __init__(self, name: str, args: GoldenAmiArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TOKEN, name, None, opts)
        base = args.base
        check_base(base)
        image = aws.ec2.Ami(
            f"{name}-ami",
            name=pulumi.Output.all(args.fingerprint, args.build).apply(lambda both: ami_name(args.recipe, *both)),
            description=f"Hallmark: {args.recipe}, on {base.name}"[:255],
            architecture=base.architecture,
            boot_mode=base.boot_mode,
            root_device_name=base.root_device,
            virtualization_type="hvm",
            ena_support=True,
            sriov_net_support="simple",
            imds_support="v2.0",
            tpm_support="v2.0" if base.tpm and base.boot_mode == "uefi" else None,
            # Encrypted as the snapshot is; the provider refuses to be told again.
            ebs_block_devices=[
                aws.ec2.AmiEbsBlockDeviceArgs(
                    device_name=base.root_device,
                    snapshot_id=args.root_snapshot,
                    volume_type="gp3",
                    volume_size=args.root_gib,
                    delete_on_termination=True,
                )
            ],
            tags=dict(args.tags),
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True),
        )
        self.ami = image.id
        self.register_outputs({"ami": self.ami})


def ami_name(recipe: str, fingerprint: str, build: str) -> str:
    """An AMI's name, unique in an account and region: recipe, fingerprint, build."""
    return f"hallmark-{recipe[:60]}-{fingerprint[:16]}-{build}"[:_NAME_LIMIT]
