"""Who makes which calls, and where that is known from: what the policies in aws_policies.py rest on.

Of the provider's resource types: the calls that they make with the inputs that our programs give them, read in the
source of terraform-provider-aws, which pulumi-aws wraps. Of our own modules: the calls that stand in them; a test holds
the two to each other. Actions have IAM's names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

PINNED = "7.51.1"
"""The version of pulumi-aws in requirements.in (October 2026)."""

NO_PERMISSION_NEEDED = frozenset({"sts:GetCallerIdentity"})
"""Calls that AWS always allows."""

_UPSTREAM, _FORK = "hashicorp/terraform-provider-aws", "zongruxie4/terraform-provider-aws"
_EC2 = "internal/service/ec2/"


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A file at a commit of a public repository, and what its text says of its age."""

    repository: str
    commit: str
    path: str
    age: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Resource:
    """A resource type, by what is done with it. `beyond`: calls that it makes for what our programs do not have."""

    name: str
    source: Source
    create: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    update: tuple[str, ...] = ()
    delete: tuple[str, ...] = ()
    beyond: str = field(default="")

    @property
    def actions(self) -> frozenset[str]:
        """All of them."""
        return frozenset((*self.create, *self.read, *self.update, *self.delete))


PROVIDER = (
    Resource(
        name="aws.Provider",
        source=Source(
            repository=_UPSTREAM,
            commit="02fe3b283b48",
            path="internal/conns/config.go",
            age="version 5 (Go SDK v1 and v2)",
        ),
        read=("sts:GetCallerIdentity",),
        beyond="The region is looked up in a list, without a call; nothing asks for an account's platforms any more. "
        "Roles to assume need `sts:AssumeRole` of whoever assumes them.",
    ),
    Resource(
        name="aws.ec2.Vpc",
        source=Source(repository=_FORK, commit="036145e298f1", path=f"{_EC2}vpc_.go", age="6.40.1 or later, 2026"),
        create=("ec2:CreateVpc", "ec2:CreateTags", "ec2:DescribeVpcs", "ec2:ModifyVpcAttribute"),
        read=(
            "ec2:DescribeVpcs",
            "ec2:DescribeVpcAttribute",
            "ec2:DescribeNetworkAcls",
            "ec2:DescribeRouteTables",
            "ec2:DescribeSecurityGroups",
        ),
        delete=("ec2:DeleteVpc", "ec2:DescribeVpcs"),
        beyond="After a DependencyViolation it looks for endpoints and groups of GuardDuty and deletes them; where it "
        "may not, it warns and goes on.",
    ),
    Resource(
        name="aws.ec2.DefaultSecurityGroup",
        source=Source(
            repository=_UPSTREAM, commit="01f431114674", path=f"{_EC2}vpc_default_security_group.go", age="version 6"
        ),
        create=(
            "ec2:DescribeSecurityGroups",
            "ec2:CreateTags",
            "ec2:DescribeSecurityGroupRules",
            "ec2:RevokeSecurityGroupEgress",
            "ec2:RevokeSecurityGroupIngress",
        ),
        read=("ec2:DescribeSecurityGroups",),
        beyond="It tags the group first and empties it then. Its deletion is no call.",
    ),
    Resource(
        name="aws.ec2.SecurityGroup",
        source=Source(
            repository=_UPSTREAM, commit="01606926a0c0", path=f"{_EC2}vpc_security_group.go", age="6.7.0 or later"
        ),
        create=(
            "ec2:CreateSecurityGroup",
            "ec2:CreateTags",
            "ec2:DescribeSecurityGroups",
            "ec2:RevokeSecurityGroupEgress",
        ),
        read=("ec2:DescribeSecurityGroups",),
        delete=("ec2:DescribeNetworkInterfaces", "ec2:DeleteSecurityGroup", "ec2:DescribeSecurityGroups"),
        beyond="Rules would be authorized, which is denied. Interfaces that Lambda and others left would be detached "
        "and deleted.",
    ),
    Resource(
        name="aws.ec2.Subnet",
        source=Source(
            repository=_FORK, commit="036145e298f1", path=f"{_EC2}vpc_subnet.go", age="6.40.1 or later, 2026"
        ),
        create=("ec2:CreateSubnet", "ec2:CreateTags", "ec2:DescribeSubnets"),
        read=("ec2:DescribeSubnets",),
        delete=("ec2:DescribeSubnets", "ec2:DescribeNetworkInterfaces", "ec2:DeleteSubnet"),
        beyond="ModifySubnetAttribute only for what is to differ from a new subnet's own values.",
    ),
    Resource(
        name="aws.ec2.NetworkAcl",
        source=Source(repository=_UPSTREAM, commit="0620f2a6a126", path=f"{_EC2}vpc_network_acl.go", age="version 5"),
        create=("ec2:CreateNetworkAcl", "ec2:CreateTags"),
        read=("ec2:DescribeNetworkAcls",),
        delete=("ec2:DescribeNetworkAcls", "ec2:ReplaceNetworkAclAssociation", "ec2:DeleteNetworkAcl"),
        beyond="Entries would be created, which is denied.",
    ),
    Resource(
        name="aws.ec2.NetworkAclAssociation",
        source=Source(
            repository=_UPSTREAM, commit="044fb3171c30", path=f"{_EC2}vpc_network_acl_association.go", age="version 5"
        ),
        create=("ec2:DescribeNetworkAcls", "ec2:ReplaceNetworkAclAssociation"),
        read=("ec2:DescribeNetworkAcls",),
        delete=("ec2:DescribeNetworkAcls", "ec2:ReplaceNetworkAclAssociation"),
        beyond="Its deletion gives the subnet back to the VPC's default ACL, which has no tag of ours.",
    ),
    Resource(
        name="aws.ec2.Instance",
        source=Source(
            repository=_FORK,
            commit="19bdae64587d",
            path=f"{_EC2}ec2_instance.go",
            age="version 6, with secondary interfaces",
        ),
        create=("ec2:DescribeImages", "ec2:RunInstances", "ec2:CreateTags", "ec2:DescribeInstances"),
        read=(
            "ec2:DescribeInstances",
            "ec2:DescribeInstanceTypes",
            "ec2:DescribeTags",
            "ec2:DescribeVolumes",
            "ec2:DescribeVpcs",
            "ec2:DescribeInstanceAttribute",
            "ec2:DescribeInstanceCreditSpecifications",
        ),
        delete=("ec2:TerminateInstances", "ec2:DescribeInstances"),
        beyond="An instance of ours is never updated, so nothing modifies, stops or starts it.",
    ),
    Resource(
        name="aws.ebs.Snapshot",
        source=Source(repository=_UPSTREAM, commit="011a8eed43ed", path=f"{_EC2}ebs_snapshot.go", age="version 5"),
        create=("ec2:CreateSnapshot", "ec2:CreateTags", "ec2:DescribeSnapshots"),
        read=("ec2:DescribeSnapshots",),
        delete=("ec2:DeleteSnapshot",),
        beyond="Tiers would be modified.",
    ),
)

