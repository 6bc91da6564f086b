"""The read-back: the network of a build as the API describes it, and every way out that is looked for in it.

Place in the pipeline: after the network stands, before its machine starts, and once more when that has powered off:
what was attached meanwhile refuses what it did. Reading and judging are apart:
`read_network` gathers what the API says, `judge_network` is pure. One surprise ends the build. What cannot be read is
no proof: errors of the API pass on.

While no machine has started the VPC must hold no network interface at all. That catches what has no call of its own
here: resolver endpoints, client VPNs, load balancers, functions, whatever AWS invents next.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from hallmark.common.errors import AwsError

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

Row = Mapping[str, Any]
Rows = tuple[Row, ...]
_SUBNET_FLAGS = ("MapPublicIpOnLaunch", "AssignIpv6AddressOnCreation", "MapCustomerOwnedIpOnLaunch", "EnableDns64")
_NO_TARGETS = ("DestinationPrefixListId", "InstanceOwnerId")
# Of these a gateway, endpoint, peering or attachment does not come back; `deleting` still counts.
_ENDED = frozenset({"deleted", "failed", "rejected", "expired"})


GUARD_DUTY_HINT = (
    "GuardDuty's Runtime Monitoring has put an endpoint and a group of its own into this VPC, which is a way out; "
    "turn its automated agent configuration for EC2 off in this account, or build in an account of its own"
)


def is_guard_dutys(row: Row) -> bool:
    """Whether GuardDuty made it: it tags its endpoints and groups so."""
    return {"Key": "GuardDutyManaged", "Value": "true"} in [dict(tag) for tag in row.get("Tags", ())]


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkFacts:
    """One VPC and all that is in it or attached to it, each row as EC2 describes it."""

    vpc: Row
    dns_support: bool | None
    dns_hostnames: bool | None
    subnets: Rows = field(default=())
    route_tables: Rows = field(default=())
    internet_gateways: Rows = field(default=())
    egress_only_gateways: Rows = field(default=())
    carrier_gateways: Rows = field(default=())
    nat_gateways: Rows = field(default=())
    vpn_gateways: Rows = field(default=())
    endpoints: Rows = field(default=())
    peerings: Rows = field(default=())
    transit_attachments: Rows = field(default=())
    security_groups: Rows = field(default=())
    acls: Rows = field(default=())
    interfaces: Rows = field(default=())


def prove_isolation(ec2: EC2Client, vpc: str, machine: str | None = None) -> str:
    """Read a network back and judge it; the proof's text for the evidence. AwsError, naming each finding, else.

    With `machine` it has run there, and powered off: its own interface may be there, and nothing else may have come.
    """
    facts = read_network(ec2, vpc)
    if machine:
        facts = replace(facts, interfaces=tuple(row for row in facts.interfaces if not _is_only(row, machine)))
    findings = judge_network(facts)
    if findings:
        hint = [GUARD_DUTY_HINT] if any(map(is_guard_dutys, (*facts.endpoints, *facts.security_groups))) else []
        told = (
            "is no longer isolated, what ran in it is refused"
            if machine
            else "is not isolated, no machine is started in it"
        )
        raise AwsError(f"{vpc}: the network {told}:\n" + "\n".join([*findings, *hint]))
    return describe_proof(facts, ran=machine is not None)


def judge_network(facts: NetworkFacts) -> list[str]:
    """One line for each way in or out, or for what should be there and is not; none when it is isolated."""
    return [
        *_judge_vpc(facts),
        *_judge_subnets(facts),
        *_judge_routes(facts),
        *_judge_attached(facts),
        *_judge_groups(facts),
        *_judge_acls(facts),
        *_judge_interfaces(facts),
    ]


def describe_proof(facts: NetworkFacts, *, ran: bool = False) -> str:
    """What was looked at, for the evidence: one line a kind. `ran`: a machine has run there already."""
    routes = [_target(route)[1] for table in facts.route_tables for route in table.get("Routes", ())]
    counts = {
        "gateways": len(facts.internet_gateways) + len(facts.egress_only_gateways) + len(facts.carrier_gateways),
        "NAT gateways": sum(map(_lives, facts.nat_gateways)),
        "VPN gateways": sum(map(_attached, facts.vpn_gateways)),
        "endpoints": sum(map(_lives, facts.endpoints)),
        "peerings": sum(map(_lives, facts.peerings)),
        "transit attachments": sum(map(_lives, facts.transit_attachments)),
        "interfaces besides the machine's" if ran else "interfaces before the machine": len(facts.interfaces),
    }
    lines = [
        f"VPC: {facts.vpc.get('VpcId')} {facts.vpc.get('CidrBlock')}",
        f"resolver: {'on' if facts.dns_support else 'off'}",
        f"routes: {', '.join(sorted(set(routes))) or 'none'}",
        f"security groups without rules: {len(facts.security_groups)}",
        f"ACLs of the subnet: {sum(bool(acl.get('Associations')) for acl in facts.acls)}, denying all",
        *(f"{kind}: {count or 'none'}" for kind, count in counts.items()),
    ]
    return "\n".join(lines) + "\n"


def ways_out(facts: NetworkFacts) -> list[tuple[str, str]]:
    """What is attached to the VPC and has not ended, each as kind and id."""
    kinds: tuple[tuple[str, Rows, str, Callable[[Row], bool]], ...] = (
        ("internet gateway", facts.internet_gateways, "InternetGatewayId", lambda _: True),
        ("egress-only gateway", facts.egress_only_gateways, "EgressOnlyInternetGatewayId", lambda _: True),
        ("carrier gateway", facts.carrier_gateways, "CarrierGatewayId", _lives),
        ("NAT gateway", facts.nat_gateways, "NatGatewayId", _lives),
        ("VPN gateway", facts.vpn_gateways, "VpnGatewayId", _attached),
        ("endpoint", facts.endpoints, "VpcEndpointId", _lives),
        ("peering", facts.peerings, "VpcPeeringConnectionId", _lives),
        ("transit gateway attachment", facts.transit_attachments, "TransitGatewayAttachmentId", _lives),
    )
    return [(kind, str(row.get(key))) for kind, rows, key, counts in kinds for row in rows if counts(row)]


def _judge_vpc(facts: NetworkFacts) -> list[str]:
    findings = []
    if not facts.vpc:
        return ["VPC: expected one, got none"]
    if facts.dns_support is not False:
        findings.append("resolver: expected enableDnsSupport to be off, it is not: names can be sent out by DNS")
    if facts.dns_hostnames is not False:
        findings.append("resolver: expected enableDnsHostnames to be off, it is not")
    findings += [
        f"IPv6: {row.get('Ipv6CidrBlock')} is associated with the VPC"
        for row in facts.vpc.get("Ipv6CidrBlockAssociationSet", ())
        if row.get("Ipv6CidrBlockState", {}).get("State") not in ("disassociated", "failed")
    ]
    extra = [row.get("CidrBlock") for row in facts.vpc.get("CidrBlockAssociationSet", ())]
    if len(extra) > 1:
        findings.append(f"addresses: expected one block, got {', '.join(map(str, extra))}")
    return findings


def _judge_subnets(facts: NetworkFacts) -> list[str]:
    findings = []
    if len(facts.subnets) != 1:
        findings.append(f"subnets: expected one, got {len(facts.subnets)}")
    for subnet in facts.subnets:
        name = subnet.get("SubnetId")
        findings += [f"{name}: {flag} is on" for flag in _SUBNET_FLAGS if subnet.get(flag)]
        if subnet.get("Ipv6CidrBlockAssociationSet"):
            findings.append(f"{name}: has an IPv6 block")
        if subnet.get("OutpostArn"):
            findings.append(f"{name}: is on an outpost")
    return findings


def _judge_routes(facts: NetworkFacts) -> list[str]:
    findings = [] if facts.route_tables else ["routes: expected the VPC's main table, got none"]
    for table in facts.route_tables:
        name = table.get("RouteTableId")
        for route in table.get("Routes", ()):
            kind, target = _target(route)
            if (kind, target) != ("GatewayId", "local"):
                findings.append(f"{name}: a route to {_destination(route)} leads to {target}")
        findings += [
            f"{name}: routes are propagated from {row.get('GatewayId')}" for row in table.get("PropagatingVgws", ())
        ]
        findings += [
            f"{name}: is the table of gateway {row['GatewayId']}"
            for row in table.get("Associations", ())
            if row.get("GatewayId")
        ]
    return findings


def _judge_attached(facts: NetworkFacts) -> list[str]:
    services = {
        str(row.get("VpcEndpointId")): f" ({row['ServiceName']})" for row in facts.endpoints if row.get("ServiceName")
    }
    return [f"{kind}: {name}{services.get(name, '')} leads out of the VPC" for kind, name in ways_out(facts)]


def _judge_groups(facts: NetworkFacts) -> list[str]:
    findings = []
    names = [group.get("GroupName") for group in facts.security_groups]
    if "default" not in names:
        findings.append("security groups: expected the VPC's default group, got none")
    if len(names) != 2:
        findings.append(f"security groups: expected the default one and ours, got {len(names)}")
    for group in facts.security_groups:
        for key, way in (("IpPermissions", "in"), ("IpPermissionsEgress", "out")):
            name = f"{group.get('GroupId')} ({group.get('GroupName')})"
            findings += [f"{name}: a rule lets {_rule(rule)} {way}" for rule in group.get(key, ())]
    return findings


def _judge_acls(facts: NetworkFacts) -> list[str]:
    subnets = {subnet.get("SubnetId") for subnet in facts.subnets}
    findings, covered = [], set()
    for acl in facts.acls:
        mine = {row.get("SubnetId") for row in acl.get("Associations", ())} & subnets
        covered |= mine
        if not mine:
            continue
        if acl.get("IsDefault"):
            findings.append(f"{acl.get('NetworkAclId')}: the VPC's default ACL is the subnet's")
        findings += [_entry(acl, entry) for entry in acl.get("Entries", ()) if not _denies_all(entry)]
    findings += [f"{subnet}: expected an ACL, got none" for subnet in sorted(map(str, subnets - covered))]
    return findings


def _is_only(interface: Row, machine: str) -> bool:
    """Whether it is a machine's own interface, and has no public address."""
    mine = interface.get("Attachment", {}).get("InstanceId") == machine
    return bool(mine and not interface.get("Association") and not interface.get("Ipv6Addresses"))


