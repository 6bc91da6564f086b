"""A disk is looked at again in a machine: it boots an overlay, and the media bring the checks of its image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hallmark.common.errors import MachineError
from hallmark.drift.released import Released
from hallmark.guest.task import GuestTask
from hallmark.local import check
from hallmark.local.accelerator import TCG
from hallmark.local.check import look_at_disk
from hallmark.local.machine import Shape
from tests.support.examples import Project
from tests.support.good_results import write, write_controls


class Guest:
    """Stands in for the machine, and keeps what it was given."""

    def __init__(self, released: Released) -> None:
        self.released = released
        self.stage = "done"
        self.files: dict[str, Path | bytes] = {}
        self.given: dict[str, Any] = {}

    def make_media(self, path: Path, files: dict[str, Path | bytes], **_: object) -> str:
        path.touch()
        self.files = files
        return "d" * 64

    def make_overlay(self, disk: Path, overlay: Path) -> None:
        self.given.update(below=disk)
        overlay.touch()

    def run(self, task: GuestTask, disk: Path, media: Path, shape: Shape, *, work: Path, **more: object) -> None:
        self.given.update(task=task, disk=disk, media=media, shape=shape, **more)
        write(work / "results" / "exit", "0\n")
        write(work / "results" / "stage", f"{self.stage}\n")
        write_controls(work / "results" / "controls", self.released.order)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path / "project")
    for name in ("drift.sh", "stages.sh"):
        (project.scripts / name).write_text(f"# {name}\n")
    return project


@pytest.fixture
def guest(project: Project, monkeypatch: pytest.MonkeyPatch) -> Guest:
    guest = Guest(Released(order=project.order(), checks={"image_scripts/controls.sh": b"# run them\n"}, notes=()))
    monkeypatch.setattr(check, "make_media", guest.make_media)
    monkeypatch.setattr(check, "make_overlay", guest.make_overlay)
    monkeypatch.setattr(check, "run_guest", guest.run)
    return guest


def look(project: Project, guest: Guest, work: Path) -> Path:
    work.mkdir()
    return look_at_disk(Path("/disk.qcow2"), guest.released, project.scripts, TCG, work=work, say=lambda _: None)


def test_the_machine_boots_an_overlay_and_leaves_the_disk_alone(project: Project, guest: Guest, tmp_path: Path) -> None:
    controls = look(project, guest, tmp_path / "work")
    assert controls == tmp_path / "work" / "results" / "controls"
    assert guest.given["disk"] == tmp_path / "work" / "overlay.qcow2"
    assert guest.given["below"] == guest.given["backing"] == Path("/disk.qcow2")


def test_it_is_given_the_checks_of_its_image_and_what_starts_them(
    project: Project, guest: Guest, tmp_path: Path
) -> None:
    look(project, guest, tmp_path / "work")
    assert set(guest.files) == {"image_scripts/controls.sh", "image_scripts/drift.sh", "image_scripts/stages.sh"}
    task, order = guest.given["task"], guest.released.order
    assert (task.mode, task.manifest, task.reboots) == ("drift", "d" * 64, 0)
    assert [user["name"] for user in task.cloud_config["users"]] == list(order.administrators)
    assert guest.given["shape"].memory_mib == order.shape.memory_mib


def test_a_machine_that_did_not_come_to_its_end_is_told(project: Project, guest: Guest, tmp_path: Path) -> None:
    guest.stage = "checks"
    with pytest.raises(MachineError, match=r"^check: stage checks: exit code 0\n"):
        look(project, guest, tmp_path / "work")
