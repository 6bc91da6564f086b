"""The policies in docs/iam, judged: what the pipeline does is allowed, what opens a network or is not ours is not."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session

from tests.support.aws.iam import Request, allowed, judge
from tools.iam.__main__ import main
from tools.iam.consumers import consumer_policy
from tools.iam.documents import Where
from tools.iam.key import key_policy
from tools.iam.policies import EXAMPLE, documents, pipeline_policy, policies

DOCS = Path(__file__).parents[4] / "docs" / "iam"
PIPELINE, CONSUMER = pipeline_policy(EXAMPLE), consumer_policy(EXAMPLE)
EC2 = f"arn:aws:ec2:{EXAMPLE.region}:{EXAMPLE.account}"
IMAGE = f"arn:aws:ec2:{EXAMPLE.region}::image/ami-1"
SNAPSHOT = f"arn:aws:ec2:{EXAMPLE.region}::snapshot/snap-1"
HERE = {"aws:RequestedRegion": EXAMPLE.region}
ASKED = {**HERE, "aws:RequestTag/hallmark:managed": "true"}
THERE = {**HERE, "aws:ResourceTag/hallmark:managed": "true"}
RUN_INSTANCE = {**ASKED, "ec2:MetadataHttpTokens": "required", "ec2:MetadataHttpPutResponseHopLimit": "1"}
VIA = {**HERE, "kms:ViaService": f"ec2.{EXAMPLE.region}.amazonaws.com"}
VIA_S3 = {**HERE, "kms:ViaService": f"s3.{EXAMPLE.region}.amazonaws.com"}
VERDICT: dict[str, Any] = {**THERE, "aws:TagKeys": ["hallmark:verdict", "hallmark:acceptance"]}
STAMP: dict[str, Any] = {**THERE, "aws:TagKeys": ["hallmark:status"], "aws:RequestTag/hallmark:status": "released"}


def request(action: str, resource: str = "*", **context: Any) -> Request:
    return Request(action=action, resource=resource, context=context.get("context", HERE))


def _tagging(action: str) -> dict[str, str]:
    return {**ASKED, "ec2:CreateAction": action}


# One row for each thing that the pipeline does: the action, on what, in which circumstances.
DONE: list[tuple[str, str, dict[str, Any]]] = [
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
    ("ec2:CreateTags", SNAPSHOT, ASKED),  # by StartSnapshot
    ("ec2:CreateTags", f"{EC2}:security-group/sg-default", ASKED),
    ("ec2:CreateTags", IMAGE, _tagging("RegisterImage")),
    ("ec2:CreateTags", IMAGE, VERDICT),
    ("ec2:CreateTags", IMAGE, STAMP),
    ("ec2:DeleteTags", IMAGE, VERDICT),
    ("ec2:ModifyVpcAttribute", f"{EC2}:vpc/vpc-1", THERE),
    ("ec2:ReplaceNetworkAclAssociation", f"{EC2}:network-acl/acl-default", HERE),
    ("ec2:ReplaceNetworkAclAssociation", f"{EC2}:subnet/subnet-1", THERE),
    ("ec2:RevokeSecurityGroupEgress", f"{EC2}:security-group-rule/sgr-1", HERE),
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
    ("kms:Decrypt", EXAMPLE.kms_key, VIA),
    ("kms:ReEncryptFrom", EXAMPLE.kms_key, VIA),
    ("kms:GenerateDataKey", EXAMPLE.kms_key, VIA_S3),  # an evidence bucket with SSE-KMS
    ("kms:Decrypt", EXAMPLE.kms_key, VIA_S3),
    ("kms:CreateGrant", EXAMPLE.kms_key, {**VIA, "kms:GrantIsForAWSResource": "true"}),
    ("s3:PutObject", f"arn:aws:s3:::{EXAMPLE.bucket}/x/index.json", HERE),
    ("s3:ListBucket", f"arn:aws:s3:::{EXAMPLE.bucket}", HERE),
]


@pytest.mark.parametrize(("action", "resource", "context"), DONE)
def test_what_the_pipeline_does_is_allowed(action: str, resource: str, context: dict[str, str]) -> None:
    assert allowed(request(action, resource, context=context), PIPELINE)


@pytest.mark.parametrize(("action", "resource", "context"), [row for row in DONE if row[2] is not HERE])
def test_without_its_tag_or_condition_it_is_not(action: str, resource: str, context: dict[str, str]) -> None:
    bare = Request(action=action, resource=resource, context=HERE)
    assert not allowed(bare, PIPELINE)


@pytest.mark.parametrize(("action", "resource", "context"), [row for row in DONE if not row[0].startswith("s3:")])
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
        ("ec2:CreateTags", IMAGE, {**THERE, "aws:TagKeys": ["hallmark:verdict", "hallmark:managed"]}),
        ("ec2:DeleteTags", IMAGE, STAMP),
        ("ec2:DeleteTags", IMAGE, THERE),  # without a key it means all of them
        ("ec2:DeregisterImage", IMAGE, THERE),
        ("ec2:ReplaceNetworkAclAssociation", f"{EC2}:subnet/subnet-somebodys", HERE),
        ("ec2:RevokeSecurityGroupEgress", f"{EC2}:security-group/sg-somebodys", HERE),
        ("ec2:RunInstances", f"{EC2}:instance/i-1", {**RUN_INSTANCE, "ec2:InstanceProfile": "arn:aws:iam::1:x"}),
        ("ec2:RunInstances", f"{EC2}:instance/i-1", {**ASKED, "ec2:MetadataHttpTokens": "optional"}),
        ("ec2:RunInstances", f"{EC2}:instance/i-1", {**RUN_INSTANCE, "ec2:MetadataHttpPutResponseHopLimit": "2"}),
        ("ec2:RunInstances", f"{EC2}:network-interface/e", {**HERE, "ec2:AssociatePublicIpAddress": "true"}),
        ("ec2:RunInstances", f"{EC2}:key-pair/mine", HERE),
        ("ssm:PutParameter", f"arn:aws:ssm:{EXAMPLE.region}:{EXAMPLE.account}:parameter/other", HERE),
        ("kms:Decrypt", EXAMPLE.kms_key.replace("0000", "1111"), VIA),
        ("kms:Decrypt", EXAMPLE.kms_key, {**HERE, "kms:ViaService": f"ssm.{EXAMPLE.region}.amazonaws.com"}),
        ("kms:CreateGrant", EXAMPLE.kms_key, {**VIA_S3, "kms:GrantIsForAWSResource": "true"}),
        ("kms:CreateGrant", EXAMPLE.kms_key, VIA),
        ("s3:PutObject", "arn:aws:s3:::somebodys/x", HERE),
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


@pytest.mark.parametrize("action", ["ec2:RunInstances", "ec2:CreateVpc", "ec2:CreateSubnet", "ec2:RegisterImage"])
def test_what_is_made_may_have_our_tags_alone_in_the_creating_call(action: str) -> None:
    resource = f"{EC2}:vpc/vpc-1"
    assert allowed(request("ec2:CreateTags", resource, context=_tagging(action.removeprefix("ec2:"))), PIPELINE)
    assert not allowed(request("ec2:CreateTags", resource, context=_tagging("CreateVpcEndpoint")), PIPELINE)


@pytest.mark.parametrize(
    "context",
    [
        {**STAMP, "aws:ResourceTag/hallmark:managed": "false"},
        {key: value for key, value in STAMP.items() if not key.startswith("aws:ResourceTag/")},
        {**_tagging("RegisterImage"), "aws:TagKeys": ["hallmark:managed", "hallmark:status"]},
    ],
)
def test_only_an_image_of_ours_is_released_whatever_else_the_role_may(context: dict[str, Any]) -> None:
    """And only one that is there: never in the call that registers it."""
    everything = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    assert judge(Request(action="ec2:CreateTags", resource=IMAGE, context=context), PIPELINE, everything) == "deny"


# The key's own policy, other partitions


def test_auto_scaling_uses_the_key_in_its_own_name_and_lends_it_to_disks_alone() -> None:
    root, use, lend = key_policy(EXAMPLE)["Statement"]
    assert root["Principal"] == {"AWS": f"arn:aws:iam::{EXAMPLE.account}:root"}
    role = "role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
    assert use["Principal"] == lend["Principal"] == {"AWS": f"arn:aws:iam::{EXAMPLE.account}:{role}"}
    assert "kms:CreateGrant" not in use["Action"]
    assert (lend["Action"], lend["Condition"]) == (["kms:CreateGrant"], {"Bool": {"kms:GrantIsForAWSResource": "true"}})


@pytest.mark.parametrize(
    ("region", "partition", "suffix"),
    [
        ("eu-central-1", "aws", "amazonaws.com"),
        ("us-gov-west-1", "aws-us-gov", "amazonaws.com"),
        ("cn-north-1", "aws-cn", "amazonaws.com.cn"),
    ],
)
def test_partition_and_suffix_are_the_regions(region: str, partition: str, suffix: str) -> None:
    where = Where(account="111122223333", region=region, kms_key=f"arn:{partition}:kms:{region}:1:key/k", bucket="b")
    texts = policies(where)
    arns = {arn for text in texts.values() for arn in re.findall(r"arn:([a-z-]+):", text)}
    services = {name for text in texts.values() for name in re.findall(rf"(?:ebs|ec2|s3)\.{region}\.([a-z.]+)", text)}
    assert (arns, services) == ({partition}, {suffix})


def test_the_documents_of_one_account_are_written_where_one_says(tmp_path: Path) -> None:
    words = ["--account", "1" * 12, "--region", "cn-north-1", "--key", "arn:aws-cn:kms:x", "--bucket", "b"]
    assert main([*words, str(tmp_path / "iam")]) == 0
    assert sorted(path.name for path in (tmp_path / "iam").iterdir()) == [
        "consumer.json", "key-policy.json", "pipeline.json",
    ]  # fmt: skip
    assert EXAMPLE.account not in "".join(path.read_text() for path in (tmp_path / "iam").iterdir())


# The documents


def test_the_documents_are_those_of_the_code() -> None:
    for name, text in documents().items():
        assert (DOCS / name).read_text() == text, f"`make docs` writes {name} anew"


@pytest.mark.parametrize(("name", "most"), [("pipeline.json", 10240), ("consumer.json", 5120)])
def test_they_fit_into_what_iam_takes(name: str, most: int) -> None:
    """Without white space: all inline policies of a role; a service control policy (managed ones may have 6,144)."""
    assert _size(name) <= most


def test_the_readme_names_the_size_and_what_is_to_be_replaced() -> None:
    readme = (DOCS / "README.md").read_text()
    assert f"`pipeline.json` has {_size('pipeline.json'):,} characters" in readme
    for placeholder in (EXAMPLE.account, EXAMPLE.region, EXAMPLE.bucket):
        assert f"`{placeholder}`" in readme
    for name in documents():
        assert f"| `{name}` |" in readme or f"| [{name}]({name}) |" in readme


def _size(name: str) -> int:
    return len(json.dumps(json.loads(documents()[name]), separators=(",", ":")))


def test_every_action_exists_in_the_services() -> None:
    session = Session()
    models = {name: name for name in ("autoscaling", "ebs", "ec2", "kms", "s3", "ssm")}
    models["servicequotas"] = "service-quotas"
    known = {prefix: set(session.get_service_model(name).operation_names) for prefix, name in models.items()}
    for document in (PIPELINE, CONSUMER):
        for statement in document["Statement"]:
            for action in statement["Action"]:
                prefix, _, name = action.partition(":")
                if action not in ("iam:PassRole", "kms:ReEncrypt*", "s3:ListBucket"):  # permissions, no calls
                    assert name in known[prefix], action


def test_the_judge_refuses_to_guess() -> None:
    odd = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"IpAddress": {"a": "b"}}}]}
    with pytest.raises(AssertionError, match="the judge does not know IpAddress"):
        judge(Request(action="x:y"), odd)
    with pytest.raises(AssertionError, match="NotAction"):
        judge(Request(action="x:y"), {"Statement": [{"Effect": "Allow", "NotAction": "*", "Resource": "*"}]})
