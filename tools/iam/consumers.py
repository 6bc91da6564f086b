"""P7 for consumers as an IAM policy: an account launches released images and nothing else (docs/iam/consumer.json)."""

from __future__ import annotations

from hallmark.aws.tags import RELEASED, STATUS
from tools.iam.documents import Document, Where, allow, deny, document, lend_key


def consumer_policy(where: Where) -> Document:
    """P7: launch only AMIs whose status tag says released, and have no way to give that tag, or an untagged image.

    What launches later and by other means than the caller's own call (fleets, spot requests, a group that follows a
    template's newest version) would not be asked for the tag in the caller's name, so it is denied.
    """
    parts = ("instance", "key-pair", "launch-template", "network-interface", "security-group", "subnet", "volume")
    status, anywhere = {f"aws:ResourceTag/{STATUS}": RELEASED}, f"arn:{where.partition}:ec2:*::image/*"
    via = where.via("ec2")
    return document(
        allow("LaunchReleased", ["ec2:RunInstances"], where.images, StringEquals=status),
        allow("LaunchParts", ["ec2:RunInstances"], where.all(*parts)),
        allow("FindImages", ["ec2:DescribeImages"], "*", StringEquals=where.conditions),
        allow("FollowChannels", ["ssm:GetParameter", "ssm:GetParameters"], where.parameters),
        # Images are encrypted, and EC2 uses the key in the launcher's name. Without this a machine starts and ends at
        # once, with Client.InternalError.
        allow(
            "UseKeyForDisks",
            ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncrypt*"],
            where.kms_key,
            StringEquals=via,
        ),
        lend_key(where, via),
        deny("NothingElse", ["ec2:RunInstances"], anywhere, StringNotEquals=status),
        deny(
            "NoStampOfOnesOwn",
            ["ec2:CreateTags", "ec2:DeleteTags"],
            anywhere,
            **{"ForAnyValue:StringEquals": {"aws:TagKeys": [STATUS]}},
        ),
        deny(
            "NoImageOfOnesOwn",
            [
                "ec2:CopyImage",
                "ec2:CreateImage",
                "ec2:CreateRestoreImageTask",
                "ec2:ImportImage",
                "ec2:RegisterImage",
            ],
            "*",
        ),
        deny(
            "NoWayAround",
            [
                "autoscaling:CreateLaunchConfiguration",
                "ec2:CreateFleet",
                "ec2:CreateReplaceRootVolumeTask",
                "ec2:ModifyFleet",
                "ec2:ModifySpotFleetRequest",
                "ec2:RequestSpotFleet",
                "ec2:RequestSpotInstances",
                "ec2:RunScheduledInstances",
            ],
            "*",
        ),
        deny(
            "GroupsNameTheirVersion",
            ["autoscaling:CreateAutoScalingGroup", "autoscaling:UpdateAutoScalingGroup"],
            "*",
            Bool={"autoscaling:LaunchTemplateVersionSpecified": "false"},
        ),
    )
