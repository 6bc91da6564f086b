"""EBS direct uploads, side by side with coldsnap: which blocks are put, how fast, and in how much memory.

Both upload the same two disks: a dense one, and one of 8 GiB of which an eighth is written (with some blocks that
are allocated, but zero). Both run as a process of their own with 64 workers, without a limit of puts a second,
over plain HTTP, and take turns; the files are in the page cache.

They talk to ebs_endpoint.py, which is the same for both and answers at once: nothing on AWS's side is measured, and no
network. It lets the kernel throw the blocks away unread, which takes a few hundredths of a millisecond a block where a
client needs half a millisecond to read, hash and send one; its own processor time is among the details (`endpoint`),
so that it can be seen not to be the bottleneck. On a machine with two processors it does take some of what the
client could use, of both sides alike.

Seconds go from the client's StartSnapshot to the answer to its CompleteSnapshot, by the endpoint's clock. The start of
a process is not in them (Python's, with boto3, takes half a second that a pipeline pays once for all it does); those of
the whole process are among the details (`whole_process`).

Each client must have put the disk's own blocks and sealed them with its checksum, so neither can be fast by leaving
something out or unhashed. Without coldsnap the throughput is not taken, and said so; the rest is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from bench.ebs_clients import HALLMARK, MIB, VERSION, Client, Disk, Run, coldsnap, find_coldsnap, make_disk, run_client
from bench.measurement import Measurement, not_taken, processor_ratio, ratio
from bench.site import Say, Site
from hallmark.aws.ebs.blocks import BLOCK, GIB
from hallmark.common.errors import StoreError
from hallmark.common.files import need_room
from hallmark.config.settings import Settings

RUNS = 5
TARGET = 1.0
TARGET_MIB = 150.0
_WRITTEN = 2048  # blocks: 1 GiB
_LARGE = 8 * GIB // BLOCK


@dataclass(frozen=True, kw_only=True, slots=True)
class Both:
    """The runs of both clients with one disk; `theirs` is empty where there is no coldsnap."""

    disk: Disk
    ours: Sequence[Run]
    theirs: Sequence[Run]


def measure(site: Site, say: Say, *, runs: int | None = None) -> list[Measurement]:
    """Both disks with both clients in turn, after one run of each to warm up."""
    program = find_coldsnap(Settings().cache_folder(site.root), say)
    clients = [HALLMARK, *([coldsnap(program)] if program else [])]
    found = {name: _take(name, disk, clients, runs or RUNS, say) for name, disk in _disks(site).items()}
    return [
        _puts(found),
        *(throughput(name, both) for name, both in found.items()),
        *(_memory(name, both) for name, both in found.items()),
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


def _take(name: str, disk: Disk, clients: Sequence[Client], runs: int, say: Say) -> Both:
    series: dict[str, list[Run]] = {client.name: [] for client in clients}
    for number in range(runs + 1):
        for client in clients:
            run = run_client(client, disk)
            if number:
                series[client.name].append(run)
        if number:
            told = (f"{name} {_rate(kept[-1]):.0f} MiB/s" for name, kept in series.items())
            say(f"{name}: run {number} of {runs}: {', '.join(told)}")
    return Both(disk=disk, ours=series["hallmark"], theirs=series.get("coldsnap", []))


def _rate(run: Run) -> float:
    return run.report.puts * BLOCK / MIB / run.report.seconds


def _puts(found: Mapping[str, Both]) -> Measurement:
    """Blocks that were put and need not have been, put twice, or not put though they are not zero."""
    wrong = sum(abs(run.report.puts - len(both.disk.written)) for both in found.values() for run in both.ours)
    return Measurement(
        name="EBS direct: puts",
        what="puts besides those of the blocks that are not zero, or lacking",
        value=wrong,
        unit="puts",
        target=0,
        details={
            "note": ", ".join(f"{name}: {both.ours[-1].report.puts} puts" for name, both in found.items()),
            "written": {name: len(both.disk.written) for name, both in found.items()},
        },
    )


def throughput(name: str, both: Both) -> Measurement:
    """Our seconds over theirs; not taken when there is no coldsnap."""
    title, what = f"EBS direct: {name}", "seconds of an upload, against coldsnap's"
    if not both.theirs:
        why = f"coldsnap {VERSION} is neither on PATH nor could cargo install it"
        return not_taken(title, what, unit="x", target=TARGET, why=why)
    seconds = {who: [run.report.seconds for run in runs] for who, runs in _sides(both).items()}
    return ratio(
        title,
        what,
        seconds["ours"],
        seconds["theirs"],
        target=TARGET,
        processor_ratio=processor_ratio([run.cpu for run in both.ours], [run.cpu for run in both.theirs]),
        mib_per_second={who: [round(_rate(run)) for run in runs] for who, runs in _sides(both).items()},
        whole_process={who: [round(run.whole, 2) for run in runs] for who, runs in _sides(both).items()},
        cpu={who: [round(run.cpu, 2) for run in runs] for who, runs in _sides(both).items()},
        endpoint={who: [round(run.report.cpu, 2) for run in runs] for who, runs in _sides(both).items()},
    )


def _memory(name: str, both: Both) -> Measurement:
    theirs = f"coldsnap's {median(run.memory for run in both.theirs):.0f} MiB" if both.theirs else "no coldsnap"
    return Measurement(
        name=f"EBS direct: {name}: memory",
        what="peak of the process that uploads (resident)",
        value=round(max(run.memory for run in both.ours), 1),
        unit="MiB",
        target=TARGET_MIB,
        details={"note": theirs},
    )


def _sides(both: Both) -> dict[str, Sequence[Run]]:
    return {"ours": both.ours, "theirs": both.theirs}
