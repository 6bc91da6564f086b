"""Looks at a disk again: an isolated machine boots a throw-away overlay, as acceptance does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hallmark.base.disk import make_overlay
from hallmark.common.iso import make_media
from hallmark.drift.released import Released
from hallmark.guest.task import CONSOLE, RESULTS, GuestTask, check_finished
from hallmark.guest.user_data import acceptance_cloud_config
from hallmark.local.accelerator import Accelerator
from hallmark.local.machine import Shape
from hallmark.local.machines import run_guest
from hallmark.order.order import BOOTSTRAP

Say = Callable[[str], None]
_EPOCH = 946684800
_ENTRY = ("drift.sh", "stages.sh")


def look_at_disk(
    disk: Path, released: Released, scripts: Path, accelerator: Accelerator, *, work: Path, say: Say
) -> Path:
    """Boot an overlay of `disk` in `work`, run the checks and return the folder of what they said.

    `scripts` is the checkout's image_scripts/, for what starts the checks. Raises MachineError or ResultsError when the
    machine does not come to its end or leaves no results.
    """
    files: dict[str, Path | bytes] = dict(released.checks)
    files |= {f"image_scripts/{name}": scripts / name for name in _ENTRY}
    order, media, overlay = released.order, work / "media.iso", work / "overlay.qcow2"
    digest = make_media(media, files, label="HALLMARK", epoch=_EPOCH)
    make_overlay(disk, overlay)
    task = GuestTask(
        mode="drift",
        manifest=digest,
        bootstrap=scripts / BOOTSTRAP,
        cloud_config=acceptance_cloud_config(order.administrators),
        deadline_minutes=order.deadline_minutes,
    )
    shape = Shape(memory_mib=order.shape.memory_mib, cpus=order.shape.cpus, accelerator=accelerator)
    say(f"check: power-on ({accelerator.name})")
    run_guest(
        task, overlay, media, shape, backing=disk, work=work, on_progress=lambda progress: say(f"check: {progress}")
    )
    check_finished(work / RESULTS, work / CONSOLE, what="check")
    return work / RESULTS / "controls"
