"""IAM policies as data: what the pipeline's role may do, and what a consumer may launch (P7); docs/iam/ comes of it.

The pipeline's rule of thumb: it reads freely in its region (EC2's Describe calls know no resources), it makes things
only with our tag on them, and it changes or removes only what has it. It can pass no role and make no key, key pair,
gateway, endpoint, peering or route. `python -m hallmark.aws_policies FOLDER` writes the documents.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hallmark.aws_tags import MANAGED, RELEASED, STATUS

Document = dict[str, Any]
Statement = dict[str, Any]

_OURS_ASKED = {f"aws:RequestTag/{MANAGED}": "true"}
_OURS_THERE = {f"aws:ResourceTag/{MANAGED}": "true"}

# By who makes the call; a call that several make stands with the first.
READS: dict[str, tuple[str, ...]] = {
    "preflight": (
        "ec2:DescribeAvailabilityZones",
        "ec2:DescribeImages",
        "ec2:DescribeInstanceTypeOfferings",
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeVpcs",
    ),
    "aws.ec2.Vpc and its defaults": (
        "ec2:DescribeNetworkAcls",
        "ec2:DescribeRouteTables",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeVpcAttribute",
    ),
    "aws.ec2.Subnet": ("ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"),
    "aws.ec2.SecurityGroup": ("ec2:DescribeSecurityGroupRules",),
    "aws.ec2.Instance": (
        "ec2:DescribeInstanceAttribute",
        "ec2:DescribeInstanceCreditSpecifications",
        "ec2:DescribeInstanceStatus",
        "ec2:DescribeInstances",
        "ec2:DescribeTags",
        "ec2:DescribeVolumes",
    ),
    "aws.ebs.Snapshot": ("ec2:DescribeSnapshots",),
    "read-back": (
        "ec2:DescribeCarrierGateways",
        "ec2:DescribeEgressOnlyInternetGateways",
        "ec2:DescribeInternetGateways",
        "ec2:DescribeNatGateways",
        "ec2:DescribeTransitGatewayVpcAttachments",
        "ec2:DescribeVpcEndpoints",
        "ec2:DescribeVpcPeeringConnections",
        "ec2:DescribeVpnGateways",
    ),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Where:
    """The account, the region and the ARN of the stack's key."""

    account: str
    region: str
    kms_key: str


