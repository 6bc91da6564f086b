"""A scratch checkout whose stack `aws` is in a doubled account: the real engine and program, the doubled plugins."""

from __future__ import annotations

import os
from typing import Any

from hallmark.engine.plugins import missing_plugins
from tests.doubles.server import BIN, REGION, Server
from tests.e2e.checkout import Checkout

STACK = "aws"


def use_account(checkout: Checkout, server: Server, ami: str, **settings: Any) -> str:
    """Let the checkout's stack build in this account, from this AMI; the ARN of its key."""
    key = str(
        server.client("kms").create_key(KeyUsage="ENCRYPT_DECRYPT", KeySpec="SYMMETRIC_DEFAULT")["KeyMetadata"]["Arn"]
    )
    (checkout.root / "stacks" / f"Pulumi.{STACK}.yaml").unlink(missing_ok=True)
    checkout.stack = STACK
    # The doubles stand in where the real plugins cannot be had; where they are, they are used.
    checkout.path = [BIN] if list(missing_plugins(os.environ)) else []
    checkout.extra = server.environment()
    checkout.configure(**{"aws:region": REGION}, platform="aws", kmsKey=key, baseAmi={"id": ami}, base=None, **settings)
    return key


def holdings(server: Server) -> dict[str, list[str]]:
    """Everything that the account holds because of us: what carries our tag, every machine, every parameter."""
    ec2: Any = server.client("ec2")
    ours = [{"Name": "tag:hallmark:managed", "Values": ["true"]}]
    machines = [row for found in ec2.describe_instances()["Reservations"] for row in found["Instances"]]
    found = {
        "networks": [row["VpcId"] for row in ec2.describe_vpcs(Filters=ours)["Vpcs"]],
        "subnets": [row["SubnetId"] for row in ec2.describe_subnets(Filters=ours)["Subnets"]],
        "groups": [row["GroupId"] for row in ec2.describe_security_groups(Filters=ours)["SecurityGroups"]],
        "acls": [row["NetworkAclId"] for row in ec2.describe_network_acls(Filters=ours)["NetworkAcls"]],
        "interfaces": [row["NetworkInterfaceId"] for row in ec2.describe_network_interfaces()["NetworkInterfaces"]],
        "machines": [row["InstanceId"] for row in machines if row["State"]["Name"] != "terminated"],
        "volumes": [row["VolumeId"] for row in ec2.describe_volumes(Filters=ours)["Volumes"]],
        "snapshots": [
            row["SnapshotId"] for row in ec2.describe_snapshots(OwnerIds=["self"], Filters=ours)["Snapshots"]
        ],
        "images": [row["ImageId"] for row in ec2.describe_images(Owners=["self"], Filters=ours)["Images"]],
        "parameters": [row["Name"] for row in server.client("ssm").describe_parameters()["Parameters"]],
    }
    return {kind: sorted(ids) for kind, ids in found.items() if ids}


def tags_of(server: Server, resource: str) -> dict[str, str]:
    """The tags of an EC2 resource."""
    rows = server.client("ec2").describe_tags(Filters=[{"Name": "resource-id", "Values": [resource]}])["Tags"]
    return {row["Key"]: row["Value"] for row in rows}
