"""Every scenario of every control: a fail scenario fails, apply mends it, twice; a pass scenario passes.

A refuse scenario is beyond mending: its check fails, and then apply fails or the check fails again.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from hallmark.controls.plan import Control, load_controls
from tests.integration.guest.scratch import Guest, Step, run_scenario

CONTROLS = load_controls(Path(__file__).parents[3] / "image_scripts" / "controls")
CASES = [(control, scenario) for control in CONTROLS.values() for scenario in control.scenarios]
EXPECTED = {
    "pass": [[("scenario", 0), ("check", 0)]],
    "fail": [[("scenario", 0), ("check", 1), ("apply", 0), ("recheck", 0), ("reapply", 0), ("final", 0)]],
    "refuse": [
        [("scenario", 0), ("check", 1), ("apply", 1)],
        [("scenario", 0), ("check", 1), ("apply", 0), ("recheck", 1)],
    ],
}


@pytest.mark.parametrize(
    ("control", "scenario"), CASES, ids=[f"{control.id}-{scenario.stem}" for control, scenario in CASES]
)
def test_a_scenario_gets_the_verdict_in_its_name(
    guest: Guest, control: Control, scenario: Path, tmp_path: Path
) -> None:
    steps = run_scenario(guest, control, scenario, tmp_path)
    assert [(step.name, step.code) for step in steps] in EXPECTED[scenario.name.split(".")[-2]], _tell(steps)
    silent = [s.name for s in steps if s.code == 1 and s.name.endswith("check") and "FAIL" not in s.output]
    assert not silent, f"a check that fails must say why\n{_tell(steps)}"


def _tell(steps: list[Step]) -> str:
    return "\n".join(f"--- {s.name}: exit code {s.code}, {s.milliseconds} ms\n{s.output}" for s in steps)
