"""What controls cost: compiling a plan of 150 on this host; hardening and checks in a build's guest time.

The guest's times are those of the released image's own build, as its evidence has them: no machine runs.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.measurement import Measurement
from bench.site import Say, Site, find_context, find_released
from hallmark.config.recipe import load_recipe
from hallmark.controls.files import Profile
from hallmark.controls.plan import compile_plan, load_controls
from hallmark.verdict.observed import read_controls, read_timings

CONTROLS = 150
RUNS = 5
COMPILE_SECONDS = 0.2
SHARE = 30.0
_DEAREST = 12


def measure(site: Site, say: Say, *, runs: int | None = None) -> list[Measurement]:
    """The best of some runs, as other work only adds; and the shares of one build."""
    context = find_context(site)
    image = find_released(context).image
    folder = copied_controls(site.root / "image_scripts/controls", site.folder("controls"), CONTROLS)
    facts = load_recipe(context.root / "recipes" / f"{context.settings.recipes[0]}.toml").facts
    seconds = min(compile_seconds(folder, facts) for _ in range(runs or RUNS))
    say(f"a plan of {CONTROLS} controls: {seconds:.3f} s")
    return [
        Measurement(
            name="controls: plan",
            what=f"read and compile a plan of {CONTROLS} controls",
            value=round(seconds, 3),
            unit="s",
            target=COMPILE_SECONDS,
        ),
        share_of_guest_time(image.evidence / "build", image.id),
    ]


def copied_controls(source: Path, target: Path, count: int) -> Path:
    """A folder of `count` controls: those that there are, and copies of them by other names."""
    there = sorted(path for path in source.iterdir() if path.is_dir())
    for number in range(count):
        turn, index = divmod(number, len(there))
        name = there[index].name + (f"-{turn}" if turn else "")
        shutil.copytree(there[index], target / name)
        if turn:
            document = target / name / "control.toml"
            text = document.read_text().replace(f'id = "{there[index].name}"', f'id = "{name}"', 1)
            document.write_text(text)
    return target


def compile_seconds(folder: Path, facts: Mapping[str, Any]) -> float:
    """Processor time to read all controls of a folder and compile a plan of them."""
    today = datetime.now(UTC).date()
    began = time.process_time()
    controls = load_controls(folder)
    everything = Profile(title="all", controls=tuple(controls), path=folder / "all.toml")
    plan = compile_plan({**facts, "expected_network": "none"}, controls, everything, {}, (), (), today)
    took = time.process_time() - began
    assert len(plan.controls) == len(controls)
    return took


def share_of_guest_time(build: Path, image: str) -> Measurement:
    """Hardening and checks, in percent of the time from power-on to the end of the build; the dearest checks beside."""
    stages = read_timings(build / "timings.tsv")
    spent = stages["harden"] + stages["check"]
    checks = {name: result.milliseconds for name, result in read_controls(build / "controls").items()}
    dearest = sorted(checks, key=lambda name: -(checks[name] or 0))[:_DEAREST]
    return Measurement(
        name="controls: share",
        what=f"hardening and checks of the guest time of {image}'s build",
        value=round(100 * spent / sum(stages.values()), 1),
        unit="%",
        target=SHARE,
        details={"stages": stages, "checks_ms": {name: checks[name] for name in dearest}},
    )
