"""A run held to docs/iam/pipeline.json: it has all that it needs, nothing besides, and one action less fails it.

The run is everything that the pipeline asks of AWS, in its order: preflight, media, an inner stack with the real
engine, root snapshot, image, verdict, release, evidence, and what a sweep removes. The calls of aws_images.py,
aws_evidence.py and aws_sweep.py are made here as they make them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from hallmark.aws.base import get_base
from hallmark.aws.channel import channels_of
from hallmark.aws.ebs.download import Range, download
from hallmark.aws.ebs.snapshots import delete_snapshot, wait_until_completed
from hallmark.aws.ebs.upload import Upload, upload
from hallmark.aws.preflight import PreflightRequest, run_preflight
from hallmark.aws.session import Aws
from hallmark.aws.settings import AwsSettings
from hallmark.aws.tags import STATUS
from hallmark.common.errors import AwsError, ProcessError
from hallmark.common.fingerprint import Sha256
from hallmark.engine.ephemeral import Inner, ephemeral
from tests.doubles.moto_ec2 import Rules
from tests.doubles.permissions import Gate, Policy, documented, held_to
from tests.doubles.quick_machines import QuickMachines
from tests.doubles.server import REGION, Server, running
from tests.doubles.stack import Stack, find_engine
from tests.support.aws.account import guard_duty
from tests.support.aws.doubled import image, server, snapshot
from tests.support.aws.iam import without
from tests.support.aws.inner_run import environment_of, inner_of
from tools.iam.policies import EXAMPLE, pipeline_policy

__all__ = ["server"]

CONTENT = Sha256("b" * 64)
TAGS = {"hallmark:managed": "true", "hallmark:build": "b1", "hallmark:expires": "2026-11-23T00:00:00Z"}
PAIRS = [{"Key": key, "Value": value} for key, value in TAGS.items()]
BUCKET = "evidence-of-ours"
ALLOWED = sorted(
    {
        action
        for statement in pipeline_policy(EXAMPLE)["Statement"]
        if statement["Effect"] == "Allow"
        for action in statement["Action"]
    }
)
STATEMENTS = [one["Sid"] for one in pipeline_policy(EXAMPLE)["Statement"] if one["Effect"] == "Allow"]


class Account:
    """The doubled account with what a user has made ready, and a folder to work in."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server, self.folder = server, folder
        services = ("ebs", "ec2", "kms", "s3", "servicequotas", "ssm", "sts")
        self.aws = Aws(AwsSettings(region=REGION, endpoints=dict.fromkeys(services, server.url)))
        self.aws.session.get_credentials()  # now, while the environment has them
        self.ec2 = server.client("ec2")
        self.key: str = server.client("kms").create_key(KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["Arn"]
        self.base = image(self.ec2)
        s3 = server.client("s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": self.key}
        rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}
        s3.put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration=rules)

    @property
    def policy(self) -> Policy:
        """The document of docs/iam."""
        return documented("pipeline.json", kms_key=self.key, bucket=BUCKET)

    def preflight(self) -> None:
        asked = PreflightRequest(
            base=get_base(self.aws.ec2, self.base), instance_type="t3.medium", kms_key=self.key, tags=TAGS
        )
        run_preflight(self.aws, asked)

    def upload_media(self) -> str:
        media = self.folder / "media"
        media.write_bytes(b"x" * 524288)
        job = Upload(path=media, content=CONTENT, build="b1", tags=TAGS, kms_key=self.key)
        made = upload(job, ebs=self.aws.client("ebs"), ec2=self.aws.ec2).snapshot
        wait_until_completed(self.aws.ec2, made, poll=0.1)
        return made

    def inner(self, media: str) -> Inner:
        return inner_of(self.folder, ami=self.base, kms_key=self.key, media=media, tags=TAGS)

    def environment(self) -> dict[str, str]:
        return environment_of(self.server, self.folder)

    def left(self) -> list[str]:
        """The networks and machines of ours that are still there."""
        ours = [{"Name": "tag:hallmark:managed", "Values": ["true"]}]
        machines = [row for found in self.ec2.describe_instances()["Reservations"] for row in found["Instances"]]
        return [
            *(row["VpcId"] for row in self.ec2.describe_vpcs(Filters=ours)["Vpcs"]),
            *(row["InstanceId"] for row in machines if row["State"]["Name"] != "terminated"),
        ]


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    if find_engine() is None:
        pytest.fail("no pulumi on this machine; run: make setup")
    rules = Rules(machines=QuickMachines(after=1.0))
    with running(rules) as server, patch.dict(os.environ, server.environment()):
        yield Account(server, tmp_path_factory.mktemp("held"))


