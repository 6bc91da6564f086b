"""The AWS double's network: VPC, subnet, route table, groups, ACLs.

What replaces, which calls are made and in which order follows terraform-provider-aws (the code beneath pulumi-aws),
internal/service/ec2: vpc_.go, vpc_subnet.go, vpc_route_table.go, vpc_route_table_association.go,
vpc_security_group.go, vpc_default_security_group.go, vpc_network_acl.go, vpc_network_acl_association.go,
vpc_network_acl_rule.go. IPv6, IPAM and outposts are left out: such an input is refused.
"""

from __future__ import annotations

from typing import Any

from tests.doubles.aws_context import AwsContext, found, ignoring, retrying
from tests.doubles.plugin import CreatedButFailedError, RefusedError, Traits
from tests.doubles.wire import Values

_VPC_FLAGS = {
    "enableDnsSupport": "EnableDnsSupport",
    "enableDnsHostnames": "EnableDnsHostnames",
    "enableNetworkAddressUsageMetrics": "EnableNetworkAddressUsageMetrics",
}


def by(name: str, *values: str) -> list[Values]:
    """A filter."""
    return [{"Name": name, "Values": list(values)}]


class Ec2Type:
    """What most types share: no checks of their own."""

    traits: Traits
    unsupported: tuple[str, ...] = ()

    def problems(self, inputs: Values) -> list[str]:
        return [f"{name}: the double does not have it" for name in self.unsupported if inputs.get(name)]


class Vpc(Ec2Type):
    traits = Traits(
        replaces=frozenset({"cidrBlock", "ipv4IpamPoolId", "ipv4NetmaskLength", "region"}),
        keeps=frozenset({"enableDnsHostnames", "enableNetworkAddressUsageMetrics", "region"}),
        defaults=(("enableDnsSupport", True), ("instanceTenancy", "default")),
    )
    unsupported = (
        "ipv4IpamPoolId",
        "ipv4NetmaskLength",
        "ipv6CidrBlock",
        "ipv6IpamPoolId",
        "ipv6NetmaskLength",
        "assignGeneratedIpv6CidrBlock",
    )

    def create(self, context: AwsContext, inputs: Values) -> tuple[str, Values]:
        ec2 = context.ec2(inputs)
        made = ec2.create_vpc(
            CidrBlock=inputs.get("cidrBlock", ""),
            InstanceTenancy=inputs["instanceTenancy"],
            TagSpecifications=context.specification("vpc", inputs),
        )["Vpc"]["VpcId"]
        default = {"enableDnsSupport": True}
        for name, there in _VPC_FLAGS.items():
            if name in inputs and inputs[name] != default.get(name, False):
                after(
                    made,
                    lambda there=there, name=name: ec2.modify_vpc_attribute(
                        VpcId=made, **{there: {"Value": inputs[name]}}
                    ),
                )
        return made, self.read(context, made, inputs) or {}

    def read(self, context: AwsContext, resource_id: str, state: Values) -> Values | None:
        ec2 = context.ec2(state)
        vpc = found(lambda: ec2.describe_vpcs(VpcIds=[resource_id])["Vpcs"], "InvalidVpcID.NotFound")
        if vpc is None:
            return None
        flags = {
            name: ec2.describe_vpc_attribute(VpcId=resource_id, Attribute=name)[there]["Value"]
            for name, there in _VPC_FLAGS.items()
        }
        acl = found(
            lambda: ec2.describe_network_acls(Filters=[*by("default", "true"), *by("vpc-id", resource_id)])[
                "NetworkAcls"
            ]
        )
        table = found(
            lambda: ec2.describe_route_tables(Filters=[*by("association.main", "true"), *by("vpc-id", resource_id)])[
                "RouteTables"
            ]
        )
        group = found(
            lambda: ec2.describe_security_groups(Filters=[*by("group-name", "default"), *by("vpc-id", resource_id)])[
                "SecurityGroups"
            ]
        )
        main = table and table["RouteTableId"]
        return {
            **flags,
            "arn": context.arn(f"vpc/{resource_id}", state),
            "cidrBlock": vpc["CidrBlock"],
            "dhcpOptionsId": vpc.get("DhcpOptionsId"),
            "instanceTenancy": vpc.get("InstanceTenancy"),
            "ownerId": context.account,
            "defaultNetworkAclId": acl and acl["NetworkAclId"],
            "mainRouteTableId": main,
            "defaultRouteTableId": main,
            "defaultSecurityGroupId": group and group["GroupId"],
            "region": state.get("region") or context.region,
            **context.seen_tags(vpc.get("Tags")),
        }

    def update(self, context: AwsContext, resource_id: str, old: Values, new: Values) -> Values:
        for name, there in _VPC_FLAGS.items():
            if name in new and new[name] != old.get(name):
                context.ec2(new).modify_vpc_attribute(VpcId=resource_id, **{there: {"Value": new[name]}})
        context.update_tags(resource_id, old, new)
        return self.read(context, resource_id, new) or {}

    def delete(self, context: AwsContext, resource_id: str, state: Values) -> None:
        ec2 = context.ec2(state)
        ignoring(
            lambda: retrying(lambda: ec2.delete_vpc(VpcId=resource_id), "DependencyViolation", patience=5),
            "InvalidVpcID.NotFound",
        )


