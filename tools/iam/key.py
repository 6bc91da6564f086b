"""The policy of the stack's key (docs/iam/key-policy.json): IAM decides, and Auto Scaling may use the key."""

from __future__ import annotations

from tools.iam.documents import Document, Statement, Where, document


def key_policy(where: Where) -> Document:
    """The account's IAM policies decide, and Auto Scaling's service-linked role may use the key.

    That role starts the machines of a group in its own name. No IAM policy can be added to it, so the key's own policy
    is the only place to let it. A key policy speaks of its key alone, so its resource is `*`.
    """
    iam = f"arn:{where.partition}:iam::{where.account}"
    scaling = f"{iam}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
    use = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    return document(
        _allow("IamDecides", f"{iam}:root", ["kms:*"]),
        _allow("AutoScalingUsesKey", scaling, use),
        {
            **_allow("AutoScalingLendsKeyToDisks", scaling, ["kms:CreateGrant"]),
            "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
        },
    )


def _allow(sid: str, principal: str, actions: list[str]) -> Statement:
    return {"Sid": sid, "Effect": "Allow", "Principal": {"AWS": principal}, "Action": actions, "Resource": "*"}
