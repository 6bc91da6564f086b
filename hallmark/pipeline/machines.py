"""What the sequence needs of a platform's machines: one isolated run, from power-on to power-off."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hallmark.common.fingerprint import Sha256
from hallmark.config.recipe import MachineShape
from hallmark.guest.task import GuestTask, Mode

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class MachineRun:
    """One run: for which recipe it is, what it boots, its media and its task.

    `boots` is a disk's path on this host, or an AMI's id. `shape` is the recipe's; a platform may have hardware of its
    own.
    """

    name: str
    fingerprint: Sha256
    boots: str
    shape: MachineShape
    media: Path
    task: GuestTask


@dataclass(frozen=True, kw_only=True, slots=True)
class RunOutputs:
    """What a run that powered itself off has left: its disk, which lives as long as the run's block.

    `disk` is a path on this host, or a volume's id; `seconds` went from power-on to power-off. `id`
    names the run where another run could make the same image; `network_proof` is what was read back of a network that
    was made for it.
    """

    disk: str
    seconds: float | None = None
    id: str | None = None
    network_proof: str | None = None


class Machines(Protocol):
    """The machines of a platform."""

    @property
    def base(self) -> str:
        """What a build boots."""

    def describe(self) -> dict[str, str]:
        """Where they run: name → value, `platform` first; for the evidence, and no part of any identity."""

    def check(self, mode: Mode) -> None:
        """Raise HallmarkError when a run could not succeed here; nothing is made, and it counts as no failed build."""

    def run(self, run: MachineRun, work: Path, say: Say) -> AbstractContextManager[RunOutputs]:
        """Run a machine to its power-off: its results are then in `work`/results, its console in `work`/console.log.

        All that was made for the run is gone when the block ends, however it ends. Raises MachineError when the guest
        did not end as it should (HostError when that was no fault of the guest), ResultsError when it left no results.
        """
