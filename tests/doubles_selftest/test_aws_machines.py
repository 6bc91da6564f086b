"""The doubled AWS provider's machines, images, disks, tags and parameters, driven by the real Pulumi engine."""

from __future__ import annotations

import base64

import pytest

from tests.doubles import moto_ec2
from tests.doubles.server import Server
from tests.doubles.stack import PulumiError, Stack
from tests.support.aws.doubled import image, server, snapshot, stack

__all__ = ["server", "stack"]

MACHINE = """
vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/24")
subnet = aws.ec2.Subnet("subnet", vpc_id=vpc.id, cidr_block="10.0.0.0/24")
group = aws.ec2.SecurityGroup("group", vpc_id=vpc.id)
machine = aws.ec2.Instance(
    "machine", ami="{ami}", instance_type="t3.micro", subnet_id=subnet.id, vpc_security_group_ids=[group.id],
    user_data_base64="{user_data}", tags={{"hallmark:build": "b"}},
    volume_tags={{"hallmark:build": "{tag}"}},
    metadata_options=aws.ec2.InstanceMetadataOptionsArgs(
        http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1
    ),
    root_block_device=aws.ec2.InstanceRootBlockDeviceArgs(volume_type="gp3", delete_on_termination=True),
    ebs_block_devices=[
        aws.ec2.InstanceEbsBlockDeviceArgs(device_name="/dev/sdf", snapshot_id="{carrier}", volume_type="gp3")
    ],
)
pulumi.export("machine", machine.id)
pulumi.export("root", machine.root_block_device.volume_id)
pulumi.export("state", machine.instance_state)
"""


def machine(ami: str, carrier: str, *, tag: str = "b", user_data: str = "#cloud-config") -> str:
    return MACHINE.format(ami=ami, carrier=carrier, tag=tag, user_data=base64.b64encode(user_data.encode()).decode())


def test_a_machine_starts_as_declared_is_tagged_from_the_start_and_is_terminated(stack: Stack, server: Server) -> None:
    ec2 = server.client("ec2")
    ami, carrier = image(ec2), snapshot(ec2)
    made = stack.up(machine(ami, carrier))

    found = ec2.describe_instances(InstanceIds=[made["machine"]])["Reservations"][0]["Instances"][0]
    assert made["state"] == "running"
    assert (found["MetadataOptions"]["HttpTokens"], found["MetadataOptions"]["HttpPutResponseHopLimit"]) == (
        "required",
        1,
    )
    volumes = ec2.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": [made["machine"]]}])["Volumes"]
    assert {volume["Attachments"][0]["Device"]: volume.get("SnapshotId") for volume in volumes}["/dev/sdf"] == carrier
    assert made["root"] in {volume["VolumeId"] for volume in volumes}
    assert all(volume["Tags"] == [{"Key": "hallmark:build", "Value": "b"}] for volume in volumes)
    assert "CreateTags" not in server.actions()
    data = ec2.describe_instance_attribute(InstanceId=made["machine"], Attribute="userData")["UserData"]["Value"]
    assert base64.b64decode(data) == b"#cloud-config"

    stack.up(machine(ami, carrier), "--refresh", "--expect-no-changes")
    assert stack.up(machine(ami, carrier, tag="c"))["machine"] == made["machine"]
    other = stack.up(machine(image(ec2, name="other"), carrier, tag="c"))
    assert other["machine"] != made["machine"]

    stack.pulumi("destroy", "--yes", "--skip-preview")
    assert ec2.describe_volumes()["Volumes"] == []
    assert {one["State"]["Name"] for all_ in ec2.describe_instances()["Reservations"] for one in all_["Instances"]} == {
        "terminated"
    }


def test_what_the_provider_sets_once_more_after_the_start_is_a_call(stack: Stack, server: Server) -> None:
    """ec2_instance.go: resourceInstanceCreate ends in resourceInstanceUpdate, where two changes count when new."""
    ami = image(server.client("ec2"))
    start = f'aws.ec2.Instance("one", ami="{ami}", instance_type="t3.micro"'
    stack.up(f"{start})")
    assert "ModifyInstanceAttribute" not in server.actions()
    stack.pulumi("destroy", "--yes", "--skip-preview")

    stack.up(f'{start}, instance_initiated_shutdown_behavior="stop", monitoring=True)')
    added = server.actions(mutating=True)
    assert added[added.index("ModifyInstanceAttribute") :] == ["ModifyInstanceAttribute", "MonitorInstances"]


def test_a_machine_that_stopped_is_still_there_and_one_terminated_is_dropped(stack: Stack, server: Server) -> None:
    ec2 = server.client("ec2")
    ami = image(ec2)
    program = f'one = aws.ec2.Instance("one", ami="{ami}", instance_type="t3.micro")\npulumi.export("id", one.id)'
    made = stack.up(program)["id"]

    ec2.stop_instances(InstanceIds=[made])
    stack.pulumi("refresh", "--yes", "--skip-preview")
    assert stack.resources()["one"]["id"] == made

    ec2.terminate_instances(InstanceIds=[made])
    ec2.get_waiter("instance_terminated").wait(InstanceIds=[made], WaiterConfig={"Delay": 1})
    stack.pulumi("refresh", "--yes", "--skip-preview")
    assert stack.resources() == {}


