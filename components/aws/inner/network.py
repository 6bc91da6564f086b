"""The network of one isolated machine: a VPC with nothing in it that leads anywhere.

Part of the inner program of an ephemeral stack: made before the machine, destroyed after it. Nothing here is a gateway,
an endpoint or a peering; that nobody else added one is what the read-back (aws_read_back.py) looks for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

TOKEN = "hallmark:index:BuildNetwork"  # noqa: S105 -- a type's name
# The smallest that AWS has. Nothing is routed out of it, so all builds may use the same.
CIDR = "10.255.255.0/28"


@dataclass(frozen=True, kw_only=True)
class BuildNetworkArgs:
    """Where the network is (a zone that offers the machine's type), and the tags that all its parts get."""

    availability_zone: pulumi.Input[str]
    tags: Mapping[str, str]


class BuildNetwork(pulumi.ComponentResource):
    """A VPC without a resolver and without a way in or out; one subnet, a group and an ACL that let nothing pass.

    `closed` are the resources that must stand before a machine may start: without them the VPC's own defaults, which
    allow much, would apply.
    """

    vpc_id: pulumi.Output[str]
    subnet_id: pulumi.Output[str]
    security_group_id: pulumi.Output[str]
    closed: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: BuildNetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TOKEN, name, None, opts)
        child, tags = pulumi.ResourceOptions(parent=self), dict(args.tags)
        vpc = aws.ec2.Vpc(
            f"{name}-vpc",
            cidr_block=CIDR,
            instance_tenancy="default",
            # The resolver at the VPC's base + 2 answers whatever groups and ACLs say: a way out by DNS.
            enable_dns_support=False,
            enable_dns_hostnames=False,
            assign_generated_ipv6_cidr_block=False,
            tags=tags,
            opts=child,
        )
        default_group = aws.ec2.DefaultSecurityGroup(
            f"{name}-default-group", vpc_id=vpc.id, ingress=[], egress=[], tags=tags, opts=child
        )
        subnet = aws.ec2.Subnet(
            f"{name}-subnet",
            vpc_id=vpc.id,
            cidr_block=CIDR,
            availability_zone=args.availability_zone,
            map_public_ip_on_launch=False,
            assign_ipv6_address_on_creation=False,
            tags=tags,
            opts=child,
        )
        group = aws.ec2.SecurityGroup(
            f"{name}-group",
            vpc_id=vpc.id,
            description="Hallmark: nothing in, nothing out",
            ingress=[],
            egress=[],
            tags=tags,
            opts=child,
        )
        # Without entries of its own an ACL has only the last one, which denies all.
        acl = aws.ec2.NetworkAcl(f"{name}-acl", vpc_id=vpc.id, ingress=[], egress=[], tags=tags, opts=child)
        association = aws.ec2.NetworkAclAssociation(
            f"{name}-acl-association", network_acl_id=acl.id, subnet_id=subnet.id, opts=child
        )
        self.vpc_id, self.subnet_id, self.security_group_id = vpc.id, subnet.id, group.id
        self.closed = (group, default_group, association)
        self.register_outputs({"vpc_id": vpc.id, "subnet_id": subnet.id, "security_group_id": group.id})
