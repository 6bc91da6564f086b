"""IAM policies as data: what the pipeline's role may do; docs/iam/ comes of it, with what consumers may (P7).

The pipeline's rule of thumb: it reads freely in its region (EC2's Describe calls know no resources), it makes things
only with our tag on them, and it changes or removes only what has it. It can pass no role and make no key, key pair,
gateway, endpoint, peering or route. Which calls need what, and how that is known, stands in actions.py.
`make docs` writes the documents.
"""

from __future__ import annotations

import json
from typing import Any

from hallmark.aws.tags import MANAGED, STATUS
from tools.iam.actions import needed_actions
from tools.iam.consumers import consumer_policy
from tools.iam.documents import Document, Statement, Where, allow, deny, document, lend_key
from tools.iam.key import key_policy
from tools.iam.page import describe_actions

VERDICT_TAGS = ("hallmark:acceptance", "hallmark:verdict")
"""What acceptance writes on an image, and `hallmark retry` takes away again."""

_OURS_ASKED = {f"aws:RequestTag/{MANAGED}": "true"}
_OURS_THERE = {f"aws:ResourceTag/{MANAGED}": "true"}


def pipeline_policy(where: Where) -> Document:
    """What the role that runs `pulumi up` needs, and no more."""
    return document(
        allow("Read", _reads(), "*", StringEquals=where.conditions),
        *_network(where),
        *_machine(where),
        *_disks(where),
        *_image(where),
        *_tags(where),
        _removal(where),
        # What GuardDuty puts into our VPCs has its tag, and no condition knows the VPC of an endpoint.
        allow(
            "RemoveGuardDutys",
            ["ec2:DeleteSecurityGroup", "ec2:DeleteVpcEndpoints"],
            where.all("security-group", "vpc-endpoint"),
            StringEquals={**where.conditions, "aws:ResourceTag/GuardDutyManaged": "true"},
        ),
        *_channel_and_evidence(where),
        *_key(where),
        _nothing_leads_out(),
    )


def _reads() -> list[str]:
    """The calls that only look, and know no resource that could be named."""
    looking = ("ec2:Describe", "servicequotas:Get", "ssm:Describe")
    return sorted(action for action in needed_actions() if action.startswith(looking))


def _network(where: Where) -> list[Statement]:
    region, vpcs = where.conditions, where.all("vpc")
    return [
        allow(
            "MakeTagged",
            ["ec2:CreateNetworkAcl", "ec2:CreateSecurityGroup", "ec2:CreateSubnet", "ec2:CreateVpc"],
            where.all("network-acl", "security-group", "subnet", "vpc"),
            StringEquals={**region, **_OURS_ASKED},
        ),
        allow(
            "MakeInOurVpc",
            ["ec2:CreateNetworkAcl", "ec2:CreateSecurityGroup", "ec2:CreateSubnet"],
            vpcs,
            StringEquals={**region, **_OURS_THERE},
        ),
        # A subnet of ours may get any ACL: at its end the provider gives it back to the VPC's default one, which has
        # no tag. Which one it has while a machine runs, the read-back proves.
        allow("AssociateAcl", ["ec2:ReplaceNetworkAclAssociation"], where.all("network-acl"), StringEquals=region),
        # The rule is asked for by its id where a group is emptied; the group besides must be ours.
        allow(
            "RevokeRules",
            ["ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress"],
            where.all("security-group-rule"),
            StringEquals=region,
        ),
    ]


def _machine(where: Where) -> list[Statement]:
    region, run = where.conditions, ["ec2:RunInstances"]
    return [
        allow("RunTagged", run, where.all("volume"), StringEquals={**region, **_OURS_ASKED}),
        allow(
            "RunWithoutRoleOrIdentity",
            run,
            where.all("instance"),
            StringEquals={**region, **_OURS_ASKED, "ec2:MetadataHttpTokens": "required"},
            NumericEquals={"ec2:MetadataHttpPutResponseHopLimit": "1"},
            Null={"ec2:InstanceProfile": "true"},
        ),
        allow(
            "RunWithoutPublicAddress",
            run,
            where.all("network-interface"),
            StringEquals=region,
            Bool={"ec2:AssociatePublicIpAddress": "false"},
        ),
        # The dry run before anything is created has no subnet of ours yet, so these are not held to our tag.
        allow(
            "RunFrom",
            run,
            [*where.all("security-group", "subnet"), where.images, where.snapshots],
            StringEquals=region,
        ),
    ]


def _disks(where: Where) -> list[Statement]:
    region = where.conditions
    return [
        allow(
            "SnapshotTagged",
            ["ebs:StartSnapshot", "ec2:CreateSnapshot"],
            where.snapshots,
            StringEquals={**region, **_OURS_ASKED},
        ),
        allow("SnapshotOurs", ["ec2:CreateSnapshot"], where.all("volume"), StringEquals={**region, **_OURS_THERE}),
        allow(
            "BlocksOfOurs",
            ["ebs:CompleteSnapshot", "ebs:GetSnapshotBlock", "ebs:ListSnapshotBlocks", "ebs:PutSnapshotBlock"],
            where.snapshots,
            StringEquals={**region, **_OURS_THERE},
        ),
    ]


def _image(where: Where) -> list[Statement]:
    region, register = where.conditions, ["ec2:RegisterImage"]
    return [
        allow("RegisterTagged", register, where.images, StringEquals={**region, **_OURS_ASKED}),
        allow("RegisterFromOurs", register, where.snapshots, StringEquals={**region, **_OURS_THERE}),
    ]