class Subnet(Ec2Type):
    traits = Traits(
        replaces=frozenset(
            {"availabilityZone", "availabilityZoneId", "cidrBlock", "vpcId", "region", "ipv6Native", "outpostArn"}
        ),
        keeps=frozenset({"availabilityZone", "availabilityZoneId", "region"}),
        defaults=(("mapPublicIpOnLaunch", False), ("assignIpv6AddressOnCreation", False)),
    )
    unsupported = ("ipv6CidrBlock", "ipv6Native", "outpostArn", "customerOwnedIpv4Pool", "assignIpv6AddressOnCreation")

    def create(self, context: AwsContext, inputs: Values) -> tuple[str, Values]:
        names = {
            "vpcId": "VpcId",
            "cidrBlock": "CidrBlock",
            "availabilityZone": "AvailabilityZone",
            "availabilityZoneId": "AvailabilityZoneId",
        }
        asked = {there: inputs[here] for here, there in names.items() if inputs.get(here)}
        ec2 = context.ec2(inputs)
        made = ec2.create_subnet(**asked, TagSpecifications=context.specification("subnet", inputs))["Subnet"][
            "SubnetId"
        ]
        if inputs["mapPublicIpOnLaunch"]:
            after(made, lambda: ec2.modify_subnet_attribute(SubnetId=made, MapPublicIpOnLaunch={"Value": True}))
        return made, self.read(context, made, inputs) or {}

    def read(self, context: AwsContext, resource_id: str, state: Values) -> Values | None:
        ec2 = context.ec2(state)
        subnet = found(lambda: ec2.describe_subnets(SubnetIds=[resource_id])["Subnets"], "InvalidSubnetID.NotFound")
        if subnet is None:
            return None
        return {
            "arn": context.arn(f"subnet/{resource_id}", state),
            "availabilityZone": subnet["AvailabilityZone"],
            "availabilityZoneId": subnet.get("AvailabilityZoneId"),
            "cidrBlock": subnet["CidrBlock"],
            "mapPublicIpOnLaunch": subnet["MapPublicIpOnLaunch"],
            "ownerId": context.account,
            "vpcId": subnet["VpcId"],
            "region": state.get("region") or context.region,
            **context.seen_tags(subnet.get("Tags")),
        }

    def update(self, context: AwsContext, resource_id: str, old: Values, new: Values) -> Values:
        if new["mapPublicIpOnLaunch"] != old.get("mapPublicIpOnLaunch"):
            context.ec2(new).modify_subnet_attribute(
                SubnetId=resource_id, MapPublicIpOnLaunch={"Value": new["mapPublicIpOnLaunch"]}
            )
        context.update_tags(resource_id, old, new)
        return self.read(context, resource_id, new) or {}

    def delete(self, context: AwsContext, resource_id: str, state: Values) -> None:
        ec2 = context.ec2(state)
        ec2.describe_network_interfaces(
            Filters=[*by("subnet-id", resource_id)]
        )  # deleteLingeringENIs looks for Lambda's and others'
        ignoring(
            lambda: retrying(lambda: ec2.delete_subnet(SubnetId=resource_id), "DependencyViolation", patience=5),
            "InvalidSubnetID.NotFound",
        )


