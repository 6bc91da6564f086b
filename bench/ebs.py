"""EBS direct uploads at a local endpoint: which blocks are put, how many a second, and in how much memory.

AWS takes 1,000 PutSnapshotBlock calls a second of an account, 512 KiB each; faster than that is of no use. So the
number of puts a second is set against that quota: 1 means that the quota is reached, 2 that half of it is.

Two disks are uploaded: a dense one, and one of 8 GiB of which an eighth is written (with some blocks that are
allocated, but zero). Each upload is a process of its own with 64 workers, without a limit of puts a second, over plain
HTTP; the files are in the page cache.

It talks to ebs_endpoint.py, which answers at once: nothing on AWS's side is measured, and no network. Two things make
it slower than the same upload to AWS would be on this machine: over plain HTTP botocore hashes each block once more
for the signature, and the endpoint takes some processor time (`endpoint` among the details). TLS, which takes its place
on AWS, is not measured.

Seconds go from the StartSnapshot to the answer to the CompleteSnapshot, by the endpoint's clock. The start of the
process is not in them; those of the whole process are among the details (`whole_process`).

Each upload must have put the disk's own blocks and sealed them with its checksum, so it cannot be fast by leaving
something out or unhashed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from bench.ebs_client import Disk, Run, make_disk, run_upload
from bench.measurement import Measurement
from bench.site import Say, Site
from hallmark.aws.ebs.blocks import BLOCK, GIB
from hallmark.common.errors import StoreError
from hallmark.common.files import need_room

RUNS = 5
QUOTA = 1000
"""PutSnapshotBlock calls a second that AWS takes of an account."""

TARGET = 1.0
TARGET_MIB = 150.0
_WRITTEN = 2048  # blocks: 1 GiB
_LARGE = 8 * GIB // BLOCK


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """A disk, and the runs that uploaded it."""

    disk: Disk
    runs: Sequence[Run]


def measure(site: Site, say: Say, *, runs: int | None = None) -> list[Measurement]:
    """Both disks, each after one run to warm up."""
    found = {name: _take(name, disk, runs or RUNS, say) for name, disk in _disks(site).items()}
    return [
        _puts(found),
        *(speed(name, series) for name, series in found.items()),
        *(_memory(name, series) for name, series in found.items()),
    ]


def _disks(site: Site) -> dict[str, Disk]:
    folder = site.folder("ebs")
    need_room(folder, 3 * _WRITTEN * BLOCK, StoreError)
    step = _LARGE // _WRITTEN
    return {
        "1 GiB, dense": make_disk(folder / "dense.raw", size=_WRITTEN * BLOCK, written=range(_WRITTEN)),
        "8 GiB, an eighth written": make_disk(
            folder / "sparse.raw",
            size=_LARGE * BLOCK,
            written=range(0, _LARGE, step),
            zeros=range(1, _LARGE, 16 * step),
        ),
    }


def _take(name: str, disk: Disk, runs: int, say: Say) -> Series:
    run_upload(disk)
    kept = []
    for number in range(1, runs + 1):
        kept.append(run_upload(disk))
        say(f"{name}: run {number} of {runs}: {_rate(kept[-1]):.0f} blocks a second")
    return Series(disk=disk, runs=kept)


def _rate(run: Run) -> float:
    return run.report.puts / run.report.seconds


def _puts(found: Mapping[str, Series]) -> Measurement:
    """Blocks that were put and need not have been, put twice, or not put though they are not zero."""
    wrong = sum(abs(run.report.puts - len(series.disk.written)) for series in found.values() for run in series.runs)
    return Measurement(
        name="EBS direct: puts",
        what="puts besides those of the blocks that are not zero, or lacking",
        value=wrong,
        unit="puts",
        target=0,
        details={
            "note": ", ".join(f"{name}: {series.runs[-1].report.puts} puts" for name, series in found.items()),
            "written": {name: len(series.disk.written) for name, series in found.items()},
        },
    )


def speed(name: str, series: Series) -> Measurement:
    """The quota over our median of puts a second."""
    rates = [round(_rate(run)) for run in series.runs]
    reached = median(rates)
    busy = median(run.cpu / run.report.puts for run in series.runs) * 1000
    return Measurement(
        name=f"EBS direct: {name}",
        what=f"the account's quota, {QUOTA:,} blocks a second, over what is reached",
        value=round(QUOTA / reached, 2),
        unit="x",
        target=TARGET,
        details={
            "note": f"{reached:.0f} blocks a second, {100 * reached / QUOTA:.0f}% of the quota; "
            f"{busy:.2f} ms of processor time a block",
            "blocks_per_second": rates,
            "whole_process": [round(run.whole, 2) for run in series.runs],
            "cpu": [round(run.cpu, 2) for run in series.runs],
            "endpoint": [round(run.report.cpu, 2) for run in series.runs],
        },
    )


def _memory(name: str, series: Series) -> Measurement:
    return Measurement(
        name=f"EBS direct: {name}: memory",
        what="peak of the process that uploads (resident)",
        value=round(max(run.memory for run in series.runs), 1),
        unit="MiB",
        target=TARGET_MIB,
    )
