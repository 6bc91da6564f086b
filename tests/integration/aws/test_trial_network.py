"""The network that `hallmark doctor` makes: read back, torn down, and gone however the trial ends."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.aws.inner import program
from hallmark.aws.session import Aws, forget_sessions
from hallmark.aws.settings import AwsSettings
from hallmark.aws.trial_network import NETWORK_PROGRAM, trial_labels, try_network
from hallmark.common.errors import ProcessError
from tests.doubles.permissions import documented, held_to
from tests.doubles.server import REGION, Call, Server
from tests.integration.kill.harness import Point, Subject, Victim, end_all, kill_and_run_again
from tests.support.aws.account import holdings
from tests.support.aws.doubled import server
from tests.support.aws.inner_run import environment_of

__all__ = ["server"]

ZONE = f"{REGION}a"
ROOT = Path(__file__).parents[3]
TRIAL = f"""
import os, sys
from pathlib import Path
from hallmark.aws.session import Aws
from hallmark.aws.settings import AwsSettings
from hallmark.aws.trial_network import trial_labels, try_network
aws = Aws(AwsSettings(region={REGION!r}))
print(try_network(aws, trial_labels(aws, "hallmark", "aws"), {ZONE!r}, Path(sys.argv[1]), os.environ, print))
"""


@pytest.fixture
def environment(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    found = environment_of(server, tmp_path)
    for name, value in found.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    forget_sessions()
    return found


def tried(folder: Path, environment: dict[str, str]) -> str:
    aws = Aws(AwsSettings(region=REGION))
    return try_network(aws, trial_labels(aws, "hallmark", "aws"), ZONE, folder, environment, lambda _: None)


def test_it_is_proved_and_nothing_of_it_is_left(server: Server, tmp_path: Path, environment: dict[str, str]) -> None:
    before = holdings(server.client("ec2"))
    with held_to(server, documented("pipeline.json")) as gate:
        proof = tried(tmp_path / "trial", environment)
    assert "resolver: off\nroutes: local\n" in proof
    assert gate.denied == []
    assert holdings(server.client("ec2")) == before
    made = {action for action in server.actions(mutating=True) if action.startswith(("Create", "Run", "Start"))}
    # What costs nothing.
    assert made == {"CreateNetworkAcl", "CreateSecurityGroup", "CreateSubnet", "CreateTags", "CreateVpc"}
    assert not list((tmp_path / "trial/state").rglob("*trial*.json*"))


def test_a_network_that_leads_out_is_told_and_is_gone_too(
    server: Server, tmp_path: Path, environment: dict[str, str]
) -> None:
    ec2 = server.client("ec2")
    other = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    before = holdings(ec2)

    def open_it(call: Call) -> None:
        if call.action == "CreateVpc" and "CreateVpcPeeringConnection" not in server.actions():
            ours = [{"Name": "tag:hallmark:managed", "Values": ["true"]}]
            ec2.create_vpc_peering_connection(
                VpcId=ec2.describe_vpcs(Filters=ours)["Vpcs"][0]["VpcId"], PeerVpcId=other
            )

    server.after.append(open_it)
    with pytest.raises(ProcessError, match="the network is not isolated, no machine is started in it"):
        tried(tmp_path / "trial", environment)
    assert holdings(ec2) == before


@pytest.fixture
def trial(server: Server, tmp_path: Path, environment: dict[str, str]) -> Iterator[Subject]:
    """The trial as a process, which may be killed."""
    before, folder = holdings(server.client("ec2")), tmp_path / "trial"

    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", TRIAL, folder],
            cwd=ROOT,
            env={**environment, "PYTHONPATH": os.fspath(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def left() -> list[str]:
        states = [str(path) for path in (folder / "state/.pulumi/stacks").rglob("*.json*")]
        return [*sorted(holdings(server.client("ec2")) - before), *states]

    found = Subject(server=server, start=start, locks=folder, left=left)
    yield found
    end_all(found)


@pytest.mark.parametrize(("point", "victim"), [(Point("CreateSubnet", 1), "user"), (Point("CreateVpc", 1), "all")])
def test_a_trial_that_was_killed_leaves_nothing_that_the_next_one_does_not_clear(
    trial: Subject, point: Point, victim: Victim
) -> None:
    kill_and_run_again(trial, point, victim)


def test_a_doctor_that_was_killed_leaves_nothing_even_without_a_next_one(trial: Subject) -> None:
    """The run that holds the network outlives its caller just long enough to remove it."""
    from tests.integration.kill import harness

    process = trial.start()
    trap = harness.Trap(trial.server, Point("CreateSubnet", 1), process.kill)
    trial.server.after.append(trap)
    process.communicate(timeout=120)
    harness._wait_for_the_end(trial)
    assert trap.sprung
    assert trial.left() == []


def test_the_program_is_where_its_name_says() -> None:
    module, _, name = NETWORK_PROGRAM.partition(":")
    assert (module, getattr(program, name)) == (program.__name__, program.network_program)
