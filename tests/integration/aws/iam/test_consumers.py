"""P7 held to docs/iam/consumer.json: an account launches released images alone, in whatever way, and stamps none."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from hallmark.aws.errors import code_of
from tests.doubles.permissions import Gate, documented, held_to
from tests.doubles.server import REGION, Server
from tests.support.aws.doubled import image, server
from tests.support.aws.iam import Request, judge
from tools.iam.consumers import consumer_policy
from tools.iam.policies import EXAMPLE

__all__ = ["server"]

MANAGED = {"hallmark:managed": "true"}
RELEASED = {**MANAGED, "hallmark:status": "released"}
POWER = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
DENIED = "not authorized to perform: ec2:RunInstances on resource: arn:aws:ec2:eu-central-1::image/{} {}"
NOT_ALLOWED, EXPLICITLY = "because no identity-based policy allows it", "with an explicit deny"


@pytest.fixture
def consumer(server: Server) -> Iterator[Any]:
    """EC2 for one who has consumer.json and nothing else."""
    with held_to(server, documented("consumer.json")):
        yield server.client_of_role("ec2")


@pytest.fixture
def gate(server: Server) -> Iterator[Gate]:
    """What one is held to who may do everything, and has consumer.json besides."""
    with held_to(server, documented("consumer.json"), POWER) as gate:
        yield gate


def tagged_image(server: Server, tags: dict[str, str], name: str = "golden") -> str:
    ec2 = server.client("ec2")
    made = image(ec2, name=name)
    if tags:
        ec2.create_tags(Resources=[made], Tags=[{"Key": key, "Value": value} for key, value in tags.items()])
    return made


def launch(ec2: Any, **arguments: Any) -> Any:
    return ec2.run_instances(MinCount=1, MaxCount=1, InstanceType="t3.micro", **arguments)


def refusal(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert code_of(caught.value) == "UnauthorizedOperation"
    return str(caught.value)


NOT_RELEASED = [
    pytest.param({}, id="foreign, without tags"),
    pytest.param(MANAGED, id="candidate"),
    pytest.param({**MANAGED, "hallmark:verdict": "accepted"}, id="accepted, not released"),
    pytest.param({**MANAGED, "hallmark:verdict": "rejected"}, id="rejected"),
    pytest.param({**MANAGED, "hallmark:status": "withdrawn"}, id="withdrawn"),
    pytest.param({**MANAGED, "hallmark:status": "Released"}, id="nearly"),
]


def test_a_released_image_is_launched(server: Server, consumer: Any) -> None:
    ami = tagged_image(server, RELEASED)
    key = server.client("ec2").create_key_pair(KeyName="mine")["KeyName"]
    machine = launch(consumer, ImageId=ami, KeyName=key)["Instances"][0]
    assert machine["ImageId"] == ami


def encrypted_image(server: Server) -> tuple[str, str]:
    """A released image over a snapshot that a key of the account encrypts, and the key's ARN."""
    ec2, key = server.client("ec2"), server.client("kms").create_key()["KeyMetadata"]["Arn"]
    volume = ec2.create_volume(Size=1, AvailabilityZone="eu-central-1a", Encrypted=True, KmsKeyId=key)["VolumeId"]
    made = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    ec2.get_waiter("snapshot_completed").wait(SnapshotIds=[made], WaiterConfig={"Delay": 1})
    disk = {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": made, "VolumeType": "gp3"}}
    ami = image(ec2, name="encrypted", BlockDeviceMappings=[disk])
    ec2.create_tags(Resources=[ami], Tags=[{"Key": key_, "Value": value} for key_, value in RELEASED.items()])
    return ami, key


def test_what_the_stacks_key_encrypts_is_launched_and_nothing_of_another_key(server: Server) -> None:
    ami, key = encrypted_image(server)
    with held_to(server, documented("consumer.json", kms_key=key)):
        assert launch(server.client_of_role("ec2"), ImageId=ami)["Instances"]
    with held_to(server, documented("consumer.json")):
        told = refusal(partial(launch, server.client_of_role("ec2")), ImageId=ami)
    assert f"on resource: {key} {NOT_ALLOWED}" in told


@pytest.mark.parametrize(
    ("action", "context"),
    [
        ("kms:Decrypt", {}),  # by hand
        ("kms:Decrypt", {"kms:ViaService": "s3.eu-central-1.amazonaws.com"}),
        ("kms:CreateGrant", {"kms:ViaService": "ec2.eu-central-1.amazonaws.com"}),  # for whomever it names
    ],
)
def test_a_consumer_uses_the_key_for_disks_alone(action: str, context: dict[str, str]) -> None:
    assert judge(Request(action=action, resource=EXAMPLE.kms_key, context=context), consumer_policy(EXAMPLE)) == "none"


@pytest.mark.parametrize("tags", NOT_RELEASED)
def test_no_other_is(server: Server, consumer: Any, tags: dict[str, str]) -> None:
    ami = tagged_image(server, tags)
    assert DENIED.format(ami, EXPLICITLY) in refusal(partial(launch, consumer), ImageId=ami)
    assert server.client("ec2").describe_instances()["Reservations"] == []


@pytest.mark.parametrize("tags", NOT_RELEASED)
def test_no_other_is_whatever_else_one_may(server: Server, gate: Gate, tags: dict[str, str]) -> None:
    ami, ec2 = tagged_image(server, tags), server.client_of_role("ec2")
    assert DENIED.format(ami, EXPLICITLY) in refusal(partial(launch, ec2), ImageId=ami)
    assert gate.denied[0].explicit


def test_the_deny_is_what_holds_against_other_policies(server: Server) -> None:
    """Without it, whoever may launch anything may launch this too."""
    policy = documented("consumer.json")
    less = {**policy, "Statement": [one for one in policy["Statement"] if one["Sid"] != "NothingElse"]}
    ami = tagged_image(server, {})
    with held_to(server, less, POWER):
        assert launch(server.client_of_role("ec2"), ImageId=ami)["Instances"]
    with held_to(server, less):
        told = refusal(partial(launch, server.client_of_role("ec2")), ImageId=ami)
        assert DENIED.format(ami, NOT_ALLOWED) in told


def template(server: Server, ami: str) -> dict[str, str]:
    data: Any = {"ImageId": ami, "InstanceType": "t3.micro"}
    made = server.client("ec2").create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)
    return {"LaunchTemplateId": made["LaunchTemplate"]["LaunchTemplateId"]}


