"""A double of the plugin `pulumi-resource-aws`: the resource types that Hallmark uses, on botocore.

Behind it is moto, or anything else that speaks the API. It is not the provider. What it takes from it, type by type,
stands in aws_network.py, aws_machines.py and aws_parameters.py; what is not there fails with a clear error instead of
passing silently.
"""

from __future__ import annotations

import inspect
import json
from typing import Any

from tests.doubles import aws_machines, aws_network, property_types
from tests.doubles.aws_context import AwsContext
from tests.doubles.aws_lookups import LOOKUPS
from tests.doubles.aws_parameters import Parameter
from tests.doubles.plugin import Plugin, RefusedError, ResourceType
from tests.doubles.wire import Values

_ENGINES_OWN = {"version", "pluginDownloadURL", "__internal"}


class AwsPlugin(Plugin):
    """The plugin."""

    package = "aws"
    types: dict[str, ResourceType] = {  # noqa: RUF012
        "aws:ec2/vpc:Vpc": aws_network.Vpc(),
        "aws:ec2/subnet:Subnet": aws_network.Subnet(),
        "aws:ec2/routeTable:RouteTable": aws_network.RouteTable(),
        "aws:ec2/routeTableAssociation:RouteTableAssociation": aws_network.RouteTableAssociation(),
        "aws:ec2/securityGroup:SecurityGroup": aws_network.SecurityGroup(),
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": aws_network.DefaultSecurityGroup(),
        "aws:ec2/networkAcl:NetworkAcl": aws_network.NetworkAcl(),
        "aws:ec2/networkAclAssociation:NetworkAclAssociation": aws_network.NetworkAclAssociation(),
        "aws:ec2/networkAclRule:NetworkAclRule": aws_network.NetworkAclRule(),
        "aws:ec2/instance:Instance": aws_machines.Instance(),
        "aws:ec2/ami:Ami": aws_machines.Ami(),
        "aws:ec2/tag:Tag": aws_machines.Tag(),
        "aws:ec2/volumeAttachment:VolumeAttachment": aws_machines.VolumeAttachment(),
        "aws:ebs/volume:Volume": aws_machines.Volume(),
        "aws:ebs/snapshot:Snapshot": aws_machines.Snapshot(),
        "aws:ssm/parameter:Parameter": Parameter(),
    }

    def configure(self, settings: Values) -> AwsContext:
        return AwsContext(_decoded(settings))

    def check_settings(self, settings: Values) -> list[property_types.Failure]:
        known = _provider_args()
        return property_types.check(
            known, {key: value for key, value in _decoded(settings).items() if key not in _ENGINES_OWN}
        )

    def invoke(self, token: str, arguments: Values) -> Values:
        if token not in LOOKUPS:
            raise RefusedError(f"{token}: the double has no such function, only {', '.join(sorted(LOOKUPS))}")
        function = getattr(property_types.sdk_module(token), property_types.snake(token.rsplit(":", 1)[1]))
        known = {property_types.snake(name) for name in arguments}
        if unknown := known - set(inspect.signature(function).parameters):
            raise RefusedError(f"{token}: unknown arguments {', '.join(sorted(unknown))}")
        return LOOKUPS[token](self.context, arguments)


def _provider_args() -> property_types.Properties:
    from pulumi_aws.provider import ProviderArgs  # when the plugin has said how to load it

    return property_types.properties_of(ProviderArgs)


def _decoded(settings: Values) -> Values:
    """Configuration arrives with everything that is not a string encoded as JSON."""
    known = _provider_args().types
    return {key: _decode(known.get(key), value) for key, value in settings.items()}


def _decode(hint: Any, value: Any) -> Any:
    if not isinstance(value, str) or value == property_types.UNKNOWN or str in property_types.alternatives(hint):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