class RouteTable(Ec2Type):
    traits = Traits(replaces=frozenset({"vpcId", "region"}), keeps=frozenset({"routes", "propagatingVgws", "region"}))
    unsupported = ("propagatingVgws",)

    def create(self, context: AwsContext, inputs: Values) -> tuple[str, Values]:
        ec2 = context.ec2(inputs)
        made = ec2.create_route_table(
            VpcId=inputs["vpcId"], TagSpecifications=context.specification("route-table", inputs)
        )["RouteTable"]["RouteTableId"]
        for route in inputs.get("routes") or []:
            after(made, lambda route=route: ec2.create_route(RouteTableId=made, **_route(route)))
        return made, self.read(context, made, inputs) or {}

    def read(self, context: AwsContext, resource_id: str, state: Values) -> Values | None:
        ec2 = context.ec2(state)
        table = found(
            lambda: ec2.describe_route_tables(RouteTableIds=[resource_id])["RouteTables"],
            "InvalidRouteTableID.NotFound",
        )
        if table is None:
            return None
        routes = [route for route in table["Routes"] if route.get("GatewayId") != "local"]
        return {
            "arn": context.arn(f"route-table/{resource_id}", state),
            "ownerId": context.account,
            "routes": [
                {"cidrBlock": route.get("DestinationCidrBlock"), "gatewayId": route.get("GatewayId")}
                for route in routes
            ],
            "vpcId": table["VpcId"],
            "region": state.get("region") or context.region,
            **context.seen_tags(table.get("Tags")),
        }

    def update(self, context: AwsContext, resource_id: str, old: Values, new: Values) -> Values:
        if "routes" in new and new["routes"] != old.get("routes"):
            for route in old.get("routes") or []:
                context.ec2(new).delete_route(RouteTableId=resource_id, DestinationCidrBlock=route["cidrBlock"])
            for route in new["routes"]:
                context.ec2(new).create_route(RouteTableId=resource_id, **_route(route))
        context.update_tags(resource_id, old, new)
        return self.read(context, resource_id, new) or {}

    def delete(self, context: AwsContext, resource_id: str, state: Values) -> None:
        ec2 = context.ec2(state)
        table = found(
            lambda: ec2.describe_route_tables(RouteTableIds=[resource_id])["RouteTables"],
            "InvalidRouteTableID.NotFound",
        )
        for association in (table or {}).get("Associations", []):
            ec2.disassociate_route_table(AssociationId=association["RouteTableAssociationId"])
        ignoring(lambda: ec2.delete_route_table(RouteTableId=resource_id), "InvalidRouteTableID.NotFound")


def _route(route: Values) -> Values:
    names = {"cidrBlock": "DestinationCidrBlock", "gatewayId": "GatewayId", "natGatewayId": "NatGatewayId"}
    if other := set(route) - set(names):
        raise RefusedError(f"routes: the double does not have {', '.join(sorted(other))}")
    return {there: route[here] for here, there in names.items() if route.get(here)}


