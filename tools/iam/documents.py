"""What IAM policies are made of: documents, statements, and the names of things in one account and region."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from botocore.session import Session

Document = dict[str, Any]
Statement = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Where:
    """The account, the region, the ARN of the stack's key, and the bucket of the evidence.

    The partition (`aws`, `aws-us-gov`, `aws-cn`...) and the suffix of its names are the region's.
    """

    account: str
    region: str
    kms_key: str
    bucket: str

    @cached_property
    def partition(self) -> str:
        """What ARNs of the region begin with, after `arn:`."""
        return str(Session().get_partition_for_region(self.region))

    @cached_property
    def dns_suffix(self) -> str:
        """What the names of the region's services end in."""
        address: str = Session().create_client("ec2", region_name=self.region).meta.endpoint_url
        return address.partition(f"ec2.{self.region}.")[2]

    def via(self, *services: str) -> dict[str, list[str]]:
        """That KMS is asked by these services, in the caller's name."""
        return {"kms:ViaService": [f"{service}.{self.region}.{self.dns_suffix}" for service in services]}

    @property
    def conditions(self) -> dict[str, str]:
        """That a call is meant for this region."""
        return {"aws:RequestedRegion": self.region}

    @property
    def images(self) -> str:
        """All AMIs of the region: their ARNs name no account, nor do those of snapshots."""
        return f"arn:{self.partition}:ec2:{self.region}::image/*"

    @property
    def snapshots(self) -> str:
        """All snapshots of the region."""
        return f"arn:{self.partition}:ec2:{self.region}::snapshot/*"

    @property
    def parameters(self) -> str:
        """The channels."""
        return f"arn:{self.partition}:ssm:{self.region}:{self.account}:parameter/hallmark/*"

    def all(self, *kinds: str) -> list[str]:
        """Everything of these kinds that EC2 has in the account and region."""
        return [f"arn:{self.partition}:ec2:{self.region}:{self.account}:{kind}/*" for kind in kinds]


def document(*statements: Statement) -> Document:
    """A policy of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(sid: str, actions: list[str], resource: str | list[str], **condition: Any) -> Statement:
    """A statement that allows; each condition is an operator with its keys."""
    return _statement("Allow", sid, actions, resource, condition)


def lend_key(where: Where, via: dict[str, list[str]]) -> Statement:
    """AWS's own services may be lent the key for disks, and nobody else; `via` says which ask for it (Where.via)."""
    return allow(
        "LendKeyToDisks",
        ["kms:CreateGrant"],
        where.kms_key,
        StringEquals=via,
        Bool={"kms:GrantIsForAWSResource": "true"},
    )


def deny(sid: str, actions: list[str], resource: str | list[str], **condition: Any) -> Statement:
    """A statement that denies, whatever else is allowed."""
    return _statement("Deny", sid, actions, resource, condition)


def _statement(effect: str, sid: str, actions: list[str], resource: str | list[str], condition: Any) -> Statement:
    statement = {"Sid": sid, "Effect": effect, "Action": actions, "Resource": resource}
    return {**statement, "Condition": condition} if condition else statement
