"""The doubled AWS provider's network types, driven by the real Pulumi engine."""

from __future__ import annotations

import pytest

from tests.doubles.server import Server
from tests.doubles.stack import PulumiError, Stack
from tests.support.aws.doubled import server, stack

__all__ = ["server", "stack"]

NETWORK = """
vpc = aws.ec2.Vpc("vpc", cidr_block="{cidr}", enable_dns_support={dns}, tags={tags})
subnet = aws.ec2.Subnet("subnet", vpc_id=vpc.id, cidr_block="{cidr}", availability_zone="eu-central-1a")
table = aws.ec2.RouteTable("table", vpc_id=vpc.id)
link = aws.ec2.RouteTableAssociation("link", route_table_id=table.id, subnet_id=subnet.id)
group = aws.ec2.SecurityGroup("group", vpc_id=vpc.id, ingress=[], egress=[])
default = aws.ec2.DefaultSecurityGroup("default", vpc_id=vpc.id, ingress=[], egress=[])
acl = aws.ec2.NetworkAcl("acl", vpc_id=vpc.id)
acl_link = aws.ec2.NetworkAclAssociation("acl-link", network_acl_id=acl.id, subnet_id=subnet.id)
for name in ("vpc", "subnet", "group", "default", "acl"):
    pulumi.export(name, globals()[name].id)
"""


def network(*, cidr: str = "10.0.0.0/24", dns: bool = False, tags: str = '{"a": "1"}') -> str:
    return NETWORK.format(cidr=cidr, dns=dns, tags=tags)


def test_a_network_comes_as_declared_stays_as_it_is_and_goes(stack: Stack, server: Server) -> None:
    made = stack.up(network())

    ec2 = server.client("ec2")
    assert (
        ec2.describe_vpc_attribute(VpcId=made["vpc"], Attribute="enableDnsSupport")["EnableDnsSupport"]["Value"]
        is False
    )
    for name in ("group", "default"):
        group = ec2.describe_security_groups(GroupIds=[made[name]])["SecurityGroups"][0]
        assert (group["IpPermissions"], group["IpPermissionsEgress"]) == ([], [])
    holder = ec2.describe_network_acls(Filters=[{"Name": "association.subnet-id", "Values": [made["subnet"]]}])[
        "NetworkAcls"
    ]
    assert [acl["NetworkAclId"] for acl in holder] == [made["acl"]]
    assert [(one["RuleNumber"], one["RuleAction"]) for one in holder[0]["Entries"]] == [(32767, "deny")] * 2

    before = len(server.calls)
    stack.up(network(), "--refresh", "--expect-no-changes")
    assert not [call.action for call in server.calls[before:] if call.mutates]

    stack.pulumi("destroy", "--yes", "--skip-preview")
    assert len(ec2.describe_vpcs()["Vpcs"]) == 1  # the default one
    assert stack.resources() == {}


def test_an_attribute_and_tags_change_in_place_and_a_cidr_replaces(stack: Stack, server: Server) -> None:
    program = """
vpc = aws.ec2.Vpc("vpc", cidr_block="{cidr}", enable_dns_support={dns}, tags={tags})
pulumi.export("vpc", vpc.id)
"""
    first = stack.up(program.format(cidr="10.0.0.0/24", dns=True, tags='{"a": "1", "b": "2"}'))
    second = stack.up(program.format(cidr="10.0.0.0/24", dns=False, tags='{"a": "3"}'))
    third = stack.up(program.format(cidr="10.1.0.0/24", dns=False, tags='{"a": "3"}'))

    assert first == second != third
    vpcs = {vpc["VpcId"]: vpc for vpc in server.client("ec2").describe_vpcs()["Vpcs"] if not vpc["IsDefault"]}
    assert list(vpcs) == [third["vpc"]]
    assert vpcs[third["vpc"]]["Tags"] == [{"Key": "a", "Value": "3"}]
    assert "DeleteTags" in server.actions()


