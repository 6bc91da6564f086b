"""Removes what killed runs left in an AWS account, once its time has passed: at each `pulumi up`, and `hallmark sweep`.

What a leftover is, aws_leftovers.py says. Removal goes on where one thing refuses, tries again what waits for another
thing to go, and takes it for done when somebody else was faster. A snapshot that an AMI refers to stays: that is asked
again right before its removal, and AWS itself refuses it too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from hallmark.aws.errors import code_of, explain, translate_aws_errors
from hallmark.aws.guard_duty import clear_vpcs
from hallmark.aws.leftovers import (
    ACL,
    GROUP,
    INSTANCE,
    INTERFACE,
    SNAPSHOT,
    SUBNET,
    VOLUME,
    VPC,
    Leftover,
    Row,
    Scope,
    find_leftovers,
    find_parts,
    own_images,
    snapshots_of,
)
from hallmark.aws.session import Aws
from hallmark.aws.settings import AwsSettings
from hallmark.common.errors import AwsError

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

__all__ = ["RUN_SWEEPER", "Leftover", "find_leftovers", "sweep", "sweep_run"]

RUN_SWEEPER = "hallmark.aws.sweep:sweep_run"
"""What clears after a killed run of an inner stack (ephemeral_stack.Inner.sweeper)."""

Say = Callable[[str], None]
Sleep = Callable[[float], None]

_PAUSE_SECONDS = 3.0
# How often in all: an instance takes minutes to end at times, what hangs on it some seconds more.
_TRIES = 20
_ENDING_TRIES = 120
# What waits for another thing that is about to go; each kind has its own word for it.
_IN_USE = frozenset(
    [
        "DependencyViolation",
        "IncorrectState",
        "InvalidGroup.InUse",
        "InvalidNetworkInterface.InUse",
        "InvalidParameterValue",
        "RequestLimitExceeded",
        "VolumeInUse",
    ]
)
_AMI_HAS_IT = "InvalidSnapshot.InUse"


def sweep(
    aws: Aws, *, scope: Scope, now: datetime, say: Say, dry_run: bool = False, sleep: Sleep = time.sleep
) -> tuple[str, ...]:
    """Remove what has expired of one stack (project, stack), or of any; returns what was removed, as `kind id`.

    With `dry_run` nothing is touched, and what would be removed is returned. AwsError, at the end, names what could not
    be removed, and why.
    """
    found = find_leftovers(aws, now=now, scope=scope)
    for one in found:
        say(f"{'would remove' if dry_run else 'removing'} {one}: of {one.stack}, expired {one.expires}")
    if dry_run or not found:
        return tuple(str(one) for one in found if not one.blocked_by)
    if clear_vpcs(aws, [one.id for one in found if one.kind is VPC], say, sleep=sleep):
        found = find_leftovers(aws, now=now, scope=scope)
    return _Removal(aws, say, sleep).remove(found)


def sweep_run(arguments: Mapping[str, Any], say: Say, *, sleep: Sleep = time.sleep) -> None:
    """Remove every part of an inner stack, by the arguments of its program, whose last run was killed.

    Its state may not know the last thing that was made, and that one keeps the network around it from going.
    """
    aws = Aws(AwsSettings.model_validate(arguments["aws"]))
    found = find_parts(aws, arguments["tags"])
    if clear_vpcs(aws, [one.id for one in found if one.kind is VPC], say, sleep=sleep):
        found = find_parts(aws, arguments["tags"])
    for one in found:
        say(f"removing {one}, which a killed run left")
    _Removal(aws, say, sleep).remove(found)


class _Removal:
    """One sweep's work: what went, and what is left, with the reason."""

    def __init__(self, aws: Aws, say: Say, sleep: Sleep) -> None:
        self._aws, self._say, self._sleep = aws, say, sleep
        self._removed: list[str] = []
        self._left: dict[Leftover, str] = {}

    def remove(self, found: tuple[Leftover, ...]) -> tuple[str, ...]:
        machines = [one for one in found if one.kind is INSTANCE]
        self._each(machines, tries=1)
        self._wait_for_the_end_of([one for one in machines if one not in self._left])
        self._each(_rule_owners(found), tries=1, deletion=self._let_go)
        self._each([one for one in found if one.kind is not INSTANCE and not _is_default(one)], tries=_TRIES)
        if self._left:
            reasons = "\n".join(f"{one}: {reason}" for one, reason in self._left.items())
            raise AwsError(f"the sweep could not remove all that has expired:\n{reasons}")
        return tuple(self._removed)

    def _each(
        self, wanted: Iterable[Leftover], *, tries: int, deletion: Callable[[Leftover], bool] | None = None
    ) -> None:
        """Delete each; what is still in use once more, when the others have had their turn."""
        waiting = list(wanted)
        for turn in range(tries):
            waiting = [one for one in waiting if not self._one(one, deletion or self._delete, last=turn + 1 == tries)]
            if not waiting:
                return
            self._sleep(_PAUSE_SECONDS)

    def _one(self, one: Leftover, deletion: Callable[[Leftover], bool], *, last: bool) -> bool:
        """Whether there is nothing more to do about it."""
        try:
            if deletion(one):
                self._removed.append(str(one))
        except ClientError as error:
            return self._judge(one, error, last=last)
        except BotoCoreError as error:
            self._left[one] = str(error)
        return True

    def _judge(self, one: Leftover, error: ClientError, *, last: bool) -> bool:
        code = code_of(error)
        if code.endswith(".NotFound"):
            return True
        if code == _AMI_HAS_IT:
            self._say(f"{one} stays: an AMI refers to it")
            return True
        if code in _IN_USE and not one.blocked_by and not last:
            return False
        self._left[one] = _blocked(one) or explain(error, self._aws.settings.region)
        return True

    def _delete(self, one: Leftover) -> bool:
        """Delete it; False when it is to stay after all."""
        ec2 = self._aws.ec2
        if one.kind is SNAPSHOT and one.id in snapshots_of(own_images(ec2)):
            self._say(f"{one} stays: an AMI refers to it")
            return False
        _DELETIONS[one.kind.name](ec2, one.id)
        return True

    def _let_go(self, group: Leftover) -> bool:
        """Take those rules from a group that refer to other groups: none of the two could be deleted before."""
        for key, revoke in (
            ("IpPermissions", self._aws.ec2.revoke_security_group_ingress),
            ("IpPermissionsEgress", self._aws.ec2.revoke_security_group_egress),
        ):
            rules: Any = _rules_about_groups(group.row.get(key, ()))
            if rules:
                revoke(GroupId=group.id, IpPermissions=rules)
        return False

    def _wait_for_the_end_of(self, machines: list[Leftover]) -> None:
        """Until all are terminated; those that are not after some minutes are left, and what they hold with them."""
        waiting = {one.id: one for one in machines}
        for _ in range(_ENDING_TRIES):
            with translate_aws_errors(self._aws.settings, "waiting for the end of machines"):
                there = _living(self._aws.ec2, list(waiting))
            waiting = {name: one for name, one in waiting.items() if name in there}
            if not waiting:
                return
            self._sleep(_PAUSE_SECONDS)
        self._left.update((one, "is being terminated, and takes its time; sweep again") for one in waiting.values())


