"""The read-back closes on every way out, and says nothing about a network that has none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from hallmark.aws import isolation
from hallmark.aws.isolation import NetworkFacts, judge_network, prove_isolation, read_network
from hallmark.aws.session import Aws
from hallmark.aws.settings import AwsSettings
from hallmark.common.errors import AwsError
from tests.support.aws.strict import base_ami

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

ANYWHERE = "0.0.0.0/0"


@dataclass(frozen=True)
class Network:
    ec2: EC2Client
    vpc: str
    subnet: str
    group: str
    acl: str

    def findings(self) -> list[str]:
        return judge_network(read_network(self.ec2, self.vpc))


@pytest.fixture
def network(aws: Aws) -> Network:
    """What components/aws/inner/network.py declares, made by hand."""
    ec2 = aws.ec2
    vpc = ec2.create_vpc(CidrBlock="10.255.255.0/28")["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsSupport={"Value": False})
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": False})
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.255.255.0/28")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="hallmark", Description="none", VpcId=vpc)["GroupId"]
    for row in ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["SecurityGroups"]:
        if row["IpPermissionsEgress"]:
            ec2.revoke_security_group_egress(GroupId=row["GroupId"], IpPermissions=row["IpPermissionsEgress"])
        if row["IpPermissions"]:
            ec2.revoke_security_group_ingress(GroupId=row["GroupId"], IpPermissions=row["IpPermissions"])
    acl = ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    ours = {"Name": "association.subnet-id", "Values": [subnet]}
    old = ec2.describe_network_acls(Filters=[ours])["NetworkAcls"][0]["Associations"]  # type: ignore[list-item]
    association = next(row["NetworkAclAssociationId"] for row in old if row["SubnetId"] == subnet)
    ec2.replace_network_acl_association(AssociationId=association, NetworkAclId=acl)
    return Network(ec2, vpc, subnet, group, acl)


def test_a_network_without_a_way_out_is_proved(network: Network) -> None:
    assert network.findings() == []
    proof = prove_isolation(network.ec2, network.vpc)
    assert f"VPC: {network.vpc} 10.255.255.0/28\nresolver: off\nroutes: local\n" in proof
    assert "interfaces before the machine: none\n" in proof


def _internet_gateway(n: Network) -> str:
    gateway = n.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    n.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=n.vpc)
    return f"internet gateway: {gateway} leads out of the VPC"


def _egress_only_gateway(n: Network) -> str:
    gateway = n.ec2.create_egress_only_internet_gateway(VpcId=n.vpc)["EgressOnlyInternetGateway"]
    return f"egress-only gateway: {gateway['EgressOnlyInternetGatewayId']} leads out of the VPC"


def _carrier_gateway(n: Network) -> str:
    gateway = n.ec2.create_carrier_gateway(VpcId=n.vpc)["CarrierGateway"]["CarrierGatewayId"]
    return f"carrier gateway: {gateway} leads out of the VPC"


def _nat_gateway(n: Network) -> str:
    gateway = n.ec2.create_nat_gateway(SubnetId=n.subnet, ConnectivityType="private")["NatGateway"]["NatGatewayId"]
    return f"NAT gateway: {gateway} leads out of the VPC"


def _vpn_gateway(n: Network) -> str:
    gateway = n.ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
    n.ec2.attach_vpn_gateway(VpcId=n.vpc, VpnGatewayId=gateway)
    return f"VPN gateway: {gateway} leads out of the VPC"


def _endpoint(n: Network) -> str:
    service = "com.amazonaws.eu-central-1.s3"
    endpoint = n.ec2.create_vpc_endpoint(VpcId=n.vpc, ServiceName=service, VpcEndpointType="Gateway")["VpcEndpoint"]
    return f"endpoint: {endpoint['VpcEndpointId']} ({endpoint['ServiceName']}) leads out of the VPC"


def _peering_out(n: Network) -> str:
    other = n.ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    peering = n.ec2.create_vpc_peering_connection(VpcId=n.vpc, PeerVpcId=other)["VpcPeeringConnection"]
    return f"peering: {peering['VpcPeeringConnectionId']} leads out of the VPC"


def _peering_in(n: Network) -> str:
    other = n.ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    peering = n.ec2.create_vpc_peering_connection(VpcId=other, PeerVpcId=n.vpc)["VpcPeeringConnection"]
    return f"peering: {peering['VpcPeeringConnectionId']} leads out of the VPC"


def _transit_attachment(n: Network) -> str:
    gateway = n.ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    made = n.ec2.create_transit_gateway_vpc_attachment(TransitGatewayId=gateway, VpcId=n.vpc, SubnetIds=[n.subnet])
    attachment = made["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"]
    return f"transit gateway attachment: {attachment} leads out of the VPC"


def _resolver(n: Network) -> str:
    n.ec2.modify_vpc_attribute(VpcId=n.vpc, EnableDnsSupport={"Value": True})
    return "resolver: expected enableDnsSupport to be off, it is not: names can be sent out by DNS"


def _hostnames(n: Network) -> str:
    n.ec2.modify_vpc_attribute(VpcId=n.vpc, EnableDnsHostnames={"Value": True})
    return "resolver: expected enableDnsHostnames to be off, it is not"


def _public_addresses(n: Network) -> str:
    n.ec2.modify_subnet_attribute(SubnetId=n.subnet, MapPublicIpOnLaunch={"Value": True})
    return f"{n.subnet}: MapPublicIpOnLaunch is on"


def _second_subnet(n: Network) -> str:
    n.ec2.associate_vpc_cidr_block(VpcId=n.vpc, CidrBlock="10.254.0.0/24")
    n.ec2.create_subnet(VpcId=n.vpc, CidrBlock="10.254.0.0/28")
    return "subnets: expected one, got 2"


def _second_block(n: Network) -> str:
    n.ec2.associate_vpc_cidr_block(VpcId=n.vpc, CidrBlock="10.254.0.0/24")
    return "addresses: expected one block, got 10.255.255.0/28, 10.254.0.0/24"


def _ipv6(n: Network) -> str:
    n.ec2.associate_vpc_cidr_block(VpcId=n.vpc, AmazonProvidedIpv6CidrBlock=True)
    vpc = n.ec2.describe_vpcs(VpcIds=[n.vpc])["Vpcs"][0]
    return f"IPv6: {vpc['Ipv6CidrBlockAssociationSet'][0]['Ipv6CidrBlock']} is associated with the VPC"


def _group_out(n: Network) -> str:
    rule: Any = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": ANYWHERE}]}
    n.ec2.authorize_security_group_egress(GroupId=n.group, IpPermissions=[rule])
    return f"{n.group} (hallmark): a rule lets {ANYWHERE} (protocol -1) out"


def _group_in(n: Network) -> str:
    rule: Any = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": ANYWHERE}]}
    n.ec2.authorize_security_group_ingress(GroupId=n.group, IpPermissions=[rule])
    return f"{n.group} (hallmark): a rule lets {ANYWHERE} (protocol tcp) in"


def _default_group(n: Network) -> str:
    groups = n.ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [n.vpc]}])["SecurityGroups"]
    default = next(row["GroupId"] for row in groups if row["GroupName"] == "default")
    rule: Any = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": default}]}
    n.ec2.authorize_security_group_ingress(GroupId=default, IpPermissions=[rule])
    return f"{default} (default): a rule lets {default} (protocol -1) in"


def _another_group(n: Network) -> str:
    made = n.ec2.create_security_group(GroupName="stranger", Description="x", VpcId=n.vpc)["GroupId"]
    rule: Any = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": ANYWHERE}]}
    n.ec2.revoke_security_group_egress(GroupId=made, IpPermissions=[rule])
    return "security groups: expected the default one and ours, got 3"


def _acl_entry(egress: bool, way: str) -> Callable[[Network], str]:
    def add(n: Network) -> str:
        n.ec2.create_network_acl_entry(
            NetworkAclId=n.acl, RuleNumber=100, Protocol="-1", RuleAction="allow", Egress=egress, CidrBlock=ANYWHERE
        )
        return f"{n.acl}: entry 100 lets {ANYWHERE} {way}"

    return add


def _default_acl(n: Network) -> str:
    acls = n.ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [n.vpc]}])["NetworkAcls"]
    default = next(row["NetworkAclId"] for row in acls if row["IsDefault"])
    ours = next(row for acl in acls for row in acl["Associations"] if row["SubnetId"] == n.subnet)
    n.ec2.replace_network_acl_association(AssociationId=ours["NetworkAclAssociationId"], NetworkAclId=default)
    return f"{default}: the VPC's default ACL is the subnet's"


def _route(n: Network) -> str:
    tables = n.ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [n.vpc]}])["RouteTables"]
    table, gateway = tables[0]["RouteTableId"], n.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    n.ec2.create_route(RouteTableId=table, DestinationCidrBlock=ANYWHERE, GatewayId=gateway)
    return f"{table}: a route to {ANYWHERE} leads to {gateway}"


def _interface(n: Network) -> str:
    made = n.ec2.create_network_interface(SubnetId=n.subnet, Description="resolver endpoint")["NetworkInterface"]
    name = made["NetworkInterfaceId"]
    return f"{name}: expected an empty VPC, got an interface (interface, resolver endpoint)"


def _public_address(n: Network) -> str:
    interface = n.ec2.create_network_interface(SubnetId=n.subnet, Description="x")["NetworkInterface"]
    name = interface["NetworkInterfaceId"]
    address = n.ec2.allocate_address(Domain="vpc")
    n.ec2.associate_address(AllocationId=address["AllocationId"], NetworkInterfaceId=name)
    public = address["PublicIp"]
    return f"{name}: expected an empty VPC, got an interface (interface, x, with public address {public})"


WAYS_OUT = [
    _internet_gateway, _egress_only_gateway, _carrier_gateway, _nat_gateway, _vpn_gateway, _endpoint, _peering_out,
    _peering_in, _transit_attachment, _resolver, _hostnames, _public_addresses, _second_subnet, _second_block, _ipv6,
    _group_out, _group_in, _default_group, _another_group, _acl_entry(True, "out"), _acl_entry(False, "in"),
    _default_acl, _route, _interface, _public_address,
]  # fmt: skip


@pytest.mark.parametrize("open_it", WAYS_OUT, ids=lambda way: way.__qualname__.split(".")[0].strip("_"))
def test_each_way_out_closes_the_gate_and_is_named(network: Network, open_it: Callable[[Network], str]) -> None:
    expected = open_it(network)
    assert expected in network.findings()
    with pytest.raises(AwsError, match=f"{network.vpc}: the network is not isolated, no machine is started in it:\n"):
        prove_isolation(network.ec2, network.vpc)


def test_another_vpcs_gateways_are_nobodys_business(network: Network) -> None:
    other = network.ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    _internet_gateway(replace(network, vpc=other))
    _egress_only_gateway(replace(network, vpc=other))
    assert network.findings() == []


def test_a_vpc_that_is_not_there_is_no_proof(network: Network) -> None:
    with pytest.raises(ClientError):
        prove_isolation(network.ec2, "vpc-00000000000000000")


def test_what_may_not_be_read_is_no_proof(network: Network) -> None:
    with Stubber(network.ec2) as stub:
        stub.add_client_error("describe_vpc_peering_connections", "UnauthorizedOperation")
        with pytest.raises(ClientError, match="UnauthorizedOperation"):
            prove_isolation(network.ec2, network.vpc)


# What moto does not have, judged as EC2 describes it.

FACTS = NetworkFacts(
    vpc={"VpcId": "vpc-1", "CidrBlock": "10.255.255.0/28"},
    dns_support=False,
    dns_hostnames=False,
    subnets=({"SubnetId": "subnet-1"},),
    route_tables=({"RouteTableId": "rtb-1", "Routes": [{"GatewayId": "local"}]},),
    security_groups=({"GroupName": "default"}, {"GroupName": "ours"}),
    acls=({"NetworkAclId": "acl-1", "Associations": [{"SubnetId": "subnet-1"}], "Entries": []},),
)


def _table(**more: Any) -> NetworkFacts:
    return replace(FACTS, route_tables=({"RouteTableId": "rtb-1", "Routes": [{"GatewayId": "local"}], **more},))


def _routes(**route: Any) -> NetworkFacts:
    return _table(Routes=[{"GatewayId": "local"}, route])


def _subnet(**more: Any) -> NetworkFacts:
    return replace(FACTS, subnets=({"SubnetId": "subnet-1", **more},))


@pytest.mark.parametrize(
    ("facts", "finding"),
    [
        (replace(FACTS, vpc={}), "VPC: expected one, got none"),
        (replace(FACTS, dns_support=None), "resolver: expected enableDnsSupport to be off"),
        (replace(FACTS, route_tables=()), "routes: expected the VPC's main table, got none"),
        (replace(FACTS, acls=()), "subnet-1: expected an ACL, got none"),
        (replace(FACTS, security_groups=({"GroupName": "a"}, {"GroupName": "b"})), "security groups: expected the VPC"),
        (_routes(DestinationPrefixListId="pl-1", GatewayId="vpce-1"), "rtb-1: a route to pl-1 leads to vpce-1"),
        (_routes(DestinationCidrBlock="10.0.0.0/8", CoreNetworkArn="arn:x"), "rtb-1: a route to 10.0.0.0/8 leads to a"),
        (_routes(DestinationIpv6CidrBlock="::/0", NatGatewayId="nat-1"), "rtb-1: a route to ::/0 leads to nat-1"),
        (_routes(DestinationCidrBlock="1.0.0.0/8", State="blackhole"), "rtb-1: a route to 1.0.0.0/8 leads to nowhere"),
        (_table(PropagatingVgws=[{"GatewayId": "vgw-1"}]), "rtb-1: routes are propagated from vgw-1"),
        (_table(Associations=[{"GatewayId": "igw-1"}]), "rtb-1: is the table of gateway igw-1"),
        (_subnet(EnableDns64=True), "subnet-1: EnableDns64 is on"),
        (_subnet(AssignIpv6AddressOnCreation=True), "subnet-1: AssignIpv6AddressOnCreation is on"),
        (_subnet(Ipv6CidrBlockAssociationSet=[{}]), "subnet-1: has an IPv6 block"),
        (_subnet(OutpostArn="arn:aws:outposts:x"), "subnet-1: is on an outpost"),
        (replace(FACTS, nat_gateways=({"NatGatewayId": "nat-1", "State": "deleting"},)), "NAT gateway: nat-1 leads"),
        (replace(FACTS, peerings=({"VpcPeeringConnectionId": "pcx", "Status": {"Code": "active"}},)), "peering: pcx"),
        (replace(FACTS, endpoints=({"VpcEndpointId": "vpce-1"},)), "endpoint: vpce-1 leads out"),
    ],
)
def test_what_else_the_api_can_say_closes_the_gate_too(facts: NetworkFacts, finding: str) -> None:
    found = judge_network(facts)
    assert len(found) == 1, found
    assert found[0].startswith(finding)


def test_what_has_ended_for_good_leads_nowhere() -> None:
    assert judge_network(FACTS) == []
    ended = replace(
        FACTS,
        nat_gateways=({"NatGatewayId": "nat-1", "State": "deleted"},),
        endpoints=({"VpcEndpointId": "vpce-1", "State": "Deleted"},),
        peerings=({"VpcPeeringConnectionId": "pcx-1", "Status": {"Code": "rejected"}},),
        vpn_gateways=({"VpnGatewayId": "vgw-1", "VpcAttachments": [{"State": "detached"}]},),
    )
    assert judge_network(ended) == []


# Once more, after the machine has powered off


def _with_machine(network: Network) -> str:
    made: Any = network.ec2.run_instances(
        ImageId=base_ami(Aws(AwsSettings(region="eu-central-1"))),
        MinCount=1,
        MaxCount=1,
        SubnetId=network.subnet,
        SecurityGroupIds=[network.group],
    )
    machine: str = made["Instances"][0]["InstanceId"]
    network.ec2.stop_instances(InstanceIds=[machine])
    return machine


def test_the_machines_own_interface_may_be_there_and_no_other(network: Network) -> None:
    machine = _with_machine(network)
    assert "interfaces besides the machine's: none" in prove_isolation(network.ec2, network.vpc, machine)
    with pytest.raises(AwsError, match="no machine is started in it"):
        prove_isolation(network.ec2, network.vpc)
    network.ec2.create_network_interface(SubnetId=network.subnet)
    with pytest.raises(
        AwsError, match=r"is no longer isolated, what ran in it is refused:\neni-.*: expected an empty VPC"
    ):
        prove_isolation(network.ec2, network.vpc, machine)


@pytest.mark.parametrize(
    "more", [{"Association": {"PublicIp": "203.0.113.9"}}, {"Ipv6Addresses": [{"Ipv6Address": "::1"}]}]
)
def test_a_public_address_on_the_machines_own_interface_is_a_finding(more: dict[str, Any]) -> None:
    row = {"NetworkInterfaceId": "eni-1", "Attachment": {"InstanceId": "i-1"}}
    assert isolation._is_only(row, "i-1")
    assert not isolation._is_only({**row, **more}, "i-1")
    assert not isolation._is_only(row, "i-2")
