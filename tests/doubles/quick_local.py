"""Machines of the platform `local` that end at once: a stand-in for QEMU and the guest, within a scratch checkout.

All else is real: engine, program, provider, base, overlay, media, judgement, candidate, store. What the guest says is
what the host expects to hear (good_results.py), but for what the checkout's folder `quick/` spoils:
RECIPE-MODE.sh runs in the results' folder, and with the name of an error's class in RECIPE-MODE.error the run ends so.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from hallmark.common import errors
from hallmark.common.cache import user_cache
from hallmark.common.checkout import ROOT
from hallmark.guest.task import CONSOLE, RESULTS, GuestTask
from hallmark.local.accelerator import TCG, Accelerator
from hallmark.local.machine import Run
from tests.support.good_results import answer

SPOILS = ROOT / "quick"


def choose_accelerator(*_: object) -> Accelerator:
    """No kernel is tried."""
    return TCG


def run_guest(task: GuestTask, disk: Path, media: Path, shape: object, *, work: Path, **_: Any) -> Run:
    """Answer as a guest would in which all went well, but for what is spoiled."""
    (work / CONSOLE).write_text("last words\n")
    results = work / RESULTS
    results.mkdir()
    recipe, mode = answer(user_cache(), task.manifest, results)
    ending = SPOILS / f"{recipe}-{mode}.error"
    if ending.exists():
        kind, words = ending.read_text().strip().split(" ", 1)
        raise getattr(errors, kind)(words)
    script = SPOILS / f"{recipe}-{mode}.sh"
    if script.exists():
        subprocess.run(["/bin/sh", "-eu", script], cwd=results, check=True)
    return Run(seconds=1.0, console=work / CONSOLE)
