"""The subject of the kill tests: one isolated machine in its inner stack, with machines that answer at once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from moto.ec2.models.instances import Instance

from tests.doubles import moto_ec2
from tests.doubles.moto_ec2 import Rules
from tests.doubles.quick_machines import QuickMachines
from tests.doubles.server import Server, running
from tests.integration.kill.harness import Point, Subject, end_all
from tests.support.aws.account import holdings
from tests.support.aws.inner_run import environment_of, inner_run

ROOT = Path(__file__).parents[3]
# The changing calls of one run, from nothing to nothing.
CALLS: Mapping[str, int] = {
    "CreateNetworkAcl": 1,
    "CreateSecurityGroup": 1,
    "CreateSnapshot": 1,
    "CreateSubnet": 1,
    "CreateTags": 1,  # of the VPC's default group
    "CreateVpc": 1,
    "DeleteNetworkAcl": 1,
    "DeleteSecurityGroup": 1,
    "DeleteSnapshot": 1,
    "DeleteSubnet": 1,
    "DeleteVpc": 1,
    "ModifyVpcAttribute": 1,
    "ReplaceNetworkAclAssociation": 2,
    "RevokeSecurityGroupEgress": 3,
    "RunInstances": 1,
    "TerminateInstances": 1,
}
POINTS = [Point(action, nth + 1) for action, times in sorted(CALLS.items()) for nth in range(times)]


class AskedMachines(QuickMachines):
    """Machines that power off as soon as someone asks for their console."""

    def console(self, instance: Instance) -> str:
        """Asked for by who waits for the end, once the machine runs."""
        if instance.state == "running":
            moto_ec2.power_off(instance)
        return self.text


@contextmanager
def subject(folder: Path) -> Iterator[Subject]:
    """A run in an account whose machines answer at once; nothing of it outlives the block."""
    with running(Rules(machines=AskedMachines(after=None), transition=0.1)) as server:
        found = _make_subject(server, folder)
        try:
            yield found
        finally:
            end_all(found)


def _make_subject(server: Server, folder: Path) -> Subject:
    """One isolated run in an account that holds a base AMI, a media snapshot and a key; these alone may be left."""
    inner = inner_run(server, folder)
    before = holdings(server.client("ec2"))
    state = folder / "state" / ".pulumi"

    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.support.aws.inner_user", inner.model_dump_json()],
            cwd=ROOT,
            env=environment_of(server, folder),
            stdin=subprocess.DEVNULL,  # what it has made is torn down as soon as it is there
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def left() -> list[str]:
        states = [str(path) for path in state.rglob("*") if path.is_file() and inner.name in str(path)]
        work = [str(path) for path in inner.work.iterdir() if path != inner.lock]
        return sorted(holdings(server.client("ec2")) - before) + states + work

    return Subject(server=server, start=start, locks=inner.work, left=left)
