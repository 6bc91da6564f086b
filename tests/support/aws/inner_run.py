"""One isolated machine in its inner stack, as the driver orders it, for tests that run it by itself."""

from __future__ import annotations

import base64
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from components.aws.inner.program import MachineOrder
from components.providers import INNER_PROGRAM
from hallmark.aws.guard_duty import RUN_CLEARER
from hallmark.aws.settings import AwsSettings
from hallmark.aws.sweep import RUN_SWEEPER
from hallmark.aws.tags import Labels
from hallmark.engine.ephemeral import Inner
from tests.doubles.server import BIN, REGION, Server
from tests.doubles.stack import find_engine
from tests.support.aws.doubled import image, snapshot

MANIFEST = "a" * 64


def inner_run(server: Server, folder: Path) -> Inner:
    """The inner stack of a build, in an account that gets a base AMI, a media snapshot and a key for it."""
    ec2 = server.client("ec2")
    key = server.client("kms").create_key()["KeyMetadata"]["Arn"]
    labels = Labels(project="hallmark", stack="aws", recipe="web", use="build", build="b1", fingerprint="f" * 64)
    tags = labels.passing(datetime.now(UTC) + timedelta(hours=1))
    inner = inner_of(folder, ami=image(ec2), kms_key=key, media=snapshot(ec2), tags=tags)
    return inner.model_copy(update={"sweeper": RUN_SWEEPER})


def inner_of(folder: Path, *, ami: str, kms_key: str, media: str, tags: dict[str, str]) -> Inner:
    """The inner stack of a build of these; its state and work are below `folder`."""
    order = MachineOrder(
        aws=AwsSettings(region=REGION),
        run="run-1",
        availability_zone=f"{REGION}a",
        ami=ami,
        instance_type="t3.medium",
        root_gib=2,
        kms_key=kms_key,
        media_snapshot=media,
        user_data=base64.b64encode(f"#!/bin/sh\n{MANIFEST}\n".encode()).decode(),
        manifest=MANIFEST,
        deadline_seconds=240,
        tags=tags,
    )
    (folder / "state").mkdir(parents=True, exist_ok=True)
    return Inner(
        project="hallmark-inner",
        name="aws-web-build",
        program=INNER_PROGRAM,
        arguments=order.model_dump(mode="json"),
        backend=f"file://{folder}/state",
        secrets_provider="passphrase",
        work=folder / "work",
        clearer=RUN_CLEARER,
    )


def environment_of(server: Server, folder: Path) -> dict[str, str]:
    """What a run sees: the doubled account and plugins, and nothing of the developer's."""
    engine = find_engine()
    assert engine is not None, "no pulumi on this machine; run: make setup"
    return {
        **server.environment(),
        "PATH": os.pathsep.join([str(BIN), str(Path(sys.executable).parent), str(engine), "/usr/bin", "/bin"]),
        "HOME": str(folder),
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_CONFIG_PASSPHRASE": "test",
    }
