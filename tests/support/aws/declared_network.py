"""The network of one run, as its program declares it."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.aws.inner.network import BuildNetwork, BuildNetworkArgs
from components.aws.inner.read_back import NetworkReadBack
from hallmark.aws.settings import AwsSettings
from tests.support.recorded import Recorded, declare

TAGS = {"hallmark:managed": "true", "hallmark:build": "b1"}


def program() -> pulumi.Output[Any]:
    network = BuildNetwork("net", BuildNetworkArgs(availability_zone="eu-central-1a", tags=TAGS))
    opts = pulumi.ResourceOptions(depends_on=network.closed)
    settings = AwsSettings(region="eu-central-1")
    read_back = NetworkReadBack("net-read-back", vpc=network.vpc_id, run="run-1", settings=settings, opts=opts)
    return pulumi.Output.all(network.vpc_id, network.subnet_id, network.security_group_id, read_back.id)


@pytest.fixture(scope="module")
def network() -> Recorded:
    return declare(program)[0]
