"""What the machines of quick_machines.py leave on their results partition: no guest runs, the answer is made up.

A stand-in for the guest alone: it knows the orders of one checkout (from its cache) and answers the one whose media
its user data names as a guest would in which all went well, but for what `spoil` changes. What it says of isolation,
packages and controls is what the host expects to hear, so it shows nothing about images: tests/e2e/test_aws.py does.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from moto.ebs.models import ebs_backends
from moto.ec2.models.instances import Instance

from hallmark.common.containment import writing
from hallmark.common.process import run
from tests.support.good_results import answer, isolation, tell_of_probes, write

CARRIER = "/dev/sdf"
Spoil = Callable[[str, Path], None]  # mode and results folder → whatever is to be wrong with them


@dataclass
class QuickGuest:
    """Answers for the checkout whose cache is `cache`; `status` is the base's dpkg database."""

    cache: Path
    status: str
    scratch: Path
    spoil: Spoil | None = None

    def __call__(self, instance: Instance) -> Mapping[str, Path]:
        """The carrier volume as the guest leaves it."""
        backend = instance.ec2_backend
        snapshot = backend.volumes[instance.block_device_mapping[CARRIER].volume_id].snapshot_id
        blocks = ebs_backends[backend.account_id][backend.region_name].snapshots[snapshot].blocks
        disk = Path(tempfile.mkstemp(dir=self.scratch, suffix=".raw")[1])
        with disk.open("r+b") as stream:
            for index, block in blocks.items():
                os.pwrite(stream.fileno(), block.block_data, index * 524288)
        self._answer(disk, instance.user_data.decode() if instance.user_data else "")
        return {CARRIER: disk}

    def _answer(self, disk: Path, user_data: str) -> None:
        with tempfile.TemporaryDirectory(dir=self.scratch) as folder:
            results = Path(folder) / "results"
            mode = self._write(results, user_data)
            tell_of_probes(results, user_data)
            if self.spoil:
                self.spoil(mode, results)
            names = sorted(path for path in results.rglob("*") if path.is_file())
            sums = run(["sha256sum", *(path.relative_to(results) for path in names)], timeout=60, cwd=results).stdout
            write(results / "MANIFEST", sums)
            archive = Path(folder) / "results.tar"
            run(["tar", "--format=ustar", "-cf", archive, "-C", results, "."], timeout=60, reach=writing(Path(folder)))
            with disk.open("r+b") as stream:
                os.pwrite(stream.fileno(), archive.read_bytes(), _second_partition(disk))

    def _write(self, results: Path, user_data: str) -> str:
        _, mode = answer(self.cache, user_data, results)
        if mode != "inventory":
            return mode
        write(results / "exit", "0\n")
        write(results / "stage", "done\n")
        write(results / "isolation.txt", isolation("imds"))
        write(results / "status", self.status)
        return "inventory"


def _second_partition(disk: Path) -> int:
    """Where the second partition of a GPT starts, in bytes: the results' place on the carrier."""
    with disk.open("rb") as stream:
        stream.seek(1024 + 128 + 32)
        return int.from_bytes(stream.read(8), "little") * 512