def _tags(where: Where) -> list[Statement]:
    region, stamps = where.conditions, [*VERDICT_TAGS, STATUS]
    kinds = ("instance", "network-acl", "security-group", "subnet", "volume", "vpc")
    making = [f"Create{what}" for what in ("NetworkAcl", "SecurityGroup", "Subnet", "Vpc")]
    return [
        allow(
            "TagWhatIsMade",
            ["ec2:CreateTags"],
            [*where.all(*kinds), where.images],
            StringEquals={
                **region,
                **_OURS_ASKED,
                "ec2:CreateAction": [*making, "RegisterImage", "RunInstances"],
            },
        ),
        # Not held to a `CreateAction`: StartSnapshot is of EBS direct, for which AWS documents none, and AWS's own
        # policies (AWSBackupServiceRolePolicyForRestores) hold it to tags alone.
        allow("TagSnapshots", ["ec2:CreateTags"], where.snapshots, StringEquals={**region, **_OURS_ASKED}),
        # A VPC's default group is made without tags.
        allow(
            "TagDefaultGroup",
            ["ec2:CreateTags"],
            where.all("security-group"),
            StringEquals={**region, **_OURS_ASKED},
        ),
        allow("StampOurs", ["ec2:CreateTags"], where.images, **_only_tags(region, stamps)),
        allow("RetryOurs", ["ec2:DeleteTags"], where.images, **_only_tags(region, VERDICT_TAGS)),
        # Whatever else the role is given, and never while an image is registered: it has no tags then.
        deny(
            "ReleaseOnlyOurs",
            ["ec2:CreateTags"],
            "*",
            StringNotEquals=_OURS_THERE,
            **{"ForAnyValue:StringEquals": {"aws:TagKeys": [STATUS]}},
        ),
    ]


def _only_tags(region: dict[str, str], keys: Any) -> dict[str, Any]:
    """On what is ours, these tags and no others; a call that names none would pass ForAllValues, and means all."""
    return {
        "StringEquals": {**region, **_OURS_THERE},
        "ForAllValues:StringEquals": {"aws:TagKeys": list(keys)},
        "Null": {"aws:TagKeys": "false"},
    }


def _removal(where: Where) -> Statement:
    kinds = ("instance", "network-acl", "network-interface", "security-group", "subnet", "volume", "vpc")
    return allow(
        "ChangeAndRemoveOurs",
        [
            "ec2:DeleteNetworkAcl",
            "ec2:DeleteNetworkInterface",
            "ec2:DeleteSecurityGroup",
            "ec2:DeleteSnapshot",
            "ec2:DeleteSubnet",
            "ec2:DeleteVolume",
            "ec2:DeleteVpc",
            "ec2:GetConsoleOutput",
            "ec2:ModifyVpcAttribute",
            "ec2:ReplaceNetworkAclAssociation",
            "ec2:RevokeSecurityGroupEgress",
            "ec2:RevokeSecurityGroupIngress",
            "ec2:StopInstances",
            "ec2:TerminateInstances",
        ],
        [*where.all(*kinds), where.snapshots],
        StringEquals={**where.conditions, **_OURS_THERE},
    )


def _channel_and_evidence(where: Where) -> list[Statement]:
    bucket = f"arn:{where.partition}:s3:::{where.bucket}"
    return [
        allow(
            "Channel",
            ["ssm:GetParameter", "ssm:GetParametersByPath", "ssm:ListTagsForResource", "ssm:PutParameter"],
            where.parameters,
        ),
        allow(
            "Evidence",
            ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
            f"{bucket}/*",
        ),
        allow("FindEvidence", ["s3:ListBucket"], bucket),
    ]


def _key(where: Where) -> list[Statement]:
    via = where.via("ebs", "ec2")
    return [
        allow("LookAtKey", ["kms:DescribeKey"], where.kms_key),
        allow(
            "UseKeyForDisks",
            ["kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncrypt*"],
            where.kms_key,
            StringEquals=via,
        ),
        lend_key(where, via),
        # A bucket may encrypt with this key by default (SSE-KMS).
        allow("UseKeyForEvidence", ["kms:Decrypt", "kms:GenerateDataKey"], where.kms_key, StringEquals=where.via("s3")),
    ]


def _nothing_leads_out() -> Statement:
    """That the role opens no network, whatever else it is given."""
    return deny(
        "NothingLeadsOut",
        [
            "ec2:AcceptVpcPeeringConnection",
            "ec2:AllocateAddress",
            "ec2:AssociateAddress",
            "ec2:AssociateIamInstanceProfile",
            "ec2:AttachInternetGateway",
            "ec2:AttachNetworkInterface",
            "ec2:AttachVpnGateway",
            "ec2:AuthorizeSecurityGroupEgress",
            "ec2:AuthorizeSecurityGroupIngress",
            "ec2:CreateCarrierGateway",
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
    )


EXAMPLE = Where(
    account="111122223333",
    region="eu-central-1",
    kms_key="arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-0000-0000-000000000000",
    bucket="hallmark-evidence-111122223333",
)


def documents(where: Where = EXAMPLE) -> dict[str, str]:
    """File name → text of the documents in docs/iam/."""
    return {**policies(where), "actions.md": describe_actions()}


def policies(where: Where) -> dict[str, str]:
    """File name → text of the policies, for one account and region."""
    made = {
        "pipeline.json": pipeline_policy(where),
        "consumer.json": consumer_policy(where),
        "key-policy.json": key_policy(where),
    }
    return {name: json.dumps(policy, indent=2) + "\n" for name, policy in made.items()}
