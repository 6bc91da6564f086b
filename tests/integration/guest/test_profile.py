"""The controls of a whole profile together: each leaves standing what the others did."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import pytest

from hallmark.controls.plan import compile_plan, load_controls, load_profile
from hallmark.verdict.judgement import ControlResult, Verdict, judge
from tests.integration.guest.plans import FACTS, SCRIPTS, write_plan
from tests.integration.guest.scratch import Guest, run_plan


def results_in(folder: Path) -> dict[str, ControlResult]:
    return {
        path.stem: ControlResult(
            exit_code=int(path.read_text()),
            output=path.with_suffix(".out").read_text(errors="replace"),
            milliseconds=int(path.with_suffix(".ms").read_text()),
        )
        for path in folder.glob("*.exit")
    }


def state_of(path: Path) -> list[str]:
    """Modes, owners, links and hashes of the configuration, as the guest listed them."""
    return sorted(path.read_text(errors="replace").splitlines())


def tell(verdict: Verdict, results: dict[str, ControlResult]) -> str:
    return "\n".join([verdict.summary(), *(f"--- {name}\n{results[name].output}" for name in verdict.failed)])


@pytest.mark.parametrize("name", ["server", "minimal"])
def test_a_profile_as_a_whole_passes_what_it_applied_and_again(name: str, guest: Guest, tmp_path: Path) -> None:
    controls = load_controls(SCRIPTS / "controls")
    profile = load_profile(SCRIPTS / "profiles" / f"{name}.toml")
    plan = compile_plan(FACTS, controls, profile, {}, (), (), dt.date(2026, 1, 1))
    plan_files = write_plan(tmp_path / "own", guest.root, plan)
    steps = run_plan(dataclasses.replace(guest, plan=plan, plan_files=plan_files), tmp_path)
    assert [(s.name, s.code) for s in steps] == [
        ("first-apply", 0),
        ("first-check", 0),
        ("second-apply", 0),
        ("second-check", 0),
    ], steps[-1].output
    first, second = (state_of(tmp_path / "stage" / "out" / f"{turn}-state") for turn in ("first", "second"))
    assert len(first) > 100
    assert sorted(set(first) ^ set(second)) == [], "applying again changed something"
    for folder in ("first-check", "second-check"):
        results = results_in(tmp_path / "stage" / "out" / "results" / folder)
        verdict = judge(plan, results)
        assert verdict.good, tell(verdict, results)
