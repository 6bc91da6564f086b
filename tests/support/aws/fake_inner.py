"""Stands in for the inner stack of an isolated run: no engine, no network; what a guest left is put into the account.

`FakeInner` takes the place of `ephemeral`. Whether the real one brings up and tears down is test_ephemeral_stack.py's.
"""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moto.ebs.models import ebs_backends
from moto.ec2.models import ec2_backends

from hallmark.aws.ebs.blocks import BLOCK
from hallmark.aws.session import Aws
from hallmark.engine.ephemeral import Inner
from tests.doubles.moto_ebs import StrictSnapshot
from tests.support.aws.strict import volume

Say = Callable[[str], None]


@dataclass(kw_only=True)
class FakeInner:
    """What each run ends with: its outcome and the bytes on its results partition. `inners` are those that ran."""

    aws: Aws
    instance: str
    results: bytes
    outcome: str = "powered-off"
    inners: list[Inner] = field(default_factory=list)
    torn_down: int = 0
    root: str = ""

    @contextmanager
    def __call__(self, inner: Inner, environment: Mapping[str, str], say: Say) -> Iterator[dict[str, Any]]:
        inner.check()
        self.inners.append(inner)
        self.root = volume(self.aws)
        say("network up")
        try:
            yield {
                "instance": self.instance,
                "root_volume": self.root,
                "results_snapshot": self._snapshot(inner.arguments["media_snapshot"]),
                "outcome": self.outcome,
                "network_proof": "sealed\n",
            }
        finally:
            self.torn_down += 1

    def _snapshot(self, media: str) -> str:
        """A snapshot of the carrier as the guest leaves it."""
        account, region = self.aws.sts.get_caller_identity()["Account"], self.aws.settings.region
        blocks = ebs_backends[account][region].snapshots[media].blocks
        start = int.from_bytes(blocks[0].block_data[1024 + 128 + 32 :][:8], "little") * 512
        taken = self.aws.ec2.create_snapshot(VolumeId=volume(self.aws))["SnapshotId"]
        snapshot = StrictSnapshot(account, ec2_backends[account][region].get_snapshot(taken))
        snapshot.status = "completed"
        for offset in range(0, len(self.results), BLOCK):
            data = self.results[offset : offset + BLOCK].ljust(BLOCK, b"\0")
            snapshot.put_block((start + offset) // BLOCK, data, _checksum(data), "SHA256", BLOCK)
        ebs_backends[account][region].snapshots[taken] = snapshot
        return taken


def pack(files: Mapping[str, str]) -> bytes:
    """A guest's results as it writes them: a ustar archive with a manifest."""
    sums = "".join(f"{hashlib.sha256(text.encode()).hexdigest()}  {name}\n" for name, text in files.items())
    return archive({**files, "MANIFEST": sums})


def archive(files: Mapping[str, str]) -> bytes:
    """A ustar archive of these files and nothing else."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return out.getvalue()


def read_tree(folder: Path) -> dict[str, str]:
    """The files below a folder: name → text."""
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def _checksum(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()