_NETWORK_READS = (
    "ec2:DescribeCarrierGateways",
    "ec2:DescribeEgressOnlyInternetGateways",
    "ec2:DescribeInternetGateways",
    "ec2:DescribeNatGateways",
    "ec2:DescribeNetworkAcls",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeTransitGatewayVpcAttachments",
    "ec2:DescribeVpcAttribute",
    "ec2:DescribeVpcEndpoints",
    "ec2:DescribeVpcPeeringConnections",
    "ec2:DescribeVpcs",
    "ec2:DescribeVpnGateways",
)

OWN: Mapping[str, tuple[str, ...]] = {
    "hallmark/aws/base.py": ("ec2:DescribeImages",),
    # For data type `aws:ec2:image` SSM describes the image in the caller's name (ec2:DescribeImages).
    "hallmark/aws/channel.py": ("ec2:CreateTags", "ssm:GetParameter", "ssm:GetParametersByPath", "ssm:PutParameter"),
    "hallmark/aws/evidence.py": ("s3:DeleteObject", "s3:GetObject", "s3:ListBucket", "s3:PutObject"),
    "hallmark/aws/images.py": (
        "ec2:CreateSnapshot",
        "ec2:CreateTags",
        "ec2:DeleteTags",
        "ec2:DescribeImages",
        "ec2:DescribeSnapshots",
        "ec2:RegisterImage",
    ),
    "hallmark/aws/isolation.py": _NETWORK_READS,
    "hallmark/aws/leftovers.py": (
        "ec2:DescribeImages",
        "ec2:DescribeInstances",
        "ec2:DescribeNetworkAcls",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSnapshots",
        "ec2:DescribeSubnets",
        "ec2:DescribeTags",
        "ec2:DescribeVolumes",
        "ec2:DescribeVpcs",
    ),
    "hallmark/aws/preflight.py": (
        "ec2:DescribeAvailabilityZones",
        "ec2:DescribeInstanceTypeOfferings",
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeVpcs",
        "ec2:RunInstances",
        "kms:DescribeKey",
        "servicequotas:GetServiceQuota",
        "sts:GetCallerIdentity",
    ),
    "hallmark/aws/run.py": ("ec2:GetConsoleOutput",),
    "hallmark/aws/sweep.py": (
        "ec2:DeleteNetworkAcl",
        "ec2:DeleteNetworkInterface",
        "ec2:DeleteSecurityGroup",
        "ec2:DeleteSnapshot",
        "ec2:DeleteSubnet",
        "ec2:DeleteVolume",
        "ec2:DeleteVpc",
        "ec2:DescribeInstances",
        "ec2:RevokeSecurityGroupEgress",
        "ec2:RevokeSecurityGroupIngress",
        "ec2:TerminateInstances",
    ),
    "hallmark/aws/wait.py": ("ec2:DescribeInstances", "ec2:GetConsoleOutput", "ec2:StopInstances"),
    "hallmark/aws/ebs/upload.py": ("ebs:CompleteSnapshot", "ebs:StartSnapshot"),
    "hallmark/aws/ebs/download.py": ("ebs:GetSnapshotBlock", "ebs:ListSnapshotBlocks"),
    "hallmark/aws/ebs/snapshots.py": ("ec2:DeleteSnapshot", "ec2:DescribeSnapshots"),
    "hallmark/aws/ebs/wire.py": ("ebs:PutSnapshotBlock",),
}
"""Our own modules → the calls in them."""

IMPLIED: Mapping[str, tuple[str, ...]] = {
    "tags given in a creating call": ("ec2:CreateTags",),
    "EC2 and EBS, which use the stack's key in the caller's name": (
        "kms:CreateGrant",
        "kms:Decrypt",
        "kms:GenerateDataKey",
        "kms:GenerateDataKeyWithoutPlaintext",
        "kms:ReEncrypt*",
    ),
}
"""What AWS asks for besides the call itself: the occasion → what."""


def needed_actions() -> frozenset[str]:
    """Every action that a permission is needed for."""
    groups: Iterable[Iterable[str]] = (*(one.actions for one in PROVIDER), *OWN.values(), *IMPLIED.values())
    return frozenset(action for group in groups for action in group) - NO_PERMISSION_NEEDED