def test_a_machine_that_ends_at_once_fails_and_is_in_the_state(stack: Stack, server: Server) -> None:
    ec2 = server.client("ec2")
    ami = image(ec2)
    key = "arn:aws:kms:eu-central-1:123456789012:key/none"
    disk = f'aws.ec2.InstanceRootBlockDeviceArgs(encrypted=True, kms_key_id="{key}")'
    with pytest.raises(PulumiError, match="unexpected state 'terminated', wanted target 'running'"):
        stack.up(f'aws.ec2.Instance("one", ami="{ami}", instance_type="t3.micro", root_block_device={disk})')

    assert stack.resources()["one"]["id"].startswith("i-")


IMAGE = """
ami = aws.ec2.Ami(
    "ami", name="{name}", architecture="x86_64", boot_mode="uefi", ena_support=True, imds_support="v2.0",
    virtualization_type="hvm",
    root_device_name="/dev/xvda", tags={{"hallmark:status": "candidate"}},
    ebs_block_devices=[
        aws.ec2.AmiEbsBlockDeviceArgs(device_name="/dev/xvda", snapshot_id="{snapshot}", volume_type="gp3"{more})
    ],
)
pulumi.export("ami", ami.id)
"""


def test_an_image_is_registered_and_then_tagged_and_its_snapshot_outlives_it(stack: Stack, server: Server) -> None:
    ec2 = server.client("ec2")
    root = snapshot(ec2)
    made = stack.up(IMAGE.format(name="golden-1", snapshot=root, more=""))

    actions = server.actions()
    assert actions.index("RegisterImage") < actions.index("CreateTags")
    found = ec2.describe_images(ImageIds=[made["ami"]])["Images"][0]
    assert found["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"] == root
    assert (found["BootMode"], found["ImdsSupport"], found["EnaSupport"], found["VirtualizationType"]) == (
        "uefi",
        "v2.0",
        True,
        "hvm",
    )
    stack.up(IMAGE.format(name="golden-1", snapshot=root, more=""), "--refresh", "--expect-no-changes")

    other = stack.up(IMAGE.format(name="golden-2", snapshot=root, more=""))
    assert [one["ImageId"] for one in ec2.describe_images(Owners=["self"])["Images"]] == [other["ami"]]
    ec2.deregister_image(ImageId=other["ami"])
    again = stack.up(IMAGE.format(name="golden-2", snapshot=root, more=""), "--refresh")
    assert again["ami"] != other["ami"]

    stack.pulumi("destroy", "--yes", "--skip-preview")
    assert [one["SnapshotId"] for one in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]] == [root]


def test_encrypted_with_a_snapshot_is_refused(stack: Stack, server: Server) -> None:
    root = snapshot(server.client("ec2"))
    with pytest.raises(PulumiError, match="can't set both 'snapshot_id' and 'encrypted'"):
        stack.up(IMAGE.format(name="golden", snapshot=root, more=", encrypted=True"))


def test_a_tag_of_its_own_comes_changes_and_goes_and_ignored_ones_do_not_drift(stack: Stack, server: Server) -> None:
    program = """
    provider = aws.Provider("own", ignore_tags=aws.ProviderIgnoreTagsArgs(key_prefixes=["hallmark:status"]))
    own = pulumi.ResourceOptions(provider=provider)
    vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/24", tags={"a": "1"}, opts=own)
    aws.ec2.Tag("status", resource_id=vpc.id, key="hallmark:status", value="VALUE", opts=own)
    pulumi.export("vpc", vpc.id)
    """
    vpc = stack.up(program.replace("VALUE", "candidate"))["vpc"]
    stack.up(program.replace("VALUE", "released"))
    ec2 = server.client("ec2")

    def tags() -> dict[str, str]:
        return {tag["Key"]: tag["Value"] for tag in ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["Tags"]}

    assert tags() == {"a": "1", "hallmark:status": "released"}
    stack.up(program.replace("VALUE", "released"), "--refresh", "--expect-no-changes")
    ec2.delete_tags(Resources=[vpc], Tags=[{"Key": "hallmark:status"}])
    stack.up(program.replace("VALUE", "released"), "--refresh")
    assert tags()["hallmark:status"] == "released"


PARAMETER = """
channel = aws.ssm.Parameter(
    "channel", name="/hallmark/web/stable", type="String", data_type="aws:ec2:image", value="{ami}"
)
pulumi.export("version", channel.version)
"""


