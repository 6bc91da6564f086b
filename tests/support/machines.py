"""Machines that are a function: it writes a guest's results, and no disk is made or booted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hallmark.common.errors import HallmarkError
from hallmark.guest.task import CONSOLE, RESULTS, Mode
from hallmark.pipeline.machines import MachineRun, RunOutputs, Say

Guest = Callable[[Path], object]
"""Writes its results into a new folder, or raises as a run does."""


def nothing(_: Path) -> None:
    """A guest that writes nothing."""


@dataclass(kw_only=True)
class FakeMachines:
    """`guest` plays the next machine, `error` ends a run before its guest has, `unfit` is what a look around finds.

    `disk` makes what a run leaves, in its work folder.
    """

    base: str = "base"
    guest: Guest = nothing
    error: HallmarkError | None = None
    unfit: HallmarkError | None = None
    disk: Callable[[Path], str] = lambda work: str(work / "overlay.qcow2")
    run_id: Callable[[], str | None] = lambda: None
    network_proof: str | None = None
    runs: list[MachineRun] = field(default_factory=list)

    def describe(self) -> dict[str, str]:
        return {"platform": "a function"}

    def check(self, mode: Mode) -> None:
        if self.unfit is not None:
            raise self.unfit

    @contextmanager
    def run(self, run: MachineRun, work: Path, say: Say) -> Iterator[RunOutputs]:
        self.runs.append(run)
        (work / CONSOLE).write_text("last words\n")
        if self.error is not None:
            raise self.error
        (work / RESULTS).mkdir()
        self.guest(work / RESULTS)
        disk = self.disk(work)
        if Path(disk).is_absolute():
            Path(disk).write_text("overlay")
        yield RunOutputs(disk=disk, id=self.run_id(), network_proof=self.network_proof)
