"""The machines of this host: one isolated QEMU guest at a time and slot, on a throw-away overlay."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hallmark.base.base import Base
from hallmark.base.disk import make_overlay
from hallmark.common.concurrency import count_slots, slot
from hallmark.common.errors import ResultsError
from hallmark.common.iso import MANIFEST, make_volume
from hallmark.config.recipe import MachineShape
from hallmark.guest.console import Progress
from hallmark.guest.results import read_results
from hallmark.guest.task import RESULTS, GuestTask, Mode
from hallmark.guest.user_data import user_data
from hallmark.local.accelerator import Accelerator, choose_accelerator, qemu_version
from hallmark.local.machine import Drives, Run, Shape, make_results_disk, run_until_power_off
from hallmark.order.places import Places
from hallmark.pipeline.machines import MachineRun, RunOutputs, Say
from hallmark.store.store import Store

_ROOM = {"build": 3 << 30, "accept": 1 << 30}
_GRACE_SECONDS = 120


class LocalMachines:
    """QEMU machines without a network device; see pipeline/machines.py.

    `base` is None where nothing is built: `accelerator` then says how guests run, which a base's kernel shows else.
    """

    def __init__(self, base: Base | None, places: Places, accelerator: Accelerator | None = None) -> None:
        self._base, self._places, self._given = base, places, accelerator

    @property
    def base(self) -> str:
        """The base's disk."""
        assert self._base is not None
        return str(self._base.disk)

    def describe(self) -> dict[str, str]:
        """This host's kernel, its QEMU, and how guests run on it."""
        accelerator = self._accelerator()
        kernel = f"{platform.system()} {platform.release()}"
        return {"platform": "local", "kernel": kernel, "QEMU": qemu_version(), "accelerator": accelerator.name}

    def check(self, mode: Mode) -> None:
        """StoreError for want of room."""
        Store(self._places.store).need_room(_ROOM.get(mode, 0))

    @contextmanager
    def run(self, run: MachineRun, work: Path, say: Say) -> Iterator[RunOutputs]:
        """Run a guest on an overlay of its disk, once this host has room for it; the overlay stays in `work`."""
        disk = work / "overlay.qcow2"
        make_overlay(Path(run.boots), disk)
        shape = self._shape(run.shape)

        def report(progress: Progress) -> None:
            say(f"{run.task.mode}: {progress}")

        memory = shape.memory_mib + shape.accelerator.memory_mib
        with slot(self._places.cache / "slots", count_slots(memory, self._places.parallel), say):
            say(f"{run.task.mode}: power-on ({shape.accelerator.name})")
            ran = run_guest(run.task, disk, run.media, shape, work=work, on_progress=report, backing=Path(run.boots))
        yield RunOutputs(disk=str(disk), seconds=ran.seconds)

    def _shape(self, shape: MachineShape) -> Shape:
        return Shape(memory_mib=shape.memory_mib, cpus=shape.cpus, accelerator=self._accelerator())

    def _accelerator(self) -> Accelerator:
        if self._given is not None:
            return self._given
        assert self._base is not None
        return choose_accelerator(self._base.kernel, self._places.cache)


def run_guest(
    task: GuestTask,
    disk: Path,
    media: Path,
    shape: Shape,
    *,
    work: Path,
    on_progress: Callable[[Progress], None],
    backing: Path,
) -> Run:
    """Run a guest on `disk`, an overlay of `backing`, to its power-off; unpack what it wrote below `work`/results.

    Raises MachineError or ResultsError, naming the console's log, when it did not end as it should or wrote nothing.
    """
    seed, results = work / "seed.iso", work / "results.raw"
    identity = json.dumps({"instance-id": f"hallmark-{task.mode}"}).encode()
    make_volume(seed, {"user-data": user_data(task), "meta-data": identity}, label="cidata", epoch=0)
    make_results_disk(results)
    run = run_until_power_off(
        shape,
        Drives(disk=disk, media=media, seed=seed, results=results, backing=(backing,)),
        work=work,
        deadline=task.deadline_minutes * 60 + _GRACE_SECONDS,
        on_progress=on_progress,
        reboots=task.reboots,
    )
    try:
        read_results(results, work / RESULTS, manifest=MANIFEST)
    except ResultsError as error:
        raise ResultsError(f"{error}; console log: {run.console}") from error
    results.unlink()
    return run
