"""What tests/doubles/moto_ec2.py makes stricter: each point holds there, and fails on bare moto."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ec2.models import ec2_backends

from tests.doubles import moto_ec2
from tests.doubles.moto_ec2 import Rules, extended

REGION = "eu-central-1"
Check = Callable[[Any], None]


class Clock:
    """A clock that only moves when it is told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now

    def pass_by(self) -> None:
        self.now += 2.0


CLOCK = Clock()


def refused(code: str) -> contextlib.AbstractContextManager[Any]:
    return pytest.raises(ClientError, match=rf"\({code}\)")


def root(ec2: Any, size: int = 1) -> str:
    volume = ec2.create_volume(Size=size, AvailabilityZone=f"{REGION}a")["VolumeId"]
    made: str = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    CLOCK.pass_by()
    return made


def register(ec2: Any, snapshot: str, name: str = "golden", **more: Any) -> str:
    disk = {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot, "VolumeType": "gp3", **more.pop("disk", {})}}
    asked = {
        "Architecture": "x86_64",
        "RootDeviceName": "/dev/xvda",
        "VirtualizationType": "hvm",
        "BlockDeviceMappings": [disk],
        **more,
    }
    made: str = ec2.register_image(Name=name, **asked)["ImageId"]
    return made


def run(ec2: Any, image: str, **more: Any) -> dict[str, Any]:
    asked = {"ImageId": image, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1, **more}
    made: dict[str, Any] = ec2.run_instances(**asked)["Instances"][0]
    return made


def state(ec2: Any, instance: str) -> str:
    return str(ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]["State"]["Name"])


def an_image_keeps_what_it_was_registered_with(ec2: Any) -> None:
    snapshot = root(ec2)
    image = register(ec2, snapshot, BootMode="uefi", TpmSupport="v2.0", ImdsSupport="v2.0", EnaSupport=True)
    found = ec2.describe_images(ImageIds=[image])["Images"][0]
    mapping = {
        "SnapshotId": snapshot,
        "VolumeType": "gp3",
        "VolumeSize": 1,
        "DeleteOnTermination": True,
        "Encrypted": False,
    }
    assert found["BlockDeviceMappings"] == [{"DeviceName": "/dev/xvda", "Ebs": mapping}]
    assert (found["BootMode"], found["TpmSupport"], found["ImdsSupport"], found["EnaSupport"]) == (
        "uefi",
        "v2.0",
        "v2.0",
        True,
    )
    assert len(ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]) == 1


def a_names_second_image_is_refused(ec2: Any) -> None:
    snapshot = root(ec2)
    register(ec2, snapshot)
    with refused("InvalidAMIName.Duplicate"):
        register(ec2, snapshot)


def an_image_needs_its_snapshot(ec2: Any) -> None:
    with refused("InvalidSnapshot.NotFound"):
        register(ec2, "snap-00000000000000000")


def an_image_needs_a_completed_snapshot(ec2: Any) -> None:
    volume = ec2.create_volume(Size=1, AvailabilityZone=f"{REGION}a")["VolumeId"]
    moto_ec2.rules().transition = 30
    with refused("IncorrectState"):
        register(ec2, ec2.create_snapshot(VolumeId=volume)["SnapshotId"])


def an_image_needs_a_root_device(ec2: Any) -> None:
    with refused("InvalidBlockDeviceMapping"):
        register(ec2, root(ec2), RootDeviceName="/dev/sda1")


def an_image_is_no_smaller_than_its_snapshot(ec2: Any) -> None:
    with refused("InvalidBlockDeviceMapping"):
        register(ec2, root(ec2, size=4), disk={"VolumeSize": 2})


def a_tpm_needs_uefi(ec2: Any) -> None:
    with refused("InvalidParameterCombination"):
        register(ec2, root(ec2), TpmSupport="v2.0", BootMode="legacy-bios")


