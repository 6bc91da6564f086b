"""What GuardDuty puts into a network of ours is named by the read-back, and goes before the network does."""

from __future__ import annotations

from typing import Any

import pytest

from hallmark.aws.guard_duty import clear_run
from hallmark.aws.isolation import prove_isolation
from hallmark.aws.session import Aws
from hallmark.aws.settings import AwsSettings
from hallmark.aws.sweep import sweep
from hallmark.common.errors import AwsError
from tests.doubles import moto_ec2
from tests.doubles.server import REGION, Server
from tests.support.aws.account import NOW, guard_duty, holdings, network, passing
from tests.support.aws.doubled import server

__all__ = ["server"]


@pytest.fixture
def ec2(server: Server) -> Any:
    moto_ec2.rules().vpc_quota = 20
    return server.client("ec2")


@pytest.fixture
def aws(server: Server, monkeypatch: pytest.MonkeyPatch) -> Aws:
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    return Aws(AwsSettings(region=REGION))


def living(ec2: Any) -> set[str]:
    rows = ec2.describe_vpc_endpoints()["VpcEndpoints"]
    return {row["VpcEndpointId"] for row in rows if row["State"] != "deleted"}


def test_the_read_back_names_it_and_says_what_to_do(ec2: Any, aws: Aws) -> None:
    ours = network(ec2, passing())
    endpoint, _ = guard_duty(ec2, ours["VPC"], ours["subnet"])
    with pytest.raises(AwsError) as error:
        prove_isolation(aws.ec2, ours["VPC"])
    lines = str(error.value).splitlines()
    assert f"endpoint: {endpoint} (com.amazonaws.{REGION}.guardduty-data) leads out of the VPC" in lines
    assert "security groups: expected the default one and ours, got 3" in lines
    assert lines[-1].startswith("GuardDuty's Runtime Monitoring has put an endpoint and a group of its own ")


def test_it_goes_from_the_network_of_one_run_and_from_no_other(ec2: Any, aws: Aws) -> None:
    tags = passing()
    ours, theirs = network(ec2, tags), network(ec2, {})
    other_stack = network(ec2, passing(stack="other"))
    _, group = guard_duty(ec2, ours["VPC"], ours["subnet"])
    kept = [guard_duty(ec2, one["VPC"], one["subnet"]) for one in (theirs, other_stack)]
    said: list[str] = []
    clear_run({"aws": {"region": REGION}, "tags": tags}, said.append, sleep=lambda _: None)
    assert living(ec2) == {endpoint for endpoint, _ in kept}
    assert {group for _, group in kept} <= holdings(ec2)
    assert group not in holdings(ec2)
    assert [line.rpartition(",")[2] for line in said] == [" which GuardDuty put into our network"] * 2
    ec2.delete_subnet(SubnetId=ours["subnet"])  # nothing holds it any more


def test_an_endpoint_that_somebody_else_made_is_not_touched(ec2: Any, aws: Aws) -> None:
    ours = network(ec2, passing())
    made = ec2.create_vpc_endpoint(
        VpcId=ours["VPC"], VpcEndpointType="Interface", ServiceName="com.amazonaws.x.ec2", SubnetIds=[ours["subnet"]]
    )["VpcEndpoint"]["VpcEndpointId"]
    clear_run({"aws": {"region": REGION}, "tags": passing()}, lambda _: None, sleep=lambda _: None)
    assert living(ec2) == {made}


def test_an_expired_network_goes_with_what_guard_duty_put_into_it(ec2: Any, aws: Aws) -> None:
    before = holdings(ec2)
    ours = network(ec2, passing())
    guard_duty(ec2, ours["VPC"], ours["subnet"])
    sweep(aws, scope=("hallmark", "aws"), now=NOW, say=lambda _: None, sleep=lambda _: None)
    assert holdings(ec2) == before
    assert living(ec2) == set()