def pipeline_policy(where: Where) -> Document:
    """What the role that runs `pulumi up` needs, and no more."""
    in_region = {"aws:RequestedRegion": where.region}
    arn = f"arn:aws:ec2:{where.region}:{where.account}"
    snapshots = f"arn:aws:ec2:{where.region}::snapshot/*"
    images = f"arn:aws:ec2:{where.region}::image/*"
    made = [f"{arn}:{kind}/*" for kind in ("vpc", "subnet", "security-group", "network-acl", "instance", "volume")]
    made += [snapshots, images]
    return _document(
        _allow("Read", sorted(action for group in READS.values() for action in group), "*", StringEquals=in_region),
        _allow("ReadQuota", ["servicequotas:GetServiceQuota"], "*", StringEquals=in_region),
        _allow(
            "MakeTagged",
            ["ec2:CreateNetworkAcl", "ec2:CreateSecurityGroup", "ec2:CreateSubnet", "ec2:CreateVpc"],
            made[:4],
            StringEquals={**in_region, **_OURS_ASKED},
        ),
        _allow(
            "MakeInOurVpc",
            ["ec2:CreateNetworkAcl", "ec2:CreateSecurityGroup", "ec2:CreateSubnet"],
            f"{arn}:vpc/*",
            StringEquals={**in_region, **_OURS_THERE},
        ),
        _allow(
            "RunTagged",
            ["ec2:RunInstances"],
            f"{arn}:volume/*",
            StringEquals={**in_region, **_OURS_ASKED},
        ),
        _allow(
            "RunWithoutRoleOrIdentity",
            ["ec2:RunInstances"],
            f"{arn}:instance/*",
            StringEquals={**in_region, **_OURS_ASKED, "ec2:MetadataHttpTokens": "required"},
            Null={"ec2:InstanceProfile": "true"},
        ),
        _allow(
            "RunWithoutPublicAddress",
            ["ec2:RunInstances"],
            f"{arn}:network-interface/*",
            StringEquals=in_region,
            Bool={"ec2:AssociatePublicIpAddress": "false"},
        ),
        # The dry run before anything is created has no subnet of ours yet, so these are not held to our tag.
        _allow(
            "RunFrom",
            ["ec2:RunInstances"],
            [f"{arn}:security-group/*", f"{arn}:subnet/*", images, snapshots],
            StringEquals=in_region,
        ),
        _allow(
            "SnapshotTagged",
            ["ec2:CreateSnapshot", "ebs:StartSnapshot"],
            snapshots,
            StringEquals={**in_region, **_OURS_ASKED},
        ),
        _allow(
            "SnapshotOurs",
            ["ec2:CreateSnapshot"],
            f"{arn}:volume/*",
            StringEquals={**in_region, **_OURS_THERE},
        ),
        _allow(
            "BlocksOfOurs",
            ["ebs:CompleteSnapshot", "ebs:GetSnapshotBlock", "ebs:ListSnapshotBlocks", "ebs:PutSnapshotBlock"],
            snapshots,
            StringEquals={**in_region, **_OURS_THERE},
        ),
        _allow("RegisterTagged", ["ec2:RegisterImage"], images, StringEquals={**in_region, **_OURS_ASKED}),
        _allow("RegisterFromOurs", ["ec2:RegisterImage"], snapshots, StringEquals={**in_region, **_OURS_THERE}),
        _allow(
            "TagWhatIsMade",
            ["ec2:CreateTags"],
            made,
            StringEquals={
                **in_region,
                **_OURS_ASKED,
                "ec2:CreateAction": [
                    "CreateNetworkAcl",
                    "CreateSecurityGroup",
                    "CreateSnapshot",
                    "CreateSubnet",
                    "CreateVpc",
                    "RegisterImage",
                    "RunInstances",
                    "StartSnapshot",
                ],
            },
        ),
        # Not while it is made: the AMI's tags and status, the default group's tags. Only on what is ours already, or
        # with our tag on something that belongs to our VPC.
        _allow("TagOurs", ["ec2:CreateTags"], [*made[:4], images], StringEquals={**in_region, **_OURS_THERE}),
        _allow(
            "TagDefaultGroup",
            ["ec2:CreateTags"],
            f"{arn}:security-group/*",
            StringEquals={**in_region, **_OURS_ASKED},
        ),
        _allow(
            "ChangeAndRemoveOurs",
            [
                "ec2:DeleteNetworkAcl",
                "ec2:DeleteSecurityGroup",
                "ec2:DeleteSnapshot",
                "ec2:DeleteSubnet",
                "ec2:DeleteVolume",
                "ec2:DeleteVpc",
                "ec2:GetConsoleOutput",
                "ec2:ModifyInstanceAttribute",
                "ec2:ModifySubnetAttribute",
                "ec2:ModifyVpcAttribute",
                "ec2:ReplaceNetworkAclAssociation",
                # Of the default group too: aws.ec2.DefaultSecurityGroup tags it first, then empties it
                # (terraform-provider-aws, internal/service/ec2/vpc_default_security_group.go, …GroupCreate).
                "ec2:RevokeSecurityGroupEgress",
                "ec2:RevokeSecurityGroupIngress",
                "ec2:StopInstances",
                "ec2:TerminateInstances",
            ],
            made[:7],
            StringEquals={**in_region, **_OURS_THERE},
        ),
        _allow(
            "Channel",
            [
                "ssm:AddTagsToResource",
                "ssm:GetParameter",
                "ssm:GetParameters",
                "ssm:ListTagsForResource",
                "ssm:PutParameter",
            ],
            f"arn:aws:ssm:{where.region}:{where.account}:parameter/hallmark/*",
        ),
        _allow("FindChannels", ["ssm:DescribeParameters"], "*", StringEquals=in_region),
        _allow("LookAtKey", ["kms:DescribeKey"], where.kms_key),
        _allow(
            "UseKey",
            ["kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncrypt*"],
            where.kms_key,
        ),
        _allow("LendKeyToEbs", ["kms:CreateGrant"], where.kms_key, Bool={"kms:GrantIsForAWSResource": "true"}),
        # Whatever else the role is given: while it builds, nothing opens a network.
        _deny(
            "NothingLeadsOut",
            [
                "ec2:AcceptVpcPeeringConnection",
                "ec2:AllocateAddress",
                "ec2:AssociateAddress",
                "ec2:AssociateIamInstanceProfile",
                "ec2:AttachInternetGateway",
                "ec2:AttachVpnGateway",
                "ec2:AuthorizeSecurityGroupEgress",
                "ec2:AuthorizeSecurityGroupIngress",
                "ec2:CreateEgressOnlyInternetGateway",
                "ec2:CreateNatGateway",
                "ec2:CreateNetworkAclEntry",
                "ec2:CreateRoute",
                "ec2:CreateTransitGatewayVpcAttachment",
                "ec2:CreateVpcEndpoint",
                "ec2:CreateVpcPeeringConnection",
                "ec2:ReplaceNetworkAclEntry",
                "ec2:ReplaceRoute",
                "iam:PassRole",
            ],
            "*",
        ),
    )