def _judge_interfaces(facts: NetworkFacts) -> list[str]:
    findings = []
    for row in facts.interfaces:
        public = row.get("Association", {}).get("PublicIp")
        what = f"{row.get('InterfaceType', 'interface')}, {row.get('Description') or 'no description'}"
        with_public = f", with public address {public}" if public else ""
        findings.append(
            f"{row.get('NetworkInterfaceId')}: expected an empty VPC, got an interface ({what}{with_public})"
        )
    return findings


def _lives(row: Row) -> bool:
    """Whether a gateway, endpoint, peering or attachment counts: everything that has not ended for good."""
    state = row.get("State", row.get("Status", ""))
    text = state.get("Code", "") if isinstance(state, Mapping) else str(state)
    return text.lower() not in _ENDED


def _attached(row: Row) -> bool:
    return any(item.get("State") != "detached" for item in row.get("VpcAttachments", ()))


def _denies_all(entry: Row) -> bool:
    return entry.get("RuleAction") == "deny"


def _entry(acl: Row, entry: Row) -> str:
    way = "out" if entry.get("Egress") else "in"
    what = entry.get("CidrBlock") or entry.get("Ipv6CidrBlock")
    return f"{acl.get('NetworkAclId')}: entry {entry.get('RuleNumber')} lets {what} {way}"