class RouteTableAssociation(Ec2Type):
    traits = Traits(replaces=frozenset({"subnetId", "gatewayId", "region"}), keeps=frozenset({"region"}))
    unsupported = ("gatewayId",)

    def create(self, context: AwsContext, inputs: Values) -> tuple[str, Values]:
        made = context.ec2(inputs).associate_route_table(
            RouteTableId=inputs["routeTableId"], SubnetId=inputs["subnetId"]
        )["AssociationId"]
        return made, self.read(context, made, inputs) or {}

    def read(self, context: AwsContext, resource_id: str, state: Values) -> Values | None:
        ec2 = context.ec2(state)
        tables = ec2.describe_route_tables(Filters=by("association.route-table-association-id", resource_id))[
            "RouteTables"
        ]
        links = [
            link for table in tables for link in table["Associations"] if link["RouteTableAssociationId"] == resource_id
        ]
        return {"routeTableId": links[0]["RouteTableId"], "subnetId": links[0]["SubnetId"]} if links else None

    def update(self, context: AwsContext, resource_id: str, old: Values, new: Values) -> Values:
        # The association gets another id then, which the real provider sets; this double cannot.
        raise RefusedError("aws:ec2:RouteTableAssociation: the double cannot change the route table of an association")

    def delete(self, context: AwsContext, resource_id: str, state: Values) -> None:
        ignoring(
            lambda: context.ec2(state).disassociate_route_table(AssociationId=resource_id),
            "InvalidAssociationID.NotFound",
        )


class SecurityGroup(Ec2Type):
    """Created with AWS's rule that lets everything out, which is then revoked."""

    traits = Traits(
        replaces=frozenset({"description", "name", "namePrefix", "vpcId", "region"}),
        keeps=frozenset({"ingress", "egress", "vpcId", "name", "namePrefix", "region"}),
        named=True,
        defaults=(("description", "Managed by Pulumi"), ("revokeRulesOnDelete", False)),
    )

    def create(self, context: AwsContext, inputs: Values) -> tuple[str, Values]:
        ec2 = context.ec2(inputs)
        vpc = {"VpcId": inputs["vpcId"]} if inputs.get("vpcId") else {}
        made = ec2.create_security_group(
            GroupName=inputs["name"],
            Description=inputs["description"],
            TagSpecifications=context.specification("security-group", inputs),
            **vpc,
        )["GroupId"]
        everything = {"FromPort": 0, "ToPort": 0, "IpProtocol": "-1"}
        after(
            made,
            lambda: ec2.revoke_security_group_egress(
                GroupId=made, IpPermissions=[{**everything, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
            ),
        )
        ignoring(
            lambda: ec2.revoke_security_group_egress(
                GroupId=made, IpPermissions=[{**everything, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}]
            ),
            "InvalidPermission.NotFound",
        )
        after(made, lambda: _set_rules(ec2, made, inputs))
        return made, self.read(context, made, inputs) or {}

    def read(self, context: AwsContext, resource_id: str, state: Values) -> Values | None:
        ec2 = context.ec2(state)
        group = found(
            lambda: ec2.describe_security_groups(GroupIds=[resource_id])["SecurityGroups"],
            "InvalidGroup.NotFound",
            "InvalidGroupId.Malformed",
        )
        if group is None:
            return None
        return {
            "arn": context.arn(f"security-group/{resource_id}", state),
            "description": group["Description"],
            "name": group["GroupName"],
            "ownerId": context.account,
            "vpcId": group.get("VpcId"),
            "ingress": [_seen_rule(rule, resource_id) for rule in group["IpPermissions"]],
            "egress": [_seen_rule(rule, resource_id) for rule in group["IpPermissionsEgress"]],
            "region": state.get("region") or context.region,
            **context.seen_tags(group.get("Tags")),
        }

    def update(self, context: AwsContext, resource_id: str, old: Values, new: Values) -> Values:
        _set_rules(context.ec2(new), resource_id, new)
        context.update_tags(resource_id, old, new)
        return self.read(context, resource_id, new) or {}

    def delete(self, context: AwsContext, resource_id: str, state: Values) -> None:
        ec2 = context.ec2(state)
        ec2.describe_network_interfaces(Filters=by("group-id", resource_id))
        if state.get("revokeRulesOnDelete"):
            _revoke_all(ec2, resource_id)
        call = lambda: ec2.delete_security_group(GroupId=resource_id)  # noqa: E731
        ignoring(
            lambda: retrying(call, "DependencyViolation", "InvalidGroup.InUse", patience=5), "InvalidGroup.NotFound"
        )


class DefaultSecurityGroup(SecurityGroup):
    """Adopts a VPC's default group and empties it; deleting it does nothing."""

    traits = Traits(
        replaces=frozenset({"vpcId", "region"}),
        keeps=frozenset({"ingress", "egress", "vpcId", "region"}),
        defaults=(("revokeRulesOnDelete", False),),
    )

    def create(self, context: AwsContext, inputs: Values) -> tuple[str, Values]:
        ec2 = context.ec2(inputs)
        where = by("vpc-id", inputs["vpcId"]) if inputs.get("vpcId") else by("description", "default group")
        group = found(
            lambda: ec2.describe_security_groups(Filters=[*by("group-name", "default"), *where])["SecurityGroups"]
        )
        if group is None:
            raise RefusedError("reading Default Security Group: empty result")
        made: str = group["GroupId"]
        context.update_tags(made, context.seen_tags(group.get("Tags")), inputs)
        after(made, lambda: _revoke_all(ec2, made))
        after(made, lambda: _set_rules(ec2, made, inputs))
        return made, self.read(context, made, inputs) or {}

    def delete(self, context: AwsContext, resource_id: str, state: Values) -> None:
        return None


def _revoke_all(ec2: Any, group: str) -> None:
    for rule in ec2.describe_security_group_rules(Filters=by("group-id", group))["SecurityGroupRules"]:
        call = ec2.revoke_security_group_egress if rule["IsEgress"] else ec2.revoke_security_group_ingress
        call(GroupId=group, SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]])