def test_a_vanished_resource_is_dropped_by_refresh_and_drift_is_seen(stack: Stack, server: Server) -> None:
    made = stack.up(network())
    ec2 = server.client("ec2")
    ec2.modify_vpc_attribute(VpcId=made["vpc"], EnableDnsSupport={"Value": True})
    ec2.authorize_security_group_egress(
        GroupId=made["group"], IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    )
    default = ec2.describe_network_acls(
        Filters=[{"Name": "default", "Values": ["true"]}, {"Name": "vpc-id", "Values": [made["vpc"]]}]
    )
    link = ec2.describe_network_acls(NetworkAclIds=[made["acl"]])["NetworkAcls"][0]["Associations"][0]
    ec2.replace_network_acl_association(
        AssociationId=link["NetworkAclAssociationId"], NetworkAclId=default["NetworkAcls"][0]["NetworkAclId"]
    )

    stack.pulumi("refresh", "--yes", "--skip-preview")
    assert "acl-link" not in stack.resources()
    with pytest.raises(PulumiError, match="no changes were expected"):
        stack.pulumi("preview", "--expect-no-changes")
    stack.up(network())

    assert (
        ec2.describe_vpc_attribute(VpcId=made["vpc"], Attribute="enableDnsSupport")["EnableDnsSupport"]["Value"]
        is False
    )
    assert ec2.describe_security_groups(GroupIds=[made["group"]])["SecurityGroups"][0]["IpPermissionsEgress"] == []
    assert "acl-link" in stack.resources()


@pytest.mark.parametrize(
    ("props", "message"),
    [
        ('{"cidrBlock": "10.0.0.0/24", "enableDnsSuport": False}', "enableDnsSuport .*unknown property"),
        ('{"cidrBlock": "10.0.0.0/24", "enableDnsSupport": "no"}', "expected bool, got str"),
        ('{"cidrBlock": "10.0.0.0/24", "tags": {"a": 1}}', "expected str, got int"),
    ],
)
def test_a_wrong_property_fails_before_anything_is_created(
    stack: Stack, server: Server, props: str, message: str
) -> None:
    with pytest.raises(PulumiError, match=message):
        stack.up(f'pulumi.CustomResource("aws:ec2/vpc:Vpc", "vpc", {props})')

    assert "CreateVpc" not in server.actions()


def test_a_missing_property_fails(stack: Stack) -> None:
    with pytest.raises(PulumiError, match=r"vpcId.*required, but missing"):
        stack.up('pulumi.CustomResource("aws:ec2/subnet:Subnet", "subnet", {"cidrBlock": "10.0.0.0/24"})')


def test_a_type_the_double_does_not_have_is_named(stack: Stack) -> None:
    with pytest.raises(PulumiError, match="aws:ec2/eip:Eip: the double has no such resource type"):
        stack.up('aws.ec2.Eip("ip")')


def test_what_was_created_before_a_failure_is_in_the_state(stack: Stack, server: Server) -> None:
    server.fail("ModifyVpcAttribute", "UnauthorizedOperation", "not you", times=1)
    program = 'aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/24", enable_dns_support=False)'
    with pytest.raises(PulumiError, match="not you"):
        stack.up(program)

    assert stack.resources()["vpc"]["id"].startswith("vpc-")
    stack.pulumi("destroy", "--yes", "--skip-preview")
    assert len(server.client("ec2").describe_vpcs()["Vpcs"]) == 1


def test_security_groups_get_a_name_and_their_rules(stack: Stack, server: Server) -> None:
    rule = 'aws.ec2.SecurityGroupIngressArgs(protocol="tcp", from_port=443, to_port={port}, cidr_blocks=["10.0.0.0/8"])'
    program = f'group = aws.ec2.SecurityGroup("web", ingress=[{rule}])\npulumi.export("id", group.id)'
    made = stack.up(program.replace("{port}", "443"))
    again = stack.up(program.replace("{port}", "444"))

    assert made == again
    group = server.client("ec2").describe_security_groups(GroupIds=[made["id"]])["SecurityGroups"][0]
    assert group["GroupName"].startswith("web-")
    assert group["Description"] == "Managed by Pulumi"
    assert [(one["FromPort"], one["ToPort"]) for one in group["IpPermissions"]] == [(443, 444)]
    assert group["IpPermissionsEgress"] == []


def test_an_acl_and_its_rules(stack: Stack, server: Server) -> None:
    program = """
    vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/24")
    acl = aws.ec2.NetworkAcl("acl", vpc_id=vpc.id)
    aws.ec2.NetworkAclRule("rule", network_acl_id=acl.id, rule_number={number}, protocol="-1", rule_action="deny",
         cidr_block="0.0.0.0/0")
    pulumi.export("acl", acl.id)
    """
    stack.up(program.replace("{number}", "1"))
    made = stack.up(program.replace("{number}", "2"))

    acl = server.client("ec2").describe_network_acls(NetworkAclIds=[made["acl"]])["NetworkAcls"][0]
    inwards = sorted((one["RuleNumber"], one["RuleAction"]) for one in acl["Entries"] if not one["Egress"])
    assert inwards == [(2, "deny"), (32767, "deny")]