@pytest.fixture(scope="module")
def gate(account: Account) -> Gate:
    """The whole run, held to the policy, and what it asked for."""
    with held_to(account.server, account.policy) as gate:
        account.preflight()
        media = account.upload_media()
        with ephemeral(account.inner(media), account.environment(), lambda _: None) as outputs:
            root = _read_and_keep(account, outputs)
            _let_guard_duty_in(account)
        _release(account, _register(account, root))
        _publish_evidence(account)
        _sweep(account)
    return gate


def _let_guard_duty_in(account: Account) -> None:
    """It comes into every VPC that has a machine, and keeps it from going."""
    ours = [{"Name": "tag:hallmark:managed", "Values": ["true"]}]
    subnet = account.ec2.describe_subnets(Filters=ours)["Subnets"][0]
    guard_duty(account.ec2, subnet["VpcId"], subnet["SubnetId"])


def _read_and_keep(account: Account, outputs: dict[str, Any]) -> str:
    ec2 = account.aws.ec2
    part = Range(start=0, length=524288)
    download(outputs["results_snapshot"], part, account.folder / "results", ebs=account.aws.client("ebs"))
    ec2.stop_instances(InstanceIds=[outputs["instance"]], Force=True)
    specification: Any = [{"ResourceType": "snapshot", "Tags": PAIRS}]
    root = ec2.create_snapshot(VolumeId=outputs["root_volume"], TagSpecifications=specification)["SnapshotId"]
    wait_until_completed(ec2, root, poll=0.1)
    return root


def _register(account: Account, root: str) -> str:
    ec2: Any = account.aws.ec2
    ami: str = ec2.register_image(
        Name="hallmark-x",
        Architecture="x86_64",
        RootDeviceName="/dev/xvda",
        VirtualizationType="hvm",
        BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": root, "VolumeType": "gp3"}}],
        TagSpecifications=[{"ResourceType": "image", "Tags": PAIRS}],
    )["ImageId"]
    verdict = [{"Key": "hallmark:verdict", "Value": "rejected"}, {"Key": "hallmark:acceptance", "Value": CONTENT}]
    ec2.create_tags(Resources=[ami], Tags=verdict)
    ec2.delete_tags(Resources=[ami], Tags=[{"Key": one["Key"]} for one in verdict])
    return ami


def _release(account: Account, ami: str) -> None:
    """Status and channel as components/aws/release.py declares them, read again by a refresh, and listed."""
    engine = find_engine()
    assert engine is not None
    stack = Stack(folder=account.folder / "outer", server=account.server, engine=engine)
    stack.prepare()
    stack.up(
        f"""
        aws.ec2.Tag("status", resource_id="{ami}", key="{STATUS}", value="released")
        aws.ssm.Parameter(
            "channel", name="/hallmark/x/stable", type="String", data_type="aws:ec2:image", insecure_value="{ami}",
            overwrite=True,
        )
        """
    )
    stack.pulumi("refresh", "--yes", "--skip-preview")
    assert channels_of(account.aws, "x", ami) == ["stable"]


def _publish_evidence(account: Account) -> None:
    """As aws_evidence.py does: each file in one piece."""
    s3 = account.aws.client("s3")
    s3.put_object(Bucket=BUCKET, Key="x/index.json", Body=b"{}")
    assert s3.get_object(Bucket=BUCKET, Key="x/index.json")["Body"].read() == b"{}"
    assert s3.list_objects_v2(Bucket=BUCKET, Prefix="x/")["KeyCount"] == 1
    s3.delete_object(Bucket=BUCKET, Key="x/index.json")


