"""The gate itself: what IAM is asked for a call, each resource and condition of it, and how a refusal is answered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from hallmark.aws.errors import code_of, explain
from tests.doubles.permissions import Gate, held_to
from tests.doubles.server import ACCOUNT, REGION, Server
from tests.support.aws.doubled import image, server, snapshot
from tests.support.aws.iam import Request

__all__ = ["server"]

EC2 = f"arn:aws:ec2:{REGION}:{ACCOUNT}"
TAGS = [{"Key": "owner", "Value": "us"}]
ASKED, THERE = {"aws:RequestTag/owner": "us"}, {"aws:ResourceTag/owner": "us"}


def statement(action: str | list[str], resource: str | list[str] = "*", **condition: Any) -> dict[str, Any]:
    made = {"Effect": "Allow", "Action": action, "Resource": resource}
    return {**made, "Condition": condition} if condition else made


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


EVERYTHING = policy(statement("*"))


@pytest.fixture
def gate(server: Server) -> Iterator[Gate]:
    """A gate that lets everything through and keeps what was asked."""
    with held_to(server, EVERYTHING) as gate:
        yield gate


def asked(gate: Gate, action: str) -> dict[str, dict[str, Any]]:
    """The resources of an action's requests (without ids), with their condition keys."""
    return {
        request.resource.rpartition("/")[0]: dict(request.context)
        for request in gate.requests
        if request.action == action
    }