_DELETIONS: Mapping[str, Callable[[EC2Client, str], Any]] = {
    INSTANCE.name: lambda ec2, name: ec2.terminate_instances(InstanceIds=[name]),
    VOLUME.name: lambda ec2, name: ec2.delete_volume(VolumeId=name),
    INTERFACE.name: lambda ec2, name: ec2.delete_network_interface(NetworkInterfaceId=name),
    SNAPSHOT.name: lambda ec2, name: ec2.delete_snapshot(SnapshotId=name),
    GROUP.name: lambda ec2, name: ec2.delete_security_group(GroupId=name),
    SUBNET.name: lambda ec2, name: ec2.delete_subnet(SubnetId=name),
    ACL.name: lambda ec2, name: ec2.delete_network_acl(NetworkAclId=name),
    VPC.name: lambda ec2, name: ec2.delete_vpc(VpcId=name),
}


def _living(ec2: EC2Client, machines: list[str]) -> set[str]:
    """Which of these machines are not terminated yet."""
    if not machines:
        return set()
    pages = ec2.get_paginator("describe_instances").paginate(Filters=[{"Name": "instance-id", "Values": machines}])
    rows = [row for page in pages for found in page["Reservations"] for row in found["Instances"]]
    return {row["InstanceId"] for row in rows if row["State"]["Name"] != "terminated"}


def _rule_owners(found: tuple[Leftover, ...]) -> list[Leftover]:
    keys = ("IpPermissions", "IpPermissionsEgress")
    groups = [one for one in found if one.kind is GROUP]
    return [one for one in groups if any(_rules_about_groups(one.row.get(key, ())) for key in keys)]


def _rules_about_groups(rules: Iterable[Row]) -> list[dict[str, Any]]:
    """Of a group's rules the parts that refer to groups, as a revocation wants them."""
    return [
        {
            **{key: rule[key] for key in ("IpProtocol", "FromPort", "ToPort") if key in rule},
            "UserIdGroupPairs": [
                {key: pair[key] for key in ("GroupId", "UserId", "VpcId", "VpcPeeringConnectionId") if pair.get(key)}
                for pair in rule["UserIdGroupPairs"]
            ],
        }
        for rule in rules
        if rule.get("UserIdGroupPairs")
    ]


def _is_default(one: Leftover) -> bool:
    """A VPC's default group carries our tag too, but cannot be deleted: it goes with its VPC."""
    return one.kind is GROUP and one.row.get("GroupName") == "default"


def _blocked(one: Leftover) -> str:
    if not one.blocked_by:
        return ""
    return f"holds what Hallmark did not make: {', '.join(one.blocked_by)}; remove that, then sweep again"