def _sweep(account: Account) -> None:
    """What a killed run may leave outside any state, and rules of others between two groups of ours."""
    owner, ours = account.ec2, account.aws.ec2
    subnet = owner.describe_subnets()["Subnets"][0]
    volume = owner.create_volume(Size=1, AvailabilityZone=f"{REGION}a")["VolumeId"]
    interface = owner.create_network_interface(SubnetId=subnet["SubnetId"])["NetworkInterface"]["NetworkInterfaceId"]
    group = owner.create_security_group(GroupName="x", Description="x", VpcId=subnet["VpcId"])["GroupId"]
    rule: Any = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "UserIdGroupPairs": [{"GroupId": group}]}
    owner.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    old = snapshot(owner)
    owner.create_tags(Resources=[volume, interface, group, old], Tags=PAIRS)
    assert ours.describe_tags(Filters=[{"Name": "key", "Values": ["hallmark:expires"]}])["Tags"]
    ours.delete_volume(VolumeId=volume)
    ours.delete_network_interface(NetworkInterfaceId=interface)
    ours.revoke_security_group_ingress(GroupId=group, IpPermissions=[rule])
    ours.delete_security_group(GroupId=group)
    delete_snapshot(ours, old)


def test_a_run_has_all_that_it_needs_and_is_given_nothing_else(gate: Gate, account: Account) -> None:
    assert [str(one) for one in gate.denied] == []
    used = {"kms:ReEncrypt*" if action.startswith("kms:ReEncrypt") else action for action in gate.used}
    assert sorted(used) == ALLOWED
    assert account.left() == []


@pytest.mark.parametrize("action", ALLOWED)
def test_one_action_less_fails_it(gate: Gate, account: Account, action: str) -> None:
    refused = gate.replay(without(account.policy, action))
    assert refused
    assert {request.action for request in refused} <= {action, *_spelled_out(action)}


def _spelled_out(action: str) -> list[str]:
    return ["kms:ReEncryptFrom", "kms:ReEncryptTo"] if action == "kms:ReEncrypt*" else []


@pytest.mark.parametrize("sid", STATEMENTS)
def test_one_statement_less_fails_it(gate: Gate, account: Account, sid: str) -> None:
    policy = account.policy
    less = {**policy, "Statement": [one for one in policy["Statement"] if one["Sid"] != sid]}
    assert gate.replay(less)


# In earnest: the run itself, with one action less


def test_the_preflight_says_what_is_missing_before_anything_is_made(account: Account) -> None:
    made = len(account.server.actions(mutating=True))
    words = (
        "dry run of t3.medium: not allowed: RunInstances; docs/iam/pipeline.json lists what is needed "
        r"\(AWS said UnauthorizedOperation: .*not authorized to perform: ec2:RunInstances on resource: .*"
    )
    with (
        held_to(account.server, without(account.policy, "ec2:RunInstances")),
        pytest.raises(AwsError, match=words),
    ):
        account.preflight()
    assert account.server.actions(mutating=True)[made:] == ["RunInstances"]


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("ec2:CreateNetworkAcl", "not authorized to perform: ec2:CreateNetworkAcl on resource: arn:aws:ec2:"),
        ("ec2:DescribeNatGateways", "not authorized to perform: ec2:DescribeNatGateways on resource: "),
    ],
)
def test_a_run_with_one_action_less_ends_with_its_name_and_leaves_nothing(
    account: Account, action: str, words: str
) -> None:
    media = snapshot(account.ec2)
    with held_to(account.server, without(account.policy, action)) as gate:
        with (
            pytest.raises(ProcessError, match=words),
            ephemeral(account.inner(media), account.environment(), lambda _: None),
        ):
            raise AssertionError("it is not up")
        assert {one.request.action for one in gate.denied} == {action}
    assert account.left() == []
