"""What GuardDuty's Runtime Monitoring puts into VPCs of others, and leaves there: an endpoint and a group.

The endpoint's interface keeps our subnet from being deleted, its group our VPC, and GuardDuty removes neither while the
VPC is there. So they go before our network does. The provider's own attempt comes after a subnet has been in use for
twenty minutes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hallmark.aws.errors import translate_aws_errors
from hallmark.aws.session import Aws
from hallmark.aws.settings import AwsSettings
from hallmark.aws.tags import MANAGED, PROJECT, RECIPE, STACK, USE

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

RUN_CLEARER = "hallmark.aws.guard_duty:clear_run"
"""What clears the network of an inner stack before it is destroyed (ephemeral.Inner.clearer)."""

_PAUSE_SECONDS = 5.0
_TRIES = 60
Say = Callable[[str], None]
Sleep = Callable[[float], None]


def clear_run(arguments: Mapping[str, Any], say: Say, *, sleep: Sleep = time.sleep) -> None:
    """Remove what GuardDuty put into an inner stack's network, by its program's arguments. Raises AwsError."""
    aws, tags = Aws(AwsSettings.model_validate(arguments["aws"])), arguments["tags"]
    wanted: Any = [
        {"Name": f"tag:{key}", "Values": [tags[key]]} for key in (MANAGED, PROJECT, STACK, RECIPE, USE) if key in tags
    ]
    with translate_aws_errors(aws.settings, "looking for what GuardDuty put into our network"):
        pages = aws.ec2.get_paginator("describe_vpcs").paginate(Filters=wanted)
        vpcs = [row["VpcId"] for page in pages for row in page["Vpcs"]]
    clear_vpcs(aws, vpcs, say, sleep=sleep)


def clear_vpcs(aws: Aws, vpcs: Sequence[str], say: Say, *, sleep: Sleep = time.sleep) -> bool:
    """Remove what GuardDuty put into these VPCs of ours; whether there was anything. Raises AwsError."""
    if not vpcs:
        return False
    with translate_aws_errors(aws.settings, "removing what GuardDuty put into our network"):
        endpoints = _endpoints(aws.ec2, vpcs)
        for name in endpoints:
            say(f"removing endpoint {name}, which GuardDuty put into our network")
        if endpoints:
            aws.ec2.delete_vpc_endpoints(VpcEndpointIds=endpoints)
        for _ in range(_TRIES):  # its interface goes with it, and then its group is free
            if not endpoints or not _endpoints(aws.ec2, vpcs):
                break
            sleep(_PAUSE_SECONDS)
        groups = _groups(aws.ec2, vpcs)
        for name in groups:
            say(f"removing security group {name}, which GuardDuty put into our network")
            aws.ec2.delete_security_group(GroupId=name)
    return bool(endpoints or groups)


def _managed_in(vpcs: Sequence[str]) -> Any:
    return [{"Name": "vpc-id", "Values": list(vpcs)}, {"Name": "tag:GuardDutyManaged", "Values": ["true"]}]


def _endpoints(ec2: EC2Client, vpcs: Sequence[str]) -> list[str]:
    pages = ec2.get_paginator("describe_vpc_endpoints").paginate(Filters=_managed_in(vpcs))
    rows = [row for page in pages for row in page["VpcEndpoints"]]
    return [row["VpcEndpointId"] for row in rows if row["State"].lower() != "deleted"]


def _groups(ec2: EC2Client, vpcs: Sequence[str]) -> list[str]:
    pages = ec2.get_paginator("describe_security_groups").paginate(Filters=_managed_in(vpcs))
    return [row["GroupId"] for page in pages for row in page["SecurityGroups"]]