def _set_rules(ec2: Any, group: str, inputs: Values) -> None:
    there = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
    for side, key in (("ingress", "IpPermissions"), ("egress", "IpPermissionsEgress")):
        if side not in inputs:
            continue
        wanted = [_rule(rule, group) for rule in inputs[side]]
        if there[key]:
            getattr(ec2, f"revoke_security_group_{side}")(GroupId=group, IpPermissions=there[key])
        if wanted:
            getattr(ec2, f"authorize_security_group_{side}")(GroupId=group, IpPermissions=wanted)


def _rule(rule: Values, group: str) -> Values:
    groups = [*(rule.get("securityGroups") or []), *([group] if rule.get("self") else [])]
    return {
        "IpProtocol": rule["protocol"],
        "FromPort": rule["fromPort"],
        "ToPort": rule["toPort"],
        "IpRanges": [{"CidrIp": cidr} for cidr in rule.get("cidrBlocks") or []],
        "Ipv6Ranges": [{"CidrIpv6": cidr} for cidr in rule.get("ipv6CidrBlocks") or []],
        "UserIdGroupPairs": [{"GroupId": one} for one in groups],
    }


def _seen_rule(rule: Values, group: str) -> Values:
    groups = [pair["GroupId"] for pair in rule.get("UserIdGroupPairs", [])]
    return {
        "protocol": rule["IpProtocol"],
        "fromPort": rule.get("FromPort", 0),
        "toPort": rule.get("ToPort", 0),
        "cidrBlocks": [one["CidrIp"] for one in rule.get("IpRanges", [])],
        "ipv6CidrBlocks": [one["CidrIpv6"] for one in rule.get("Ipv6Ranges", [])],
        "securityGroups": [one for one in groups if one != group],
        "self": group in groups,
    }