def an_images_snapshot_cannot_be_deleted(ec2: Any) -> None:
    snapshot = root(ec2)
    register(ec2, snapshot)
    with refused("InvalidSnapshot.InUse"):
        ec2.delete_snapshot(SnapshotId=snapshot)


def a_snapshot_is_pending_first(ec2: Any) -> None:
    volume = ec2.create_volume(Size=1, AvailabilityZone=f"{REGION}a")["VolumeId"]
    snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    assert ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"][0]["State"] == "pending"
    CLOCK.pass_by()
    assert ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"][0]["State"] == "completed"


def a_machine_needs_its_image(ec2: Any) -> None:
    with refused("InvalidAMIID.NotFound"):
        run(ec2, "ami-00000000000000000")


def a_machine_needs_an_image_that_is_still_there(ec2: Any) -> None:
    image = register(ec2, root(ec2))
    ec2.deregister_image(ImageId=image)
    with refused("InvalidAMIID.Unavailable"):
        run(ec2, image)


def a_machine_has_the_disks_of_its_image_and_of_the_request(ec2: Any) -> None:
    snapshot, carrier = root(ec2), root(ec2)
    added = [
        {"DeviceName": "/dev/sdf", "Ebs": {"SnapshotId": carrier}},
        {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 3}},
    ]
    instance = run(ec2, register(ec2, snapshot), BlockDeviceMappings=added)["InstanceId"]
    volumes = ec2.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": [instance]}])["Volumes"]
    found = {one["Attachments"][0]["Device"]: (one["SnapshotId"], one["Size"]) for one in volumes}
    assert found == {"/dev/xvda": (snapshot, 3), "/dev/sdf": (carrier, 1)}


def the_same_client_token_starts_one_machine(ec2: Any) -> None:
    image = register(ec2, root(ec2))
    assert run(ec2, image, ClientToken="t")["InstanceId"] == run(ec2, image, ClientToken="t")["InstanceId"]


def an_image_with_imds_v2_requires_tokens(ec2: Any) -> None:
    found = run(ec2, register(ec2, root(ec2), ImdsSupport="v2.0"))["MetadataOptions"]
    assert (found["HttpTokens"], found["HttpPutResponseHopLimit"]) == ("required", 2)


def architecture_and_type_must_fit(ec2: Any) -> None:
    image = register(ec2, root(ec2), Architecture="arm64")
    with refused("InvalidParameterValue"):
        run(ec2, image)


def vcpus_have_a_quota(ec2: Any) -> None:
    image = register(ec2, root(ec2))
    run(ec2, image)
    with refused("VcpuLimitExceeded"):
        run(ec2, image, InstanceType="t3.2xlarge")


def a_mapping_may_take_its_size_from_the_image(ec2: Any) -> None:
    disk = {"DeviceName": "/dev/xvda", "Ebs": {"VolumeType": "gp2"}}
    instance = run(ec2, register(ec2, root(ec2)), BlockDeviceMappings=[disk])["InstanceId"]
    volume = ec2.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": [instance]}])["Volumes"][0]
    assert (volume["Size"], volume["VolumeType"]) == (1, "gp2")


def a_key_that_cannot_be_used_ends_the_machine(ec2: Any) -> None:
    disk = {
        "DeviceName": "/dev/xvda",
        "Ebs": {"Encrypted": True, "KmsKeyId": f"arn:aws:kms:{REGION}:{DEFAULT_ACCOUNT_ID}:key/none"},
    }
    instance = run(ec2, register(ec2, root(ec2)), BlockDeviceMappings=[disk])["InstanceId"]
    CLOCK.pass_by()
    found = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    assert (found["State"]["Name"], found["StateReason"]["Code"]) == ("terminated", "Client.InternalError")


