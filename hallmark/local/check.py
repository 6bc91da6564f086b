"""Looks at a disk again, or has it judged: an isolated machine boots a throw-away overlay, as acceptance does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from hallmark.base.disk import make_overlay
from hallmark.common.errors import MachineError
from hallmark.common.iso import make_media
from hallmark.config.recipe import Judge
from hallmark.drift.released import Released
from hallmark.guest.task import CONSOLE, RESULTS, GuestTask, Mode, check_finished
from hallmark.guest.user_data import acceptance_cloud_config
from hallmark.judges.tools import Tools
from hallmark.local.accelerator import Accelerator
from hallmark.local.machine import Shape
from hallmark.local.machines import run_guest
from hallmark.order.order import BOOTSTRAP, JUDGE_SCRIPTS, Order, expected_network_file, judges_files
from hallmark.verdict.observed import surprises
from hallmark.verdict.scores import Score, score_all

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
    _boot(disk, released.order, "drift", files, scripts, accelerator, work=work, say=say)
    return work / RESULTS / "controls"


def judge_disk(
    disk: Path,
    order: Order,
    judges: Sequence[Judge],
    tools: Tools,
    scripts: Path,
    accelerator: Accelerator,
    *,
    work: Path,
    say: Say,
) -> tuple[Score, ...]:
    """Boot an overlay of `disk`, the image of `order`, in `work`, and have it judged; raises as `look_at_disk` does.

    What the judges left is in `work`/results/judges.
    """
    files: dict[str, Path | bytes] = {f"image_scripts/{name}": scripts / name for name in JUDGE_SCRIPTS}
    files |= {"plan/build.env": expected_network_file("none"), **judges_files(judges, tools)}
    _boot(disk, order, "judge", files, scripts, accelerator, work=work, say=say)
    problems = surprises(work / RESULTS, "isolation.txt", "none")
    if problems:
        raise MachineError("\n".join(["judge: the machine was not isolated:", *problems]))
    return score_all(judges, tools, work / RESULTS)


def _boot(
    disk: Path,
    order: Order,
    mode: Mode,
    files: Mapping[str, Path | bytes],
    scripts: Path,
    accelerator: Accelerator,
    *,
    work: Path,
    say: Say,
) -> None:
    what = "check" if mode == "drift" else mode
    media = work / "media.iso"
    digest = make_media(media, files, label="HALLMARK", epoch=_EPOCH)
    overlay = work / "overlay.qcow2"
    make_overlay(disk, overlay)
    task = GuestTask(
        mode=mode,
        manifest=digest,
        bootstrap=scripts / BOOTSTRAP,
        cloud_config=acceptance_cloud_config(order.administrators),
        deadline_minutes=order.deadline_minutes,
    )
    shape = Shape(memory_mib=order.shape.memory_mib, cpus=order.shape.cpus, accelerator=accelerator)
    say(f"{what}: power-on ({accelerator.name})")
    run_guest(
        task, overlay, media, shape, backing=disk, work=work, on_progress=lambda progress: say(f"{what}: {progress}")
    )
    check_finished(work / RESULTS, work / CONSOLE, what=what)
