"""The policies in docs/iam, judged: what the pipeline does is allowed, what opens a network or is not ours is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session

from hallmark.aws_policies import EXAMPLE, consumer_policy, documents, pipeline_policy
from tests.aws.iam import Request, allowed, judge

DOCS = Path(__file__).parents[2] / "docs" / "iam"
PIPELINE, CONSUMER = pipeline_policy(EXAMPLE), consumer_policy(EXAMPLE)
EC2 = f"arn:aws:ec2:{EXAMPLE.region}:{EXAMPLE.account}"
IMAGE = f"arn:aws:ec2:{EXAMPLE.region}::image/ami-1"
SNAPSHOT = f"arn:aws:ec2:{EXAMPLE.region}::snapshot/snap-1"
HERE = {"aws:RequestedRegion": EXAMPLE.region}
ASKED = {**HERE, "aws:RequestTag/hallmark:managed": "true"}
THERE = {**HERE, "aws:ResourceTag/hallmark:managed": "true"}
RUN_INSTANCE = {**ASKED, "ec2:MetadataHttpTokens": "required"}


def request(action: str, resource: str = "*", **context: Any) -> Request:
    return Request(action=action, resource=resource, context=context.get("context", HERE))


def _tagging(action: str) -> dict[str, str]:
    return {**ASKED, "ec2:CreateAction": action}


# One row for each thing that the pipeline does: the action, on what, in which circumstances.
DONE: list[tuple[str, str, dict[str, str]]] = [
    ("ec2:DescribeVpcs", "*", HERE),
    ("ec2:DescribeVpcPeeringConnections", "*", HERE),
    ("servicequotas:GetServiceQuota", "*", HERE),
    ("ec2:CreateVpc", f"{EC2}:vpc/vpc-1", ASKED),
    ("ec2:CreateSubnet", f"{EC2}:subnet/subnet-1", ASKED),
    ("ec2:CreateSubnet", f"{EC2}:vpc/vpc-1", THERE),
    ("ec2:CreateSecurityGroup", f"{EC2}:security-group/sg-1", ASKED),
    ("ec2:CreateSecurityGroup", f"{EC2}:vpc/vpc-1", THERE),
    ("ec2:CreateNetworkAcl", f"{EC2}:network-acl/acl-1", ASKED),
    ("ec2:CreateNetworkAcl", f"{EC2}:vpc/vpc-1", THERE),
    ("ec2:CreateTags", f"{EC2}:vpc/vpc-1", _tagging("CreateVpc")),
    ("ec2:CreateTags", f"{EC2}:volume/vol-1", _tagging("RunInstances")),
    ("ec2:CreateTags", SNAPSHOT, _tagging("CreateSnapshot")),
    ("ec2:CreateTags", f"{EC2}:security-group/sg-default", ASKED),
    ("ec2:CreateTags", IMAGE, THERE),
    ("ec2:ModifyVpcAttribute", f"{EC2}:vpc/vpc-1", THERE),
    ("ec2:ReplaceNetworkAclAssociation", f"{EC2}:network-acl/acl-1", THERE),
    ("ec2:RevokeSecurityGroupEgress", f"{EC2}:security-group/sg-1", THERE),
    ("ec2:RunInstances", f"{EC2}:instance/i-1", RUN_INSTANCE),
    ("ec2:RunInstances", f"{EC2}:volume/vol-1", ASKED),
    ("ec2:RunInstances", f"{EC2}:network-interface/eni-1", {**HERE, "ec2:AssociatePublicIpAddress": "false"}),
    ("ec2:RunInstances", f"{EC2}:subnet/subnet-1", HERE),
    ("ec2:RunInstances", f"{EC2}:security-group/sg-1", HERE),
    ("ec2:RunInstances", IMAGE, HERE),
    ("ec2:RunInstances", SNAPSHOT, HERE),
    ("ec2:StopInstances", f"{EC2}:instance/i-1", THERE),
    ("ec2:GetConsoleOutput", f"{EC2}:instance/i-1", THERE),
    ("ec2:TerminateInstances", f"{EC2}:instance/i-1", THERE),
    ("ec2:DeleteVolume", f"{EC2}:volume/vol-1", THERE),
    ("ec2:DeleteVpc", f"{EC2}:vpc/vpc-1", THERE),
    ("ec2:CreateSnapshot", SNAPSHOT, ASKED),
    ("ec2:CreateSnapshot", f"{EC2}:volume/vol-1", THERE),
    ("ec2:DeleteSnapshot", SNAPSHOT, THERE),
    ("ebs:StartSnapshot", SNAPSHOT, ASKED),
    ("ebs:PutSnapshotBlock", SNAPSHOT, THERE),
    ("ebs:ListSnapshotBlocks", SNAPSHOT, THERE),
    ("ec2:RegisterImage", IMAGE, ASKED),
    ("ec2:RegisterImage", SNAPSHOT, THERE),
    ("ssm:PutParameter", f"arn:aws:ssm:{EXAMPLE.region}:{EXAMPLE.account}:parameter/hallmark/x/stable", HERE),
    ("kms:DescribeKey", EXAMPLE.kms_key, HERE),
    ("kms:CreateGrant", EXAMPLE.kms_key, {**HERE, "kms:GrantIsForAWSResource": "true"}),
]


@pytest.mark.parametrize(("action", "resource", "context"), DONE)
def test_what_the_pipeline_does_is_allowed(action: str, resource: str, context: dict[str, str]) -> None:
    assert allowed(request(action, resource, context=context), PIPELINE)


@pytest.mark.parametrize(("action", "resource", "context"), [row for row in DONE if row[2] is not HERE])
def test_without_its_tag_or_condition_it_is_not(action: str, resource: str, context: dict[str, str]) -> None:
    bare = Request(action=action, resource=resource, context=HERE)
    assert not allowed(bare, PIPELINE)


@pytest.mark.parametrize(("action", "resource", "context"), [row for row in DONE if "aws:RequestedRegion" in row[2]])
def test_in_another_region_it_is_not(action: str, resource: str, context: dict[str, str]) -> None:
    elsewhere = {**context, "aws:RequestedRegion": "us-east-1"}
    moved = resource.replace(EXAMPLE.region, "us-east-1")
    assert not allowed(Request(action=action, resource=moved, context=elsewhere), PIPELINE)


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("ec2:TerminateInstances", f"{EC2}:instance/i-somebodys", HERE),
        ("ec2:DeleteVpc", f"{EC2}:vpc/vpc-somebodys", HERE),
        ("ec2:CreateTags", f"{EC2}:instance/i-somebodys", ASKED),
        ("ec2:CreateTags", IMAGE, {**ASKED, "aws:ResourceTag/hallmark:managed": "false"}),
        ("ec2:DeregisterImage", IMAGE, THERE),
        ("ec2:RunInstances", f"{EC2}:instance/i-1", {**RUN_INSTANCE, "ec2:InstanceProfile": "arn:aws:iam::1:x"}),
        ("ec2:RunInstances", f"{EC2}:instance/i-1", {**ASKED, "ec2:MetadataHttpTokens": "optional"}),
        ("ec2:RunInstances", f"{EC2}:network-interface/e", {**HERE, "ec2:AssociatePublicIpAddress": "true"}),
        ("ec2:RunInstances", f"{EC2}:key-pair/mine", HERE),
        ("ssm:PutParameter", f"arn:aws:ssm:{EXAMPLE.region}:{EXAMPLE.account}:parameter/other", HERE),
        ("kms:Decrypt", EXAMPLE.kms_key.replace("0000", "1111"), HERE),
        ("kms:CreateGrant", EXAMPLE.kms_key, HERE),
        ("iam:CreateRole", "*", HERE),
        ("ec2:CreateKeyPair", "*", HERE),
    ],
)
def test_what_it_has_no_business_with_is_not_allowed(action: str, resource: str, context: dict[str, str]) -> None:
    assert judge(Request(action=action, resource=resource, context=context), PIPELINE) == "none"


OPENS = [
    "ec2:AttachInternetGateway", "ec2:CreateNatGateway", "ec2:CreateVpcEndpoint", "ec2:CreateVpcPeeringConnection",
    "ec2:CreateRoute", "ec2:AuthorizeSecurityGroupEgress", "ec2:CreateNetworkAclEntry", "ec2:AssociateAddress",
    "ec2:CreateTransitGatewayVpcAttachment", "iam:PassRole",
]  # fmt: skip


@pytest.mark.parametrize("action", OPENS)
def test_nothing_opens_a_network_even_for_an_administrator(action: str) -> None:
    everything = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    assert judge(Request(action=action, context=THERE), PIPELINE, everything) == "deny"


# P7


def _launch(**context: str) -> Request:
    tags = {f"aws:ResourceTag/hallmark:{key}": value for key, value in context.items()}
    return Request(action="ec2:RunInstances", resource=IMAGE, context={**HERE, **tags})


def test_a_consumer_launches_what_is_released() -> None:
    assert allowed(_launch(status="released", managed="true"), CONSUMER)
    for part in ("instance", "volume", "subnet", "security-group", "network-interface", "key-pair"):
        assert allowed(request("ec2:RunInstances", f"{EC2}:{part}/x"), CONSUMER)


@pytest.mark.parametrize("status", [{}, {"status": "candidate"}, {"status": "rejected"}, {"status": "Released"}])
def test_a_consumer_launches_nothing_else_whatever_else_it_may(status: dict[str, str]) -> None:
    power = {"Statement": [{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}]}
    assert judge(_launch(**status), CONSUMER, power) == "deny"


def test_a_consumer_cannot_stamp_an_image_nor_bring_one() -> None:
    power = {"Statement": [{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}]}
    stamp = Request(action="ec2:CreateTags", resource=IMAGE, context={**HERE, "aws:TagKeys": ["hallmark:status"]})
    other = Request(action="ec2:CreateTags", resource=IMAGE, context={**HERE, "aws:TagKeys": ["owner"]})
    assert judge(stamp, CONSUMER, power) == "deny"
    assert judge(other, CONSUMER, power) == "allow"
    assert judge(request("ec2:RegisterImage", IMAGE), CONSUMER, power) == "deny"


# The documents


def test_the_documents_are_those_of_the_code_and_fit_into_what_iam_takes() -> None:
    for name, text in documents().items():
        assert (DOCS / name).read_text() == text, f"python -m hallmark.aws_policies docs/iam writes {name} anew"
        assert len(json.dumps(json.loads(text), separators=(",", ":"))) <= 10240  # a role's inline policies


def test_every_action_exists_in_the_services() -> None:
    session = Session()
    models = {"ec2": "ec2", "ebs": "ebs", "ssm": "ssm", "kms": "kms", "servicequotas": "service-quotas"}
    known = {prefix: set(session.get_service_model(name).operation_names) for prefix, name in models.items()}
    for document in (PIPELINE, CONSUMER):
        for statement in document["Statement"]:
            for action in statement["Action"]:
                prefix, _, name = action.partition(":")
                if action not in ("iam:PassRole", "kms:ReEncrypt*"):
                    assert name in known[prefix], action


def test_the_judge_refuses_to_guess() -> None:
    odd = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"IpAddress": {"a": "b"}}}]}
    with pytest.raises(AssertionError, match="the judge does not know IpAddress"):
        judge(Request(action="x:y"), odd)
    with pytest.raises(AssertionError, match="NotAction"):
        judge(Request(action="x:y"), {"Statement": [{"Effect": "Allow", "NotAction": "*", "Resource": "*"}]})