def test_a_launch_template_is_judged_by_the_image_in_it(server: Server, consumer: Any) -> None:
    candidate, released = tagged_image(server, MANAGED), tagged_image(server, RELEASED, "released")
    named, refused = template(server, candidate), f"image/{candidate} {EXPLICITLY}"
    newer: Any = {"ImageId": released, "InstanceType": "t3.micro"}
    server.client("ec2").create_launch_template_version(**named, LaunchTemplateData=newer)
    assert refused in refusal(partial(launch, consumer), LaunchTemplate=named)
    assert refused in refusal(partial(launch, consumer), LaunchTemplate={**named, "Version": "$Default"})
    assert refused in refusal(partial(launch, consumer), LaunchTemplate={**named, "Version": "1"}, DryRun=True)
    for allowed in ({"LaunchTemplate": {**named, "Version": "2"}}, {"LaunchTemplate": {**named, "Version": "$Latest"}}):
        with pytest.raises(ClientError, match="DryRunOperation"):
            launch(consumer, **allowed, DryRun=True)
    # An image in the call itself takes the place of the template's.
    assert launch(consumer, LaunchTemplate=named, ImageId=released)["Instances"][0]["ImageId"] == released


@pytest.mark.usefixtures("gate")
def test_a_fleet_is_no_way_around(server: Server) -> None:
    """It launches by itself, later, what its template says then."""
    named = template(server, tagged_image(server, RELEASED))
    told = refusal(
        server.client_of_role("ec2").create_fleet,
        TargetCapacitySpecification={"TotalTargetCapacity": 1, "DefaultTargetCapacityType": "on-demand"},
        LaunchTemplateConfigs=[{"LaunchTemplateSpecification": {**named, "Version": "$Latest"}}],
    )
    assert f"ec2:CreateFleet on resource: * {EXPLICITLY}" in told


