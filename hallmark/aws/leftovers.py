"""What killed runs left in an AWS account: things of ours whose expiry has passed. Found here, removed by aws_sweep.py.

Reading and judging are apart: `find_leftovers` asks, `judge_leftovers` is pure. Only a thing's own tags count: ours,
of the stack that is meant, with an expiry that has passed. What has no expiry (an AMI, a released image's channel) is
never a leftover, nor is a snapshot that an AMI refers to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from hallmark.aws.ebs.snapshots import CONTENT
from hallmark.aws.errors import translate_aws_errors
from hallmark.aws.isolation import NetworkFacts, read_network, ways_out
from hallmark.aws.session import Aws
from hallmark.aws.tags import EXPIRES, MANAGED, PROJECT, RECIPE, STACK, USE, has_expired

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

Row = Mapping[str, Any]
Rows = tuple[Row, ...]
Scope = tuple[str, str] | None  # project and stack; None is any


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """One kind of thing: EC2's name for it, how it is described, and where its id is."""

    name: str
    operation: str
    rows: str
    id: str
    arguments: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def words(self) -> str:
        """Its name for people."""
        return {"vpc": "VPC", "network-acl": "network ACL"}.get(self.name, self.name.replace("-", " "))


INSTANCE = Kind(name="instance", operation="describe_instances", rows="Reservations", id="InstanceId")
VOLUME = Kind(name="volume", operation="describe_volumes", rows="Volumes", id="VolumeId")
INTERFACE = Kind(
    name="network-interface", operation="describe_network_interfaces", rows="NetworkInterfaces", id="NetworkInterfaceId"
)
SNAPSHOT = Kind(
    name="snapshot",
    operation="describe_snapshots",
    rows="Snapshots",
    id="SnapshotId",
    arguments={"OwnerIds": ["self"]},
)
GROUP = Kind(name="security-group", operation="describe_security_groups", rows="SecurityGroups", id="GroupId")
SUBNET = Kind(name="subnet", operation="describe_subnets", rows="Subnets", id="SubnetId")
ACL = Kind(name="network-acl", operation="describe_network_acls", rows="NetworkAcls", id="NetworkAclId")
VPC = Kind(name="vpc", operation="describe_vpcs", rows="Vpcs", id="VpcId")
_WHOSE = (PROJECT, STACK, RECIPE, USE)
# In the order of removal: an ACL's associations go with its subnets.
KINDS = (INSTANCE, VOLUME, INTERFACE, SNAPSHOT, GROUP, SUBNET, ACL, VPC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Leftover:
    """One thing to remove. `blocked_by` names what is in a VPC that is not ours to remove, and keeps it from going."""

    kind: Kind
    id: str
    stack: str
    expires: str
    blocked_by: tuple[str, ...] = ()
    row: Row = field(default_factory=dict, repr=False, compare=False)

    def __str__(self) -> str:
        return f"{self.kind.words} {self.id}"


def find_leftovers(aws: Aws, *, now: datetime, scope: Scope) -> tuple[Leftover, ...]:
    """What is left of one stack, or of any, in the order of its removal. AwsError when AWS cannot be asked.

    One call when nothing has expired; else one for each kind of thing that has, and those that look into a VPC.
    """
    with translate_aws_errors(aws.settings, "looking for what killed runs left"):
        kinds = _expired_kinds(aws.ec2, now)
        tags = dict(zip((PROJECT, STACK), scope, strict=True)) if scope else {}
        rows = {kind.name: _read(aws.ec2, kind, tags) for kind in KINDS if kind.name in kinds}
        images = own_images(aws.ec2) if rows.get(SNAPSHOT.name) else ()
        found = judge_leftovers(rows, images, now=now, scope=scope)
        networks = {one.id: read_network(aws.ec2, one.id) for one in found if one.kind is VPC}
    return name_blockers(found, networks)


def find_parts(aws: Aws, tags: Mapping[str, str]) -> tuple[Leftover, ...]:
    """All parts of one inner stack, by the tags of any of its runs, expired or not, in the order of their removal.

    Only for who knows that no run of it is alive. Media and root snapshots are made outside of it, and are no parts.
    """
    wanted = {key: tags[key] for key in _WHOSE if tags.get(key)}
    if len(wanted) != len(_WHOSE):
        raise ValueError(f"expected tags that name one inner stack, got {sorted(wanted)}")
    with translate_aws_errors(aws.settings, "looking for what a killed run left"):
        rows = {kind.name: _read(aws.ec2, kind, wanted) for kind in KINDS}
        images = own_images(aws.ec2) if rows[SNAPSHOT.name] else ()
    found = judge_parts(rows, images, wanted)
    with translate_aws_errors(aws.settings, "looking for what a killed run left"):
        networks = {one.id: read_network(aws.ec2, one.id) for one in found if one.kind is VPC}
    return name_blockers(found, networks)


def judge_parts(rows: Mapping[str, Rows], images: Rows, wanted: Mapping[str, str]) -> tuple[Leftover, ...]:
    """Which of the things described are parts of the inner stack whose tags these are."""
    in_use = snapshots_of(images)

    def is_part(row: Row) -> bool:
        tags = _tags(row)
        ours = tags.get(MANAGED) == "true" and EXPIRES in tags and CONTENT not in tags
        return ours and wanted.items() <= tags.items() and _is_there(row)

    return tuple(
        _leftover(kind, row)
        for kind in KINDS
        for row in rows.get(kind.name, ())
        if is_part(row) and row[kind.id] not in in_use
    )


def judge_leftovers(rows: Mapping[str, Rows], images: Rows, *, now: datetime, scope: Scope) -> tuple[Leftover, ...]:
    """Which of the things described (kind → rows) are leftovers, given the account's own AMIs."""
    in_use = snapshots_of(images)
    return tuple(
        _leftover(kind, row)
        for kind in KINDS
        for row in rows.get(kind.name, ())
        if _is_meant(_tags(row), now, scope) and _is_there(row) and row[kind.id] not in in_use
    )


def name_blockers(found: tuple[Leftover, ...], networks: Mapping[str, NetworkFacts]) -> tuple[Leftover, ...]:
    """The same, each VPC (id → what is in it) with what of others keeps it from being removed."""
    ours = {one.id for one in found}
    return tuple(
        replace(one, blocked_by=tuple(_strangers(networks[one.id], ours))) if one.id in networks else one
        for one in found
    )


def snapshots_of(images: Rows) -> frozenset[str]:
    """The snapshots that AMIs refer to."""
    devices = (device for image in images for device in image.get("BlockDeviceMappings", ()))
    return frozenset(str(disk["SnapshotId"]) for device in devices if (disk := device.get("Ebs", {})).get("SnapshotId"))


def own_images(ec2: EC2Client) -> Rows:
    """The account's own AMIs in any state: one that is disabled needs its snapshot too."""
    pages = ec2.get_paginator("describe_images").paginate(Owners=["self"], IncludeDeprecated=True, IncludeDisabled=True)
    return tuple(image for page in pages for image in page["Images"])


def _expired_kinds(ec2: EC2Client, now: datetime) -> set[str]:
    """The kinds of which anything has a tag that says that its time has passed."""
    pages = ec2.get_paginator("describe_tags").paginate(Filters=[{"Name": "key", "Values": [EXPIRES]}])
    tags = (tag for page in pages for tag in page["Tags"])
    return {tag["ResourceType"] for tag in tags if has_expired({MANAGED: "true", EXPIRES: tag["Value"]}, now)}


def _read(ec2: EC2Client, kind: Kind, tags: Mapping[str, str]) -> Rows:
    wanted = {**tags, MANAGED: "true"}
    filters = [{"Name": f"tag:{key}", "Values": [value]} for key, value in wanted.items()]
    paginator: Any = ec2.get_paginator(kind.operation)  # type: ignore[call-overload]
    rows = [row for page in paginator.paginate(Filters=filters, **kind.arguments) for row in page[kind.rows]]
    if kind is INSTANCE:
        rows = [machine for reservation in rows for machine in reservation["Instances"]]
    return tuple(rows)


def _leftover(kind: Kind, row: Row) -> Leftover:
    tags = _tags(row)
    stack = f"{tags.get(PROJECT, '')}/{tags.get(STACK, '')}"
    return Leftover(kind=kind, id=row[kind.id], stack=stack, expires=tags[EXPIRES], row=row)


def _is_meant(tags: dict[str, str], now: datetime, scope: Scope) -> bool:
    return has_expired(tags, now) and (scope is None or (tags.get(PROJECT), tags.get(STACK)) == scope)


def _is_there(row: Row) -> bool:
    """All but a machine that has ended: AWS shows it for an hour."""
    state = row.get("State")
    return not (isinstance(state, Mapping) and state.get("Name") == "terminated")


def _tags(row: Row) -> dict[str, str]:
    listed = row.get("Tags") or row.get("TagSet") or ()  # an interface has a name of its own for them
    return {tag["Key"]: tag["Value"] for tag in listed}


def _strangers(facts: NetworkFacts, ours: set[str]) -> list[str]:
    """What keeps a VPC from going, is not among `ours`, and does not go by itself."""
    parts: tuple[tuple[str, Rows, str, Callable[[Row], bool]], ...] = (
        ("interface", facts.interfaces, INTERFACE.id, lambda row: _machine_of(row) not in ours),
        ("subnet", facts.subnets, SUBNET.id, lambda _: True),
        ("security group", facts.security_groups, GROUP.id, lambda row: row.get("GroupName") != "default"),
        ("network ACL", facts.acls, ACL.id, lambda row: not row.get("IsDefault")),
        ("route table", facts.route_tables, "RouteTableId", lambda row: not _is_main(row)),
    )
    named = [(kind, str(row[key])) for kind, rows, key, counts in parts for row in rows if counts(row)]
    return [f"{kind} {name}" for kind, name in [*named, *ways_out(facts)] if name not in ours]


def _machine_of(interface: Row) -> str | None:
    machine: str | None = interface.get("Attachment", {}).get("InstanceId")
    return machine


def _is_main(table: Row) -> bool:
    return any(row.get("Main") for row in table.get("Associations", ()))