class NetworkAcl(Ec2Type):
    traits = Traits(
        replaces=frozenset({"vpcId", "region"}), keeps=frozenset({"ingress", "egress", "subnetIds", "region"})
    )

    def create(self, context: AwsContext, inputs: Values) -> tuple[str, Values]:
        ec2 = context.ec2(inputs)
        made = ec2.create_network_acl(
            VpcId=inputs["vpcId"], TagSpecifications=context.specification("network-acl", inputs)
        )["NetworkAcl"]["NetworkAclId"]
        for side in ("egress", "ingress"):
            for entry in inputs.get(side) or []:
                after(
                    made,
                    lambda side=side, entry=entry: ec2.create_network_acl_entry(
                        NetworkAclId=made, Egress=side == "egress", **_entry(entry)
                    ),
                )
        for subnet in inputs.get("subnetIds") or []:
            after(made, lambda subnet=subnet: associate_acl(ec2, subnet, made))
        return made, self.read(context, made, inputs) or {}

    def read(self, context: AwsContext, resource_id: str, state: Values) -> Values | None:
        ec2 = context.ec2(state)
        acl = found(
            lambda: ec2.describe_network_acls(NetworkAclIds=[resource_id])["NetworkAcls"],
            "InvalidNetworkAclID.NotFound",
        )
        if acl is None:
            return None
        entries = [entry for entry in acl["Entries"] if entry["RuleNumber"] < 32767]
        return {
            "arn": context.arn(f"network-acl/{resource_id}", state),
            "ownerId": context.account,
            "vpcId": acl["VpcId"],
            "subnetIds": [link["SubnetId"] for link in acl["Associations"]],
            "egress": [_seen_entry(entry) for entry in entries if entry["Egress"]],
            "ingress": [_seen_entry(entry) for entry in entries if not entry["Egress"]],
            "region": state.get("region") or context.region,
            **context.seen_tags(acl.get("Tags")),
        }

    def update(self, context: AwsContext, resource_id: str, old: Values, new: Values) -> Values:
        ec2 = context.ec2(new)
        for side in ("egress", "ingress"):
            if side in new:
                for entry in old.get(side) or []:
                    ec2.delete_network_acl_entry(
                        NetworkAclId=resource_id, Egress=side == "egress", RuleNumber=entry["ruleNo"]
                    )
                for entry in new[side]:
                    ec2.create_network_acl_entry(NetworkAclId=resource_id, Egress=side == "egress", **_entry(entry))
        if "subnetIds" in new:
            for subnet in set(old.get("subnetIds") or []) - set(new["subnetIds"]):
                associate_acl(ec2, subnet, _default_acl(ec2, new["vpcId"]))
            for subnet in set(new["subnetIds"]) - set(old.get("subnetIds") or []):
                associate_acl(ec2, subnet, resource_id)
        context.update_tags(resource_id, old, new)
        return self.read(context, resource_id, new) or {}

    def delete(self, context: AwsContext, resource_id: str, state: Values) -> None:
        ec2 = context.ec2(state)
        acl = found(
            lambda: ec2.describe_network_acls(NetworkAclIds=[resource_id])["NetworkAcls"],
            "InvalidNetworkAclID.NotFound",
        )
        for link in (acl or {}).get("Associations", []):
            associate_acl(ec2, link["SubnetId"], _default_acl(ec2, state["vpcId"]))
        ignoring(lambda: ec2.delete_network_acl(NetworkAclId=resource_id), "InvalidNetworkAclID.NotFound")


def _entry(entry: Values) -> Values:
    return {
        "RuleNumber": entry["ruleNo"],
        "Protocol": str(entry["protocol"]),
        "RuleAction": entry["action"],
        "CidrBlock": entry.get("cidrBlock", ""),
        "PortRange": {"From": entry["fromPort"], "To": entry["toPort"]},
    }


def _seen_entry(entry: Values) -> Values:
    ports = entry.get("PortRange") or {}
    return {
        "ruleNo": entry["RuleNumber"],
        "protocol": entry["Protocol"],
        "action": entry["RuleAction"],
        "cidrBlock": entry.get("CidrBlock"),
        "fromPort": ports.get("From", 0),
        "toPort": ports.get("To", 0),
    }


def associate_acl(ec2: Any, subnet: str, acl: str) -> str:
    """Give a subnet another ACL; the new association's id."""
    holder = found(lambda: ec2.describe_network_acls(Filters=by("association.subnet-id", subnet))["NetworkAcls"])
    if holder is None:
        raise RefusedError(f"reading EC2 Network ACL Association of subnet {subnet}: not found")
    link = next(link for link in holder["Associations"] if link["SubnetId"] == subnet)
    answer = ec2.replace_network_acl_association(AssociationId=link["NetworkAclAssociationId"], NetworkAclId=acl)
    return str(answer["NewAssociationId"])


def _default_acl(ec2: Any, vpc: str) -> str:
    return str(
        ec2.describe_network_acls(Filters=[*by("default", "true"), *by("vpc-id", vpc)])["NetworkAcls"][0][
            "NetworkAclId"
        ]
    )


