"""Who makes which calls, and where that is known from: what the policies in policies.py rest on.

provider.toml has the calls of the provider's resource types, OWN those of our own modules; a test holds OWN to the
modules. Actions have IAM's names.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

PINNED = "7.51.1"
"""The version of pulumi-aws in requirements.in (October 2026)."""

NO_PERMISSION_NEEDED = frozenset({"sts:GetCallerIdentity"})
"""Calls that AWS always allows."""


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
    beyond: str = ""

    @property
    def actions(self) -> frozenset[str]:
        """All of them."""
        return frozenset((*self.create, *self.read, *self.update, *self.delete))


def _provider() -> tuple[Resource, ...]:
    rows = tomllib.loads(Path(__file__).with_name("provider.toml").read_text())["resource"]
    return TypeAdapter(tuple[Resource, ...]).validate_python(rows)


PROVIDER = _provider()
"""What the provider's resource types call: provider.toml."""

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
    "hallmark/aws/channel.py": ("ssm:GetParameter", "ssm:GetParametersByPath"),
    "hallmark/aws/evidence.py": ("s3:DeleteObject", "s3:GetObject", "s3:ListBucket", "s3:PutObject"),
    "hallmark/aws/images.py": (
        "ec2:CreateSnapshot",
        "ec2:CreateTags",
        "ec2:DeleteTags",
        "ec2:DescribeImages",
        "ec2:DescribeSnapshots",
        "ec2:RegisterImage",
    ),
    "hallmark/aws/guard_duty.py": (
        "ec2:DeleteSecurityGroup",
        "ec2:DeleteVpcEndpoints",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeVpcEndpoints",
        "ec2:DescribeVpcs",
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
        "ec2:DescribeInstances",
        "ec2:DescribeVpcs",
        "ec2:RunInstances",
        "kms:DescribeKey",
        "servicequotas:GetServiceQuota",
        "sts:GetCallerIdentity",
    ),
    "hallmark/aws/session.py": ("sts:GetCallerIdentity",),
    "hallmark/aws/machines.py": ("ec2:GetConsoleOutput",),
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
    "hallmark/aws/own_base.py": ("ec2:DescribeImages",),
    "hallmark/aws/ebs/upload.py": ("ebs:CompleteSnapshot", "ebs:PutSnapshotBlock", "ebs:StartSnapshot"),
    "hallmark/aws/ebs/download.py": ("ebs:GetSnapshotBlock", "ebs:ListSnapshotBlocks"),
    "hallmark/aws/ebs/snapshots.py": ("ec2:DeleteSnapshot", "ec2:DescribeSnapshots"),
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