def refused(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return code_of(caught.value)


def subnet_of(ec2: Any) -> str:
    found: str = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    return found


# What is asked


def test_run_instances_asks_for_all_that_it_touches(server: Server, gate: Gate) -> None:
    ec2, role = server.client("ec2"), server.client_of_role("ec2")
    ami, media = image(ec2), snapshot(ec2)
    ec2.create_tags(Resources=[ami], Tags=TAGS)
    role.run_instances(
        ImageId=ami,
        InstanceType="t3.micro",
        MinCount=1,
        MaxCount=1,
        KeyName=ec2.create_key_pair(KeyName="mine")["KeyName"],
        NetworkInterfaces=[{"DeviceIndex": 0, "SubnetId": subnet_of(ec2), "AssociatePublicIpAddress": False}],
        MetadataOptions={"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
        BlockDeviceMappings=[{"DeviceName": "/dev/sdf", "Ebs": {"SnapshotId": media}}],
        TagSpecifications=[{"ResourceType": "instance", "Tags": TAGS}],
    )
    requests = asked(gate, "ec2:RunInstances")
    kinds = ("instance", "key-pair", "network-interface", "security-group", "subnet", "volume")
    assert set(requests) == {
        *(f"{EC2}:{kind}" for kind in kinds),
        f"arn:aws:ec2:{REGION}::image",
        f"arn:aws:ec2:{REGION}::snapshot",
    }
    assert requests[f"{EC2}:instance"]["ec2:MetadataHttpTokens"] == "required"
    assert requests[f"{EC2}:instance"]["ec2:MetadataHttpPutResponseHopLimit"] == "1"
    assert requests[f"{EC2}:instance"]["aws:RequestTag/owner"] == "us"
    assert "aws:RequestTag/owner" not in requests[f"{EC2}:volume"]
    assert requests[f"{EC2}:network-interface"]["ec2:AssociatePublicIpAddress"] == "false"
    assert requests[f"arn:aws:ec2:{REGION}::image"]["aws:ResourceTag/owner"] == "us"
    assert asked(gate, "ec2:CreateTags")[f"{EC2}:instance"]["ec2:CreateAction"] == "RunInstances"
    assert all(context["aws:RequestedRegion"] == REGION for context in requests.values())


def test_a_key_is_used_in_the_callers_name(server: Server, gate: Gate) -> None:
    key = server.client("kms").create_key()["KeyMetadata"]["Arn"]
    ebs = server.client_of_role("ebs")
    ebs.start_snapshot(VolumeSize=1, Encrypted=True, KmsKeyArn=key, Tags=TAGS)
    grant = next(request for request in gate.requests if request.action == "kms:CreateGrant")
    assert grant.resource == key
    assert grant.context["kms:ViaService"] == f"ebs.{REGION}.amazonaws.com"
    assert grant.context["kms:GrantIsForAWSResource"] == "true"
    # StartSnapshot is no value that AWS documents for ec2:CreateAction, so the double sets none.
    assert "ec2:CreateAction" not in asked(gate, "ec2:CreateTags")[f"arn:aws:ec2:{REGION}::snapshot"]


def test_an_instance_profile_is_a_role_that_is_passed(server: Server, gate: Gate) -> None:
    role, ami = server.client_of_role("ec2"), image(server.client("ec2"))
    arguments = {"ImageId": ami, "MinCount": 1, "MaxCount": 1, "IamInstanceProfile": {"Name": "admin"}}
    refused(role.run_instances, **arguments)  # moto knows no such profile
    assert "iam:PassRole" in gate.used


def test_the_tests_own_calls_are_not_judged(server: Server) -> None:
    with held_to(server, policy()) as gate:
        server.client("ec2").describe_vpcs()
    assert (gate.requests, gate.denied) == ([], [])


def test_a_call_that_the_gate_does_not_know_fails_the_test(server: Server) -> None:
    with pytest.raises(AssertionError, match="ec2:AllocateHosts"), held_to(server, EVERYTHING):
        refused(server.client_of_role("ec2").allocate_hosts, AvailabilityZone="a", Quantity=1)


# Allow and deny, by resource and by condition


def test_by_resource(server: Server) -> None:
    ec2, role = server.client("ec2"), server.client_of_role("ec2")
    mine, other = (ec2.create_vpc(CidrBlock="10.0.0.0/24")["Vpc"]["VpcId"] for _ in range(2))
    with held_to(server, policy(statement("ec2:DeleteVpc", f"{EC2}:vpc/{mine}"))) as gate:
        role.delete_vpc(VpcId=mine)
        assert refused(role.delete_vpc, VpcId=other) == "UnauthorizedOperation"
    why = "because no identity-based policy allows it"
    told = f"not authorized to perform: ec2:DeleteVpc on resource: {EC2}:vpc/{other} {why}"
    assert [str(one) for one in gate.denied] == [told]
    assert ec2.describe_vpcs(VpcIds=[other])["Vpcs"]


def test_by_the_tags_of_what_is_there(server: Server) -> None:
    ec2, role = server.client("ec2"), server.client_of_role("ec2")
    mine, other = (ec2.create_vpc(CidrBlock="10.0.0.0/24")["Vpc"]["VpcId"] for _ in range(2))
    ec2.create_tags(Resources=[mine], Tags=TAGS)
    with held_to(server, policy(statement("ec2:DeleteVpc", StringEquals=THERE))):
        assert refused(role.delete_vpc, VpcId=other) == "UnauthorizedOperation"
        role.delete_vpc(VpcId=mine)


def test_by_the_tags_that_are_asked_for(server: Server) -> None:
    role = server.client_of_role("ec2")
    made = policy(statement(["ec2:CreateVpc", "ec2:CreateTags"], StringEquals=ASKED))
    with held_to(server, made):
        role.create_vpc(CidrBlock="10.0.0.0/24", TagSpecifications=[{"ResourceType": "vpc", "Tags": TAGS}])
        assert refused(role.create_vpc, CidrBlock="10.0.0.0/24") == "UnauthorizedOperation"


def test_tags_at_creation_need_a_permission_of_their_own(server: Server) -> None:
    role = server.client_of_role("ec2")
    specification = [{"ResourceType": "vpc", "Tags": TAGS}]
    tagging = statement("ec2:CreateTags", StringEquals={"ec2:CreateAction": "CreateVpc"})
    with held_to(server, policy(statement("ec2:CreateVpc"))) as gate:
        refused(role.create_vpc, CidrBlock="10.0.0.0/24", TagSpecifications=specification)
        assert gate.denied[0].request.action == "ec2:CreateTags"
    with held_to(server, policy(statement("ec2:CreateVpc"), tagging)):
        made = role.create_vpc(CidrBlock="10.0.0.0/24", TagSpecifications=specification)["Vpc"]["VpcId"]
        assert refused(role.create_tags, Resources=[made], Tags=TAGS) == "UnauthorizedOperation"


def test_by_region(server: Server) -> None:
    here = policy(statement("ec2:DescribeVpcs", StringEquals={"aws:RequestedRegion": REGION}))
    there = policy(statement("ec2:DescribeVpcs", StringEquals={"aws:RequestedRegion": "us-east-1"}))
    with held_to(server, here):
        server.client_of_role("ec2").describe_vpcs()
    with held_to(server, there):
        assert refused(server.client_of_role("ec2").describe_vpcs) == "UnauthorizedOperation"


def test_every_resource_of_a_call_must_be_allowed_and_policies_add_up(server: Server) -> None:
    ec2, role = server.client("ec2"), server.client_of_role("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/24")["Vpc"]["VpcId"]
    subnet, parent = (
        policy(statement("ec2:CreateSubnet", f"{EC2}:subnet/*")),
        policy(statement("ec2:CreateSubnet", f"{EC2}:vpc/*")),
    )
    for one in (subnet, parent):
        with held_to(server, one):
            assert refused(role.create_subnet, VpcId=vpc, CidrBlock="10.0.0.0/28") == "UnauthorizedOperation"
    with held_to(server, subnet, parent):
        role.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/28")


def test_an_explicit_deny_wins(server: Server) -> None:
    ec2, role = server.client("ec2"), server.client_of_role("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/24")["Vpc"]["VpcId"]
    ec2.create_tags(Resources=[vpc], Tags=TAGS)
    deny = {**statement("ec2:DeleteVpc", StringEquals=THERE), "Effect": "Deny"}
    with held_to(server, EVERYTHING, policy(deny)) as gate:
        assert refused(role.delete_vpc, VpcId=vpc) == "UnauthorizedOperation"
    assert gate.denied[0].explicit


def test_the_acl_and_the_subnet_are_both_asked_for(server: Server, gate: Gate) -> None:
    ec2 = server.client("ec2")
    link = ec2.describe_network_acls()["NetworkAcls"][0]
    acl = ec2.create_network_acl(VpcId=link["VpcId"])["NetworkAcl"]["NetworkAclId"]
    association = link["Associations"][0]["NetworkAclAssociationId"]
    server.client_of_role("ec2").replace_network_acl_association(AssociationId=association, NetworkAclId=acl)
    assert {request.resource for request in gate.requests} == {
        f"{EC2}:network-acl/{acl}",
        f"{EC2}:subnet/{link['Associations'][0]['SubnetId']}",
    }


# How it is answered, and told


@pytest.mark.parametrize(
    ("service", "call", "arguments", "code"),
    [
        ("ec2", "describe_vpcs", {}, "UnauthorizedOperation"),
        ("ssm", "get_parameter", {"Name": "/hallmark/x/stable"}, "AccessDeniedException"),
        ("kms", "describe_key", {"KeyId": "x"}, "AccessDeniedException"),
        ("ebs", "list_snapshot_blocks", {"SnapshotId": "snap-1234567890abcdef0"}, "AccessDeniedException"),
        ("service-quotas", "get_service_quota", {"ServiceCode": "vpc", "QuotaCode": "L-1"}, "AccessDeniedException"),
        ("s3", "get_object", {"Bucket": "evidence", "Key": "x/index.json"}, "AccessDenied"),
    ],
)
def test_a_refusal_is_answered_as_the_service_does_it(
    server: Server, service: str, call: str, arguments: dict[str, Any], code: str
) -> None:
    client = server.client_of_role(service)
    with held_to(server, policy()), pytest.raises(ClientError) as caught:
        getattr(client, call)(**arguments)
    assert code_of(caught.value) == code
    words = explain(caught.value, REGION)
    assert words.startswith("not allowed: ")
    assert "docs/iam/pipeline.json lists what is needed" in words
    assert "because no identity-based policy allows it" in words


def test_a_run_can_be_replayed_against_less(server: Server, gate: Gate) -> None:
    server.client_of_role("ec2").describe_vpcs()
    server.client_of_role("sts").get_caller_identity()
    assert gate.used == {"ec2:DescribeVpcs"}
    assert gate.replay(EVERYTHING) == []
    assert gate.replay(policy(statement("ec2:DescribeSubnets"))) == [
        Request(action="ec2:DescribeVpcs", context={"aws:RequestedRegion": REGION})
    ]