def states_in_between_are_seen(ec2: Any) -> None:
    instance = run(ec2, register(ec2, root(ec2)))["InstanceId"]
    seen = [state(ec2, instance)]
    for call in (lambda **_: None, ec2.stop_instances, ec2.start_instances, ec2.terminate_instances):
        call(InstanceIds=[instance])
        seen.append(state(ec2, instance))
        CLOCK.pass_by()
        seen.append(state(ec2, instance))
    assert seen == [
        "pending",
        "pending",
        "running",
        "stopping",
        "stopped",
        "pending",
        "running",
        "shutting-down",
        "terminated",
    ]


def a_machine_can_power_itself_off(ec2: Any) -> None:
    instance = run(ec2, register(ec2, root(ec2)))["InstanceId"]
    CLOCK.pass_by()
    moto_ec2.power_off(ec2_backends[DEFAULT_ACCOUNT_ID][REGION].get_instance(instance))
    assert state(ec2, instance) == "stopping"
    CLOCK.pass_by()
    found = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    assert (found["State"]["Name"], found["StateReason"]["Code"]) == ("stopped", "Client.InstanceInitiatedShutdown")


def a_machines_host_can_fail(ec2: Any) -> None:
    instance = run(ec2, register(ec2, root(ec2)))["InstanceId"]
    CLOCK.pass_by()
    moto_ec2.host_failed(ec2_backends[DEFAULT_ACCOUNT_ID][REGION].get_instance(instance))
    assert state(ec2, instance) == "stopping"
    CLOCK.pass_by()
    found = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    assert (found["State"]["Name"], found["StateReason"]["Code"]) == ("stopped", "Server.InternalError")


def a_console_is_empty_without_a_machine(ec2: Any) -> None:
    instance = run(ec2, register(ec2, root(ec2)))["InstanceId"]
    assert ec2.get_console_output(InstanceId=instance).get("Output", "") == ""


def vpcs_have_a_quota(ec2: Any) -> None:
    with refused("VpcLimitExceeded"):
        for number in range(5):
            ec2.create_vpc(CidrBlock=f"10.{number}.0.0/24")


def a_new_acl_denies_everything(ec2: Any) -> None:
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/24")["Vpc"]["VpcId"]
    acl = ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    entries = ec2.describe_network_acls(NetworkAclIds=[acl])["NetworkAcls"][0]["Entries"]
    assert sorted((one["RuleNumber"], one["Egress"], one["RuleAction"]) for one in entries) == [
        (32767, False, "deny"),
        (32767, True, "deny"),
    ]


def an_acl_that_does_not_exist_is_no_acl(ec2: Any) -> None:
    with refused("InvalidNetworkAclID.NotFound"):
        ec2.describe_network_acls(NetworkAclIds=["acl-00000000000000000"])


def a_default_group_cannot_be_deleted(ec2: Any) -> None:
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/24")["Vpc"]["VpcId"]
    group = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["SecurityGroups"][0]["GroupId"]
    with refused("CannotDelete"):
        ec2.delete_security_group(GroupId=group)


def a_group_that_another_ones_rule_names_cannot_be_deleted(ec2: Any) -> None:
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/24")["Vpc"]["VpcId"]
    named, naming = (
        ec2.create_security_group(VpcId=vpc, GroupName=name, Description="-")["GroupId"] for name in ("a", "b")
    )
    rule = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "UserIdGroupPairs": [{"GroupId": named}]}]
    ec2.authorize_security_group_ingress(GroupId=naming, IpPermissions=rule)
    with refused("DependencyViolation"):
        ec2.delete_security_group(GroupId=named)
    ec2.revoke_security_group_ingress(GroupId=naming, IpPermissions=rule)
    ec2.delete_security_group(GroupId=named)


def an_acl_loses_its_subnet_with_the_subnet(ec2: Any) -> None:
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/24")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    acl = ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    default = ec2.describe_network_acls(Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])["NetworkAcls"]
    association = default[0]["Associations"][0]["NetworkAclAssociationId"]
    ec2.replace_network_acl_association(AssociationId=association, NetworkAclId=acl)
    ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_network_acl(NetworkAclId=acl)