class NetworkAclAssociation(Ec2Type):
    traits = Traits(replaces=frozenset({"networkAclId", "subnetId", "region"}), keeps=frozenset({"region"}))

    def create(self, context: AwsContext, inputs: Values) -> tuple[str, Values]:
        return associate_acl(context.ec2(inputs), inputs["subnetId"], inputs["networkAclId"]), {
            "region": inputs.get("region") or context.region
        }

    def read(self, context: AwsContext, resource_id: str, state: Values) -> Values | None:
        acls = context.ec2(state).describe_network_acls(Filters=by("association.association-id", resource_id))[
            "NetworkAcls"
        ]
        links = [link for acl in acls for link in acl["Associations"] if link["NetworkAclAssociationId"] == resource_id]
        return {"networkAclId": links[0]["NetworkAclId"], "subnetId": links[0]["SubnetId"]} if links else None

    def update(self, context: AwsContext, resource_id: str, old: Values, new: Values) -> Values:
        return {}

    def delete(self, context: AwsContext, resource_id: str, state: Values) -> None:
        ec2 = context.ec2(state)
        acl = found(
            lambda: ec2.describe_network_acls(NetworkAclIds=[state["networkAclId"]])["NetworkAcls"],
            "InvalidNetworkAclID.NotFound",
        )
        if acl and any(link["NetworkAclAssociationId"] == resource_id for link in acl["Associations"]):
            associate_acl(ec2, state["subnetId"], _default_acl(ec2, acl["VpcId"]))


class NetworkAclRule(Ec2Type):
    traits = Traits(
        replaces=frozenset(
            {
                "networkAclId",
                "ruleNumber",
                "egress",
                "protocol",
                "ruleAction",
                "cidrBlock",
                "fromPort",
                "toPort",
                "icmpType",
                "icmpCode",
                "region",
            }
        ),
        keeps=frozenset({"region"}),
        defaults=(("egress", False),),
    )
    unsupported = ("ipv6CidrBlock", "icmpType", "icmpCode")

    def create(self, context: AwsContext, inputs: Values) -> tuple[str, Values]:
        context.ec2(inputs).create_network_acl_entry(
            NetworkAclId=inputs["networkAclId"],
            RuleNumber=inputs["ruleNumber"],
            Egress=inputs["egress"],
            Protocol=inputs["protocol"],
            RuleAction=inputs["ruleAction"],
            CidrBlock=inputs.get("cidrBlock", ""),
            PortRange={"From": inputs.get("fromPort", 0), "To": inputs.get("toPort", 0)},
        )
        return f"nacl-{inputs['networkAclId']}-{inputs['ruleNumber']}-{inputs['egress']}", {}

    def read(self, context: AwsContext, resource_id: str, state: Values) -> Values | None:
        acl = found(
            lambda: context.ec2(state).describe_network_acls(NetworkAclIds=[state["networkAclId"]])["NetworkAcls"],
            "InvalidNetworkAclID.NotFound",
        )
        entries = [
            one
            for one in (acl or {}).get("Entries", [])
            if one["RuleNumber"] == state["ruleNumber"] and one["Egress"] == state["egress"]
        ]
        return {"ruleAction": entries[0]["RuleAction"], "cidrBlock": entries[0].get("CidrBlock")} if entries else None

    def update(self, context: AwsContext, resource_id: str, old: Values, new: Values) -> Values:
        return {}

    def delete(self, context: AwsContext, resource_id: str, state: Values) -> None:
        call = lambda: context.ec2(state).delete_network_acl_entry(  # noqa: E731
            NetworkAclId=state["networkAclId"], RuleNumber=state["ruleNumber"], Egress=state["egress"]
        )
        ignoring(call, "InvalidNetworkAclEntry.NotFound", "InvalidNetworkAclID.NotFound")


def after(resource_id: str, call: Any) -> None:
    """A step after the creating call: where it fails the engine is told what was created."""
    try:
        call()
    except Exception as error:
        raise CreatedButFailedError(resource_id, str(error)) from error
