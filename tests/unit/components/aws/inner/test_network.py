"""The build network: every property that isolation rests on is declared, and nothing that leads out."""

from __future__ import annotations

import pytest

from tests.support.aws.declared_network import TAGS, network
from tests.support.recorded import Recorded

__all__ = ["network"]

LEADS_OUT = ("Gateway", "Endpoint", "Peering", "Route", "Attachment", "Eip", "Dhcp", "Rule", "Association")


def test_it_consists_of_a_vpc_a_subnet_and_what_denies_and_nothing_else(network: Recorded) -> None:
    assert network.types() == [
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        "aws:ec2/networkAcl:NetworkAcl",
        "aws:ec2/networkAclAssociation:NetworkAclAssociation",
        "aws:ec2/securityGroup:SecurityGroup",
        "aws:ec2/subnet:Subnet",
        "aws:ec2/vpc:Vpc",
        "hallmark:index:BuildNetwork",
        "pulumi-python:dynamic/hallmark:NetworkReadBack",
    ]


def test_nothing_leads_out_of_it(network: Recorded) -> None:
    kinds = [kind.rpartition(":")[2] for kind in network.types() if kind.startswith("aws:")]
    leading = [kind for kind in kinds for word in LEADS_OUT if word in kind]
    assert leading == ["NetworkAclAssociation"]


def test_the_resolver_is_off_and_there_is_no_ipv6(network: Recorded) -> None:
    vpc = network.inputs("net-vpc")
    assert vpc["enableDnsSupport"] is False
    assert vpc["enableDnsHostnames"] is False
    assert vpc["assignGeneratedIpv6CidrBlock"] is False
    assert not [key for key in vpc if key.startswith("ipv6")]


def test_the_subnet_gives_no_public_address(network: Recorded) -> None:
    subnet = network.inputs("net-subnet")
    assert subnet["vpcId"] == "net-vpc-id"
    assert subnet["mapPublicIpOnLaunch"] is False
    assert subnet["assignIpv6AddressOnCreation"] is False
    assert subnet["availabilityZone"] == "eu-central-1a"


@pytest.mark.parametrize("group", ["net-group", "net-default-group"])
def test_both_groups_let_nothing_in_or_out(network: Recorded, group: str) -> None:
    inputs = network.inputs(group)
    assert (inputs["vpcId"], inputs["ingress"], inputs["egress"]) == ("net-vpc-id", [], [])


def test_the_acl_of_the_subnet_denies_all(network: Recorded) -> None:
    acl, association = network.inputs("net-acl"), network.inputs("net-acl-association")
    assert (acl["vpcId"], acl["ingress"], acl["egress"]) == ("net-vpc-id", [], [])
    assert association == {"networkAclId": "net-acl-id", "subnetId": "net-subnet-id"}


def test_all_that_can_be_tagged_is_tagged_when_it_is_made(network: Recorded) -> None:
    made = {name for name, (kind, _) in network.resources.items() if kind.startswith("aws:")}
    assert all(network.inputs(name)["tags"] == TAGS for name in made - {"net-acl-association"})


def test_all_parts_are_the_components_children(network: Recorded) -> None:
    parts = [name for name, (kind, _) in network.resources.items() if kind.startswith("aws:")]
    assert {network.parent(name) for name in parts} == {"net"}
