"""A guest's run on this machine: what it is given, and what is taken from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hallmark.base.base import Base
from hallmark.common.errors import ResultsError
from hallmark.common.fingerprint import Sha256
from hallmark.config.recipe import MachineShape
from hallmark.guest.console import Progress
from hallmark.guest.task import RESULTS, GuestTask
from hallmark.local import machines
from hallmark.local.accelerator import KVM, TCG
from hallmark.local.machine import Drives, Run, Shape
from hallmark.local.machines import LocalMachines, run_guest
from hallmark.pipeline.machines import MachineRun
from tests.support.examples import BASE, Project

BOOTSTRAP = Path(__file__).parents[3] / "image_scripts" / "bootstrap.sh"
TASK = GuestTask(
    mode="build", manifest=Sha256("a" * 64), bootstrap=BOOTSTRAP, cloud_config={"users": []}, deadline_minutes=40
)
SHAPE = Shape(memory_mib=512, cpus=1, accelerator=TCG)


def test_a_guests_run_makes_seed_and_results_disk_and_unpacks_what_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}

    def run(shape: Shape, drives: Drives, *, work: Path, deadline: float, on_progress: object, reboots: int) -> Run:
        assert reboots == 0
        seen.update(drives=drives, deadline=deadline)
        assert drives.seed.stat().st_size > 0
        assert drives.results.stat().st_size == 64 << 20
        return Run(seconds=1, console=work / "console.log")

    def unpack(archive: Path, target: Path, **_: object) -> None:
        target.mkdir()

    monkeypatch.setattr(machines, "run_until_power_off", run)
    monkeypatch.setattr(machines, "read_results", unpack)
    run_guest(
        TASK,
        Path("disk.qcow2"),
        Path("media.iso"),
        SHAPE,
        work=tmp_path,
        on_progress=ignore,
        backing=Path("base.qcow2"),
    )
    assert seen["deadline"] == 40 * 60 + 120
    assert (seen["drives"].disk, seen["drives"].media) == (Path("disk.qcow2"), Path("media.iso"))
    assert seen["drives"].backing == (Path("base.qcow2"),)
    assert (tmp_path / RESULTS).is_dir()
    assert not (tmp_path / "results.raw").exists()


def test_a_guest_that_wrote_nothing_is_told_with_its_console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        machines, "run_until_power_off", lambda *_, work, **__: Run(seconds=1, console=work / "console.log")
    )
    with pytest.raises(ResultsError) as silent:
        run_guest(TASK, Path("disk.qcow2"), Path(), SHAPE, work=tmp_path, on_progress=ignore, backing=Path())
    assert "the guest wrote nothing" in str(silent.value)
    assert str(silent.value).endswith(f"; console log: {tmp_path}/console.log")


def ignore(progress: Progress) -> None:
    raise AssertionError(f"no progress was expected, got {progress}")


def test_a_machine_takes_a_slot_that_has_room_for_what_emulation_needs_besides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def count(memory_mib: int, parallel: int | None) -> int:
        asked.append(memory_mib)
        return 1

    monkeypatch.setattr(machines, "count_slots", count)
    monkeypatch.setattr(machines, "make_overlay", lambda *_: None)
    monkeypatch.setattr(machines, "run_guest", lambda *_, **__: Run(seconds=1, console=tmp_path / "console.log"))
    places = Project(tmp_path).places()
    base = Base(fingerprint=BASE, disk=Path("base.qcow2"), status=Path("status"), kernel=Path("vmlinuz"))
    shape = MachineShape(memory_mib=1024, cpus=1)
    run = MachineRun(name="web", fingerprint=BASE, boots="base.qcow2", shape=shape, media=Path("iso"), task=TASK)
    for accelerator in (TCG, KVM):
        monkeypatch.setattr(machines, "choose_accelerator", lambda *_, chosen=accelerator: chosen)
        with LocalMachines(base, places).run(run, tmp_path, lambda _: None):
            pass
    assert asked == [1024 + 512, 1024]
