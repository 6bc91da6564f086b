"""What a run of Hallmark makes in an account, made by hand: for tests of what removes it, and of what must stay."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hallmark.aws.tags import Labels

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
PAST = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)
FUTURE = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)
ZONE = "eu-central-1a"


def passing(expires: datetime = PAST, *, stack: str = "aws") -> dict[str, str]:
    """The tags of what must be gone by then."""
    return labels(stack).passing(expires)


def labels(stack: str = "aws") -> Labels:
    return Labels(project="hallmark", stack=stack, recipe="web", use="build", build="b1", fingerprint="f" * 64)


def tagged(kind: str, tags: dict[str, str]) -> list[dict[str, Any]]:
    """Tags as the creating calls take them."""
    return [{"ResourceType": kind, "Tags": listed(tags)}] if tags else []


def listed(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def network(ec2: Any, tags: dict[str, str]) -> dict[str, str]:
    """A build's network: kind → id."""
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/24", TagSpecifications=tagged("vpc", tags))["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(
        VpcId=vpc, CidrBlock="10.0.0.0/28", AvailabilityZone=ZONE, TagSpecifications=tagged("subnet", tags)
    )["Subnet"]["SubnetId"]
    group = ec2.create_security_group(
        VpcId=vpc, GroupName="ours", Description="-", TagSpecifications=tagged("security-group", tags)
    )["GroupId"]
    default = found(ec2.describe_security_groups, "SecurityGroups", **{"vpc-id": vpc, "group-name": "default"})
    if tags:
        ec2.create_tags(Resources=[default[0]["GroupId"]], Tags=listed(tags))
    acl = ec2.create_network_acl(VpcId=vpc, TagSpecifications=tagged("network-acl", tags))["NetworkAcl"]["NetworkAclId"]
    first = found(ec2.describe_network_acls, "NetworkAcls", **{"association.subnet-id": subnet})[0]["Associations"][0]
    ec2.replace_network_acl_association(AssociationId=first["NetworkAclAssociationId"], NetworkAclId=acl)
    return {"VPC": vpc, "subnet": subnet, "security group": group, "network ACL": acl}


def guard_duty(ec2: Any, vpc: str, subnet: str) -> tuple[str, str]:
    """What GuardDuty's Runtime Monitoring puts into a VPC as soon as it has a machine: an endpoint and its group."""
    managed = {"GuardDutyManaged": "true"}
    group = ec2.create_security_group(
        VpcId=vpc,
        GroupName=f"GuardDutyManagedSecurityGroup-{vpc}",
        Description="Associated with VPC endpoint",
        TagSpecifications=tagged("security-group", managed),
    )["GroupId"]
    endpoint = ec2.create_vpc_endpoint(
        VpcId=vpc,
        VpcEndpointType="Interface",
        ServiceName="com.amazonaws.eu-central-1.guardduty-data",
        SubnetIds=[subnet],
        SecurityGroupIds=[group],
        TagSpecifications=tagged("vpc-endpoint", managed),
    )["VpcEndpoint"]["VpcEndpointId"]
    return endpoint, group


def machine(ec2: Any, ami: str, network: dict[str, str], tags: dict[str, str]) -> str:
    """A machine in a network, its volumes tagged as it is."""
    disk = {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 1, "DeleteOnTermination": True}}
    made: str = ec2.run_instances(
        ImageId=ami,
        InstanceType="t3.micro",
        MinCount=1,
        MaxCount=1,
        SubnetId=network["subnet"],
        SecurityGroupIds=[network["security group"]],
        BlockDeviceMappings=[disk],
        TagSpecifications=[*tagged("instance", tags), *tagged("volume", tags)],
    )["Instances"][0]["InstanceId"]
    return made


def volume(ec2: Any, tags: dict[str, str]) -> str:
    made: str = ec2.create_volume(Size=1, AvailabilityZone=ZONE, TagSpecifications=tagged("volume", tags))["VolumeId"]
    return made


def snapshot(ec2: Any, tags: dict[str, str]) -> str:
    """A completed snapshot; the volume that it was taken of is gone."""
    source = volume(ec2, {})
    made: str = ec2.create_snapshot(VolumeId=source, TagSpecifications=tagged("snapshot", tags))["SnapshotId"]
    ec2.get_waiter("snapshot_completed").wait(SnapshotIds=[made], WaiterConfig={"Delay": 1})
    ec2.delete_volume(VolumeId=source)
    return made


def golden(ec2: Any, root: str, name: str = "golden") -> str:
    """An AMI over a snapshot, with the tags of what stays."""
    made: str = ec2.register_image(
        Name=name,
        Architecture="x86_64",
        RootDeviceName="/dev/xvda",
        VirtualizationType="hvm",
        BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": root}}],
        TagSpecifications=tagged("image", labels().lasting()),
    )["ImageId"]
    return made


def interface(ec2: Any, network: dict[str, str], tags: dict[str, str]) -> str:
    made: str = ec2.create_network_interface(
        SubnetId=network["subnet"], TagSpecifications=tagged("network-interface", tags)
    )["NetworkInterface"]["NetworkInterfaceId"]
    return made


def everything(ec2: Any, ami: str, tags: dict[str, str]) -> dict[str, str]:
    """One of each kind: kind → id."""
    net = network(ec2, tags)
    return {
        "instance": machine(ec2, ami, net, tags),
        "volume": volume(ec2, tags),
        "network interface": interface(ec2, net, tags),
        "snapshot": snapshot(ec2, tags),
        **net,
    }


def holdings(ec2: Any) -> set[str]:
    """The ids of all that the account holds, machines that have ended and what it was given at first aside."""
    machines = [row for one in ec2.describe_instances()["Reservations"] for row in one["Instances"]]
    return {
        *(row["InstanceId"] for row in machines if row["State"]["Name"] != "terminated"),
        *(row["VolumeId"] for row in ec2.describe_volumes()["Volumes"]),
        *(row["NetworkInterfaceId"] for row in ec2.describe_network_interfaces()["NetworkInterfaces"]),
        *(row["SnapshotId"] for row in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]),
        *(row["GroupId"] for row in ec2.describe_security_groups()["SecurityGroups"] if row["GroupName"] != "default"),
        *(row["NetworkAclId"] for row in ec2.describe_network_acls()["NetworkAcls"] if not row["IsDefault"]),
        *(row["SubnetId"] for row in ec2.describe_subnets()["Subnets"] if not row["DefaultForAz"]),
        *(row["VpcId"] for row in ec2.describe_vpcs()["Vpcs"] if not row["IsDefault"]),
        *(row["ImageId"] for row in ec2.describe_images(Owners=["self"])["Images"]),
    }


def found(describe: Any, key: str, **filters: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = describe(
        Filters=[{"Name": name, "Values": [value]} for name, value in filters.items()]
    )[key]
    return rows