def a_subnet_with_a_machine_cannot_be_deleted(ec2: Any) -> None:
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/24")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    run(ec2, register(ec2, root(ec2)), SubnetId=subnet)
    with refused("DependencyViolation"):
        ec2.delete_subnet(SubnetId=subnet)


def a_terminated_machines_interface_is_gone(ec2: Any) -> None:
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/24")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    ec2.terminate_instances(InstanceIds=[run(ec2, register(ec2, root(ec2)), SubnetId=subnet)["InstanceId"]])
    assert ec2.describe_network_interfaces()["NetworkInterfaces"] == []


def a_vpc_with_a_group_or_an_acl_cannot_be_deleted(ec2: Any) -> None:
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/24")["Vpc"]["VpcId"]
    acl = ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    with refused("DependencyViolation"):
        ec2.delete_vpc(VpcId=vpc)
    ec2.delete_network_acl(NetworkAclId=acl)
    ec2.delete_vpc(VpcId=vpc)


def an_image_parameter_is_validated_later(ec2: Any) -> None:
    ssm = client("ssm")
    ssm.put_parameter(Name="/a/good", Type="String", DataType="aws:ec2:image", Value=register(ec2, root(ec2)))
    ssm.put_parameter(Name="/a/bad", Type="String", DataType="aws:ec2:image", Value="ami-00000000000000000")
    with refused("ParameterNotFound"):
        ssm.get_parameter(Name="/a/good")
    CLOCK.pass_by()
    assert ssm.get_parameter(Name="/a/good")["Parameter"]["Version"] == 1
    with refused("ParameterNotFound"):
        ssm.get_parameter(Name="/a/bad")


CHECKS: list[Check] = [
    an_image_keeps_what_it_was_registered_with,
    a_names_second_image_is_refused,
    an_image_needs_its_snapshot,
    an_image_needs_a_completed_snapshot,
    an_image_needs_a_root_device,
    an_image_is_no_smaller_than_its_snapshot,
    a_tpm_needs_uefi,
    an_images_snapshot_cannot_be_deleted,
    a_snapshot_is_pending_first,
    a_machine_needs_its_image,
    a_machine_needs_an_image_that_is_still_there,
    a_machine_has_the_disks_of_its_image_and_of_the_request,
    the_same_client_token_starts_one_machine,
    an_image_with_imds_v2_requires_tokens,
    architecture_and_type_must_fit,
    vcpus_have_a_quota,
    a_mapping_may_take_its_size_from_the_image,
    a_key_that_cannot_be_used_ends_the_machine,
    states_in_between_are_seen,
    a_machine_can_power_itself_off,
    a_machines_host_can_fail,
    a_console_is_empty_without_a_machine,
    vpcs_have_a_quota,
    a_new_acl_denies_everything,
    an_acl_that_does_not_exist_is_no_acl,
    a_default_group_cannot_be_deleted,
    a_group_that_another_ones_rule_names_cannot_be_deleted,
    an_acl_loses_its_subnet_with_the_subnet,
    a_subnet_with_a_machine_cannot_be_deleted,
    a_terminated_machines_interface_is_gone,
    a_vpc_with_a_group_or_an_acl_cannot_be_deleted,
    an_image_parameter_is_validated_later,
]


@pytest.fixture
def ec2(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    with mock_aws():
        yield client("ec2")


@functools.cache  # the service's model takes a second to read
def client(service: str) -> Any:
    return boto3.client(service, region_name=REGION)  # type: ignore[call-overload]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_strict(ec2: Any, check: Check) -> None:
    with extended(Rules(transition=1, validation=1, vcpu_quota=8, clock=CLOCK)):
        check(ec2)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_bare_moto_is_laxer(ec2: Any, check: Check) -> None:
    with pytest.raises((AssertionError, ClientError, KeyError, pytest.fail.Exception)):
        check(ec2)