def consumer_policy(where: Where) -> Document:
    """P7: launch only AMIs whose status tag says released, and have no way to give that tag, or an untagged image."""
    arn = f"arn:aws:ec2:{where.region}:{where.account}"
    images = f"arn:aws:ec2:{where.region}::image/*"
    parts = ("instance", "key-pair", "launch-template", "network-interface", "security-group", "subnet", "volume")
    status = {f"aws:ResourceTag/{STATUS}": RELEASED}
    return _document(
        _allow("LaunchReleased", ["ec2:RunInstances"], images, StringEquals=status),
        _allow("LaunchParts", ["ec2:RunInstances"], [f"{arn}:{part}/*" for part in parts]),
        _allow("FindImages", ["ec2:DescribeImages"], "*", StringEquals={"aws:RequestedRegion": where.region}),
        _allow(
            "FollowChannels",
            ["ssm:GetParameter", "ssm:GetParameters"],
            f"arn:aws:ssm:{where.region}:{where.account}:parameter/hallmark/*",
        ),
        _deny("NothingElse", ["ec2:RunInstances"], "arn:aws:ec2:*::image/*", StringNotEquals=status),
        _deny(
            "NoStampOfOnesOwn",
            ["ec2:CreateTags", "ec2:DeleteTags"],
            "arn:aws:ec2:*::image/*",
            **{"ForAnyValue:StringEquals": {"aws:TagKeys": [STATUS]}},
        ),
        _deny("NoImageOfOnesOwn", ["ec2:CopyImage", "ec2:CreateImage", "ec2:ImportImage", "ec2:RegisterImage"], "*"),
    )


EXAMPLE = Where(
    account="111122223333",
    region="eu-central-1",
    kms_key="arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-0000-0000-000000000000",
)


def documents(where: Where = EXAMPLE) -> dict[str, str]:
    """File name → text of the documents in docs/iam/."""
    made = {"pipeline.json": pipeline_policy(where), "consumer.json": consumer_policy(where)}
    return {name: json.dumps(document, indent=2) + "\n" for name, document in made.items()}


def _document(*statements: Statement) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _allow(sid: str, actions: list[str], resource: str | list[str], **condition: Any) -> Statement:
    return _statement("Allow", sid, actions, resource, condition)


def _deny(sid: str, actions: list[str], resource: str | list[str], **condition: Any) -> Statement:
    return _statement("Deny", sid, actions, resource, condition)


def _statement(effect: str, sid: str, actions: list[str], resource: str | list[str], condition: Any) -> Statement:
    statement = {"Sid": sid, "Effect": effect, "Action": actions, "Resource": resource}
    return {**statement, "Condition": condition} if condition else statement


if __name__ == "__main__":
    for file_name, content in documents().items():
        Path(sys.argv[1], file_name).write_text(content)
