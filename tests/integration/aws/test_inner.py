"""The inner program whole, with the real engine, the doubled plugins and a strict account: from nothing to nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hallmark.common.errors import ProcessError
from hallmark.engine.ephemeral import Inner, ephemeral
from tests.doubles.server import Call, Server
from tests.support.aws.account import guard_duty
from tests.support.aws.doubled import server
from tests.support.aws.inner_run import environment_of, inner_run

__all__ = ["server"]


@pytest.fixture
def environment(server: Server, tmp_path: Path) -> dict[str, str]:
    return environment_of(server, tmp_path)


@pytest.fixture
def inner(server: Server, tmp_path: Path) -> Inner:
    return inner_run(server, tmp_path)


@pytest.fixture
def powering_off(server: Server) -> Iterator[None]:
    """Each machine powers itself off as soon as someone asks for its console."""

    def power_off(call: Call) -> None:
        if call.action == "GetConsoleOutput" and "StopInstances" not in server.actions():
            ec2 = server.client("ec2")
            rows = [row for found in ec2.describe_instances()["Reservations"] for row in found["Instances"]]
            ids = [row["InstanceId"] for row in rows if row["State"]["Name"] == "running"]
            threading.Thread(target=lambda: ec2.stop_instances(InstanceIds=ids), daemon=True).start()

    server.after.append(power_off)
    yield
    server.after.remove(power_off)


def left(server: Server) -> dict[str, list[str]]:
    """What the account holds with our tag on it, and what is a machine."""
    ec2: Any = server.client("ec2")
    ours = [{"Name": "tag:hallmark:managed", "Values": ["true"]}]
    machines = [row for found in ec2.describe_instances()["Reservations"] for row in found["Instances"]]
    return {
        "networks": [row["VpcId"] for row in ec2.describe_vpcs(Filters=ours)["Vpcs"]],
        "machines": [row["InstanceId"] for row in machines if row["State"]["Name"] != "terminated"],
        "volumes": [row["VolumeId"] for row in ec2.describe_volumes(Filters=ours)["Volumes"]],
        "snapshots": [row["SnapshotId"] for row in ec2.describe_snapshots(Filters=ours)["Snapshots"]],
    }


NOTHING: dict[str, list[str]] = {"networks": [], "machines": [], "volumes": [], "snapshots": []}


@pytest.mark.usefixtures("powering_off")
def test_a_machine_ran_in_a_proved_network_and_nothing_of_it_is_left(
    server: Server, inner: Inner, environment: dict[str, str]
) -> None:
    said: list[str] = []
    with ephemeral(inner, environment, said.append) as outputs:
        there = left(server)
        ec2 = server.client("ec2")
        machine = ec2.describe_instances(InstanceIds=[outputs["instance"]])["Reservations"][0]["Instances"][0]
        assert machine["State"]["Name"] == "stopped"
        assert outputs["outcome"] == "powered-off"
        assert "KeyName" not in machine
        assert "IamInstanceProfile" not in machine
        assert machine.get("PublicIpAddress") is None
        assert there["snapshots"] == [outputs["results_snapshot"]]
        assert outputs["root_volume"] in there["volumes"]
        assert len(there["volumes"]) == 2
        assert "resolver: off\nroutes: local\n" in outputs["network_proof"]
    actions = server.actions()
    assert actions.index("DescribeVpcPeeringConnections") < actions.index("RunInstances")
    assert left(server) == NOTHING


def test_a_network_that_leads_out_gets_no_machine(server: Server, inner: Inner, environment: dict[str, str]) -> None:
    ec2 = server.client("ec2")
    other = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]

    def open_it(call: Call) -> None:
        if call.action == "CreateVpc" and "CreateVpcPeeringConnection" not in server.actions():
            ours = next(vpc for vpc in left(server)["networks"])
            ec2.create_vpc_peering_connection(VpcId=ours, PeerVpcId=other)

    server.after.append(open_it)
    message = "the network is not isolated, no machine is started in it"
    with pytest.raises(ProcessError, match=message), ephemeral(inner, environment, lambda _: None):
        raise AssertionError("it is not up")
    assert "RunInstances" not in server.actions()
    assert left(server) == NOTHING


@pytest.mark.usefixtures("powering_off")
@pytest.mark.parametrize("attached", ["internet gateway", "endpoint"])
def test_what_was_attached_while_the_machine_ran_refuses_the_build_and_is_named(
    server: Server, inner: Inner, environment: dict[str, str], attached: str
) -> None:
    ec2, made = server.client("ec2"), list[str]()

    def open_it(call: Call) -> None:
        if call.action != "RunInstances" or made:
            return
        made.append("")
        (vpc,) = left(server)["networks"]
        if attached == "endpoint":
            subnet = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"][0]["SubnetId"]
            made[0] = guard_duty(ec2, vpc, subnet)[0]
        else:
            made[0] = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
            ec2.attach_internet_gateway(InternetGatewayId=made[0], VpcId=vpc)

    def close_it(call: Call) -> None:
        """Whoever attached a gateway takes it away again; until then the VPC stays, as on AWS."""
        if call.action == "TerminateInstances" and attached == "internet gateway":
            for row in ec2.describe_internet_gateways()["InternetGateways"]:
                for one in row["Attachments"]:
                    if row["InternetGatewayId"] == made[0]:
                        ec2.detach_internet_gateway(InternetGatewayId=made[0], VpcId=one["VpcId"])

    server.after += [open_it, close_it]
    with pytest.raises(ProcessError) as error, ephemeral(inner, environment, lambda _: None):
        raise AssertionError("it is not up")
    assert "the network is no longer isolated, what ran in it is refused" in str(error.value)
    assert f"{attached}: {made[0]}" in str(error.value)
    assert left(server) == NOTHING


def test_a_machine_that_never_powers_off_ends_at_the_deadline(
    server: Server, inner: Inner, environment: dict[str, str]
) -> None:
    hurried = inner.model_copy(update={"arguments": {**inner.arguments, "deadline_seconds": 5}})
    said: list[str] = []
    with ephemeral(hurried, environment, said.append) as outputs:
        assert outputs["outcome"] == "deadline"
    assert "RunInstances" in server.actions()
    assert left(server) == NOTHING
