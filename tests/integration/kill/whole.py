"""The subject of the other kill tests: a whole `hallmark up` on AWS, with machines that answer at once.

What happens inside the inner stacks is killed by inner.py's tests; here it is what the driver and the outer stack do.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from unittest.mock import patch

from hallmark.aws.session import Aws
from hallmark.aws.settings import AwsSettings
from hallmark.aws.sweep import sweep
from hallmark.common.cache import user_cache
from hallmark.common.fingerprint import hash_bytes
from hallmark.common.process import tied
from tests.doubles.moto_ec2 import Rules
from tests.doubles.quick_guest import QuickGuest
from tests.doubles.quick_machines import QuickMachines
from tests.doubles.server import REGION, Server, running
from tests.e2e.checkout import Checkout, scratch
from tests.integration.kill.harness import Point, Subject, end_all
from tests.support.aws.checkout import STACK, holdings, use_account
from tests.support.aws.doubled import image
from tests.support.waiting import wait_until

STATUS = "Package: base-files\nStatus: install ok installed\nArchitecture: amd64\nVersion: 13.8\n"
# The changing calls of a run that builds one image on a base that was looked into: those of driver and outer stack.
POINTS = [
    Point("StartSnapshot", 1),  # the build's media
    Point("PutSnapshotBlock", 1),
    Point("CompleteSnapshot", 1),
    Point("CreateSnapshot", 2),  # of the root volume, after that of the results
    Point("RegisterImage", 1),
    Point("StartSnapshot", 2),  # the acceptance's media
    Point("CreateTags", 3),  # the verdict, after two networks' default groups
    Point("CreateTags", 4),  # the status
    Point("PutParameter", 1),
]
BASE_POINTS = [
    Point("StartSnapshot", 1),  # the base's own disk
    Point("PutSnapshotBlock", 1),
    Point("PutSnapshotBlock", 300),
    Point("CompleteSnapshot", 1),
    Point("RegisterImage", 1),
]
FAILING = ("StartSnapshot", "PutSnapshotBlock", "CompleteSnapshot", "RegisterImage", "PutParameter")


@dataclass
class Whole:
    """A stack whose base was looked into; `change` makes its next run build another image."""

    checkout: Checkout
    subject: Subject

    def change(self) -> None:
        """Write the recipe anew."""
        word = f"word{next(_words)}"
        self.checkout.recipe("tiny", extra=f'[hardening.parameters.marker]\nword = "{word}"\n')


_words = count()


@contextmanager
def whole(folder: Path, *, own_base: bool = False) -> Iterator[Whole]:
    """A checkout and an account, with one image released; nothing of a run outlives the block.

    With `own_base` nothing was run yet: the first run makes the base of its own, and then an image from it.
    """
    with ExitStack() as stack:
        checkout = stack.enter_context(scratch(folder / "checkout", folder / "cache/hallmark", user_cache()))
        guest = QuickGuest(cache=checkout.cache, status=STATUS, scratch=folder)
        server = stack.enter_context(running(Rules(machines=QuickMachines(writes=guest), transition=0.1)))
        use_account(checkout, server, "" if own_base else image(server.client("ec2"), BootMode="uefi"))
        found = Whole(checkout, _make_subject(checkout, server))
        stack.callback(end_all, found.subject)
        found.change()
        if own_base:
            checkout.configure(baseAmi={"build": True})
            checkout.init()
        else:
            done = checkout.up()
            assert done.code == 0, done.text
        yield found


def _make_subject(checkout: Checkout, server: Server) -> Subject:
    backend = checkout.environment()["PULUMI_BACKEND_URL"]
    locks = checkout.cache / "inner" / hash_bytes(backend.encode())[:16]

    def start() -> subprocess.Popen[str]:
        # What a killed run has started ends a moment after it; a run beside a living one would be refused.
        wait_until(lambda: not checkout.processes(), 60)
        return subprocess.Popen(
            tied([checkout.root / ".venv/bin/python", "-m", "hallmark", "up", STACK]),
            cwd=checkout.root,
            env=checkout.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    return Subject(server=server, start=start, locks=locks, left=lambda: leftovers(server))


def leftovers(server: Server) -> dict[str, list[str]]:
    """What an account holds besides images, what they rest on, and the channel, once all that expires has expired."""
    services = ("ebs", "ec2", "kms", "s3", "servicequotas", "ssm", "sts")
    with patch.dict(os.environ, server.environment()):
        aws = Aws(AwsSettings(region=REGION, endpoints=dict.fromkeys(services, server.url)))
        sweep(aws, scope=None, now=datetime.now(UTC) + timedelta(days=30), say=lambda _: None)
    ec2 = server.client("ec2")
    images = ec2.describe_images(Owners=["self"], Filters=[{"Name": "tag:hallmark:managed", "Values": ["true"]}])[
        "Images"
    ]
    needed = {row["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"] for row in images}
    found = holdings(server)
    found["snapshots"] = [one for one in found["snapshots"] if one not in needed]
    expected = {"images", "parameters"} | (set() if found["snapshots"] else {"snapshots"})
    return {kind: ids for kind, ids in found.items() if kind not in expected}
