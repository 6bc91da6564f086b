"""The subject of the kill tests: one isolated machine in its inner stack, with machines that answer at once."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from moto.ec2.models.instances import Instance

from components.aws_inner import PROGRAM, MachineOrder
from hallmark.aws_settings import AwsSettings
from hallmark.aws_sweep import RUN_SWEEPER
from hallmark.aws_tags import Labels
from hallmark.ephemeral_stack import Inner
from tests.aws.account import holdings
from tests.aws.doubled import image, snapshot
from tests.doubles import moto_ec2
from tests.doubles.moto_ec2 import Rules
from tests.doubles.quick_machines import QuickMachines
from tests.doubles.server import BIN, REGION, Server, running
from tests.doubles.stack import find_engine
from tests.kill.harness import Point, Subject, end_all

ROOT = Path(__file__).parents[2]
MANIFEST = "a" * 64
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
    inner = _inner(server, folder)
    before = holdings(server.client("ec2"))
    state = folder / "state" / ".pulumi"

    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.aws.inner_user", inner.model_dump_json()],
            cwd=ROOT,
            env=_environment(server, folder),
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


def _inner(server: Server, folder: Path) -> Inner:
    ec2 = server.client("ec2")
    labels = Labels(project="hallmark", stack="aws", recipe="web", use="build", build="b1", fingerprint="f" * 64)
    order = MachineOrder(
        aws=AwsSettings(region=REGION),
        run="run-1",
        availability_zone=f"{REGION}a",
        ami=image(ec2),
        instance_type="t3.medium",
        root_gib=2,
        kms_key=server.client("kms").create_key()["KeyMetadata"]["Arn"],
        media_snapshot=snapshot(ec2),
        user_data=base64.b64encode(f"#!/bin/sh\n{MANIFEST}\n".encode()).decode(),
        manifest=MANIFEST,
        deadline_seconds=240,
        tags=labels.passing(datetime.now(UTC) + timedelta(hours=1)),
    )
    (folder / "state").mkdir(parents=True)
    return Inner(
        project="hallmark-inner",
        name="aws-web-build",
        program=PROGRAM,
        arguments=order.model_dump(mode="json"),
        backend=f"file://{folder}/state",
        secrets_provider="passphrase",
        work=folder / "work",
        sweeper=RUN_SWEEPER,
    )


def _environment(server: Server, folder: Path) -> dict[str, str]:
    engine = find_engine()
    assert engine is not None, "no pulumi on this machine; run: make setup"
    return {
        **server.environment(),
        "PATH": os.pathsep.join([str(BIN), str(Path(sys.executable).parent), str(engine), "/usr/bin", "/bin"]),
        "HOME": str(folder),
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_CONFIG_PASSPHRASE": "test",
    }