def test_an_image_parameter_is_validated_after_the_answer(stack: Stack, server: Server) -> None:
    moto_ec2.rules().validation = 1.0
    ec2, ssm = server.client("ec2"), server.client("ssm")
    first, second = image(ec2), image(ec2, name="second")
    stack.up(PARAMETER.format(ami=first))
    assert ssm.get_parameter(Name="/hallmark/web/stable")["Parameter"]["Value"] == first

    moto_ec2.rules().validation = 0.0
    assert stack.up(PARAMETER.format(ami=second))["version"] == 2

    moto_ec2.rules().validation = 60.0
    stack.up(PARAMETER.format(ami=first))  # the provider does not wait for a new value, and says it is done
    assert ssm.get_parameter(Name="/hallmark/web/stable")["Parameter"]["Value"] == second

    stack.pulumi("destroy", "--yes", "--skip-preview")
    assert ssm.describe_parameters()["Parameters"] == []


def test_a_parameter_that_names_no_image_never_appears(stack: Stack) -> None:
    with pytest.raises(PulumiError, match="couldn't find resource"):
        stack.up(PARAMETER.format(ami="ami-00000000000000000"))


def test_a_volume_its_attachment_and_its_snapshot(stack: Stack, server: Server) -> None:
    ami = image(server.client("ec2"))
    program = f"""
    one = aws.ec2.Instance("one", ami="{ami}", instance_type="t3.micro", availability_zone="eu-central-1a")
    volume = aws.ebs.Volume("volume", availability_zone="eu-central-1a", size=2, type="gp3")
    aws.ec2.VolumeAttachment("attachment", device_name="/dev/sdg", instance_id=one.id, volume_id=volume.id)
    taken = aws.ebs.Snapshot("taken", volume_id=volume.id, tags={{"a": "1"}})
    pulumi.export("taken", taken.id)
    """
    made = stack.up(program)
    found = server.client("ec2").describe_snapshots(SnapshotIds=[made["taken"]])["Snapshots"][0]
    assert (found["VolumeSize"], found["Tags"]) == (2, [{"Key": "a", "Value": "1"}])
    stack.pulumi("destroy", "--yes", "--skip-preview")
    assert server.client("ec2").describe_volumes()["Volumes"] == []


def test_the_newest_image_of_a_pattern_is_found_and_none_is_an_error(stack: Stack, server: Server) -> None:
    ec2 = server.client("ec2")
    image(ec2, name="debian-13-old")
    newest = image(ec2, name="debian-13-new")
    program = """
    found = aws.ec2.get_ami(owners=["self"], most_recent=True, filters=[{"name": "name", "values": ["PATTERN"]}])
    pulumi.export("ami", found.id)
    pulumi.export("root", found.root_device_name)
    pulumi.export("account", aws.get_caller_identity().account_id)
    """
    assert stack.up(program.replace("PATTERN", "debian-13-*")) == {
        "ami": newest,
        "root": "/dev/xvda",
        "account": "123456789012",
    }
    with pytest.raises(PulumiError, match="Your query returned no results"):
        stack.up(program.replace("PATTERN", "debian-14-*"))


def test_the_providers_own_settings_are_checked_and_reach_the_account(stack: Stack, server: Server) -> None:
    program = """
    provider = aws.Provider("own", region="eu-west-1", endpoints=[aws.ProviderEndpointArgs(ec2=URL, sts=URL)],
        default_tags=aws.ProviderDefaultTagsArgs(tags={"owner": "hallmark"}))
    vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/24", tags={"a": "1"}, opts=pulumi.ResourceOptions(provider=provider))
    pulumi.export("tags", vpc.tags_all)
    pulumi.export("region", vpc.region)
    """
    assert stack.up(program.replace("URL", repr(server.url))) == {
        "tags": {"a": "1", "owner": "hallmark"},
        "region": "eu-west-1",
    }

    server.fail("GetCallerIdentity", "ExpiredToken", "The security token included in the request is expired")
    with pytest.raises(PulumiError, match=r"validating provider credentials.*ExpiredToken"):
        stack.up('aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/24")')


def test_a_command_runs_at_create_reruns_at_a_change_and_fails_loudly(stack: Stack) -> None:
    program = """
    one = command.local.Command(
        "one", create="echo $WORD; echo warn >&2", delete="touch deleted",
        environment={"WORD": "hello"}, triggers=[TRIGGER],
    )
    pulumi.export("stdout", one.stdout)
    pulumi.export("stderr", one.stderr)
    """
    assert stack.up(program.replace("TRIGGER", "1")) == {"stdout": "hello", "stderr": "warn"}
    stack.up(program.replace("TRIGGER", "1"), "--expect-no-changes")
    stack.up(program.replace("TRIGGER", "2"))
    assert (stack.folder / "deleted").exists()

    with pytest.raises(PulumiError, match=r"exit status 3[\s\S]*broken"):
        stack.up('command.local.Command("two", create="echo broken >&2; exit 3")')
    with pytest.raises(PulumiError, match=r"craete.*unknown property"):
        stack.up('pulumi.CustomResource("command:local:Command", "three", {"craete": "true"})')