def _rule(rule: Row) -> str:
    sources = [
        *(row.get("CidrIp") for row in rule.get("IpRanges", ())),
        *(row.get("CidrIpv6") for row in rule.get("Ipv6Ranges", ())),
        *(row.get("GroupId") for row in rule.get("UserIdGroupPairs", ())),
        *(row.get("PrefixListId") for row in rule.get("PrefixListIds", ())),
    ]
    return f"{', '.join(map(str, sources)) or 'something'} (protocol {rule.get('IpProtocol')})"


def _target(route: Row) -> tuple[str, str]:
    """Where a route leads: the name of the field and its value; `GatewayId`, `local` is the only harmless one."""
    for key in sorted(route):
        if (
            key.endswith(("Id", "Arn"))
            and not key.startswith("Destination")
            and key != "InstanceOwnerId"
            and route[key]
        ):
            return key, str(route[key])
    return "", "nowhere known"


def _destination(route: Row) -> str:
    keys = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
    return next((str(route[key]) for key in keys if route.get(key)), "somewhere")


def read_network(ec2: EC2Client, vpc: str) -> NetworkFacts:
    """What EC2 says of a VPC, all pages of it. botocore's errors pass on: what cannot be read is not proved."""

    def rows(operation: str, key: str, filter_name: str | None = "vpc-id") -> Rows:
        arguments = {"Filters": [{"Name": filter_name, "Values": [vpc]}]} if filter_name else {}
        pages = ec2.get_paginator(operation).paginate(**arguments)  # type: ignore[call-overload]
        return tuple(row for page in pages for row in page[key])

    peerings = {
        row["VpcPeeringConnectionId"]: row
        for side in ("requester-vpc-info.vpc-id", "accepter-vpc-info.vpc-id")
        for row in rows("describe_vpc_peering_connections", "VpcPeeringConnections", side)
    }
    # This call alone cannot be filtered by VPC.
    egress_only = rows("describe_egress_only_internet_gateways", "EgressOnlyInternetGateways", None)
    return NetworkFacts(
        vpc=_first(rows("describe_vpcs", "Vpcs")),
        dns_support=_attribute(ec2, vpc, "enableDnsSupport", "EnableDnsSupport"),
        dns_hostnames=_attribute(ec2, vpc, "enableDnsHostnames", "EnableDnsHostnames"),
        subnets=rows("describe_subnets", "Subnets"),
        route_tables=rows("describe_route_tables", "RouteTables"),
        internet_gateways=rows("describe_internet_gateways", "InternetGateways", "attachment.vpc-id"),
        egress_only_gateways=tuple(
            row for row in egress_only if any(item.get("VpcId") == vpc for item in row.get("Attachments", ()))
        ),
        carrier_gateways=rows("describe_carrier_gateways", "CarrierGateways"),
        nat_gateways=rows("describe_nat_gateways", "NatGateways"),
        # The one list here that comes in one piece.
        vpn_gateways=tuple(
            ec2.describe_vpn_gateways(Filters=[{"Name": "attachment.vpc-id", "Values": [vpc]}])["VpnGateways"]
        ),
        endpoints=rows("describe_vpc_endpoints", "VpcEndpoints"),
        peerings=tuple(peerings.values()),
        transit_attachments=rows("describe_transit_gateway_vpc_attachments", "TransitGatewayVpcAttachments"),
        security_groups=rows("describe_security_groups", "SecurityGroups"),
        acls=rows("describe_network_acls", "NetworkAcls"),
        interfaces=rows("describe_network_interfaces", "NetworkInterfaces"),
    )


def _first(rows: Sequence[Row]) -> Row:
    return rows[0] if rows else {}


def _attribute(ec2: EC2Client, vpc: str, name: Any, key: str) -> bool | None:
    answer: Mapping[str, Any] = ec2.describe_vpc_attribute(VpcId=vpc, Attribute=name)
    value = answer.get(key, {}).get("Value")
    return value if isinstance(value, bool) else None