@pytest.mark.usefixtures("gate")
@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("create_tags", {"Tags": [{"Key": "hallmark:status", "Value": "released"}]}),
        ("create_tags", {"Tags": [{"Key": "a", "Value": "b"}, {"Key": "hallmark:status", "Value": "released"}]}),
        ("delete_tags", {"Tags": [{"Key": "hallmark:status"}]}),
    ],
)
def test_a_consumer_cannot_stamp_an_image(server: Server, call: str, arguments: dict[str, Any]) -> None:
    ami = tagged_image(server, MANAGED)
    assert EXPLICITLY in refusal(getattr(server.client_of_role("ec2"), call), Resources=[ami], **arguments)


@pytest.mark.usefixtures("gate")
def test_a_consumer_may_tag_for_itself(server: Server) -> None:
    ami, ec2 = tagged_image(server, RELEASED), server.client_of_role("ec2")
    ec2.create_tags(Resources=[ami], Tags=[{"Key": "owner", "Value": "web"}])
    machine = launch(ec2, ImageId=ami)["Instances"][0]["InstanceId"]
    ec2.create_tags(Resources=[machine], Tags=[{"Key": "hallmark:status", "Value": "released"}])  # no image


@pytest.mark.usefixtures("gate")
def test_a_consumer_can_bring_no_image(server: Server) -> None:
    ami, ec2 = tagged_image(server, RELEASED), server.client_of_role("ec2")
    machine = launch(ec2, ImageId=ami)["Instances"][0]["InstanceId"]
    assert EXPLICITLY in refusal(ec2.create_image, InstanceId=machine, Name="mine")
    assert EXPLICITLY in refusal(ec2.copy_image, SourceImageId=ami, SourceRegion=REGION, Name="mine")
    disk = [{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": "snap-1"}}]
    assert EXPLICITLY in refusal(ec2.register_image, Name="mine", RootDeviceName="/dev/xvda", BlockDeviceMappings=disk)


@pytest.mark.parametrize(
    ("action", "context", "verdict"),
    [
        ("autoscaling:CreateAutoScalingGroup", {"autoscaling:LaunchTemplateVersionSpecified": "false"}, "deny"),
        ("autoscaling:UpdateAutoScalingGroup", {"autoscaling:LaunchTemplateVersionSpecified": "false"}, "deny"),
        ("autoscaling:CreateAutoScalingGroup", {"autoscaling:LaunchTemplateVersionSpecified": "true"}, "allow"),
        ("autoscaling:CreateLaunchConfiguration", {}, "deny"),
        ("ec2:CreateReplaceRootVolumeTask", {}, "deny"),
        ("ec2:RequestSpotInstances", {}, "deny"),
    ],
)
def test_what_launches_later_must_name_what_it_launches(action: str, context: dict[str, str], verdict: str) -> None:
    assert judge(Request(action=action, context=context), consumer_policy(EXAMPLE), POWER) == verdict


def test_a_consumer_follows_the_channel_of_this_region(server: Server) -> None:
    server.client("ssm").put_parameter(Name="/hallmark/x/stable", Value="ami-1", Type="String")
    with held_to(server, documented("consumer.json")):
        ssm, ec2 = server.client_of_role("ssm"), server.client_of_role("ec2")
        assert ssm.get_parameter(Name="/hallmark/x/stable")["Parameter"]["Value"] == "ami-1"
        assert ec2.describe_images(Owners=["self"])["Images"] == []
        with pytest.raises(ClientError, match="AccessDenied"):
            ssm.get_parameter(Name="/others/x")
        with pytest.raises(ClientError, match="AccessDenied"):
            ssm.put_parameter(Name="/hallmark/x/stable", Value="ami-2", Type="String", Overwrite=True)
