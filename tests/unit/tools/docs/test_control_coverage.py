"""docs/controls.md: what counts as covered, and whether the page is current."""

from __future__ import annotations

from pathlib import Path

import pytest

from hallmark.controls.plan import Control, Source, load_controls
from tools.docs.__main__ import CHECKOUT
from tools.docs.control_coverage import covering, render
from tools.docs.gates import Gate

GATE = Gate(name="the door", requirements=("P7",), closes="It closes.", tests=("tests/unit/test_x.py::test_y",))


def control(folder: Path, *scenarios: str) -> Control:
    (folder / "tests").mkdir(parents=True)
    for name in scenarios:
        (folder / "tests" / name).touch()
    return Control(
        id="a-control",
        title="A title",
        rationale="A\nreason.",
        requirements=("P1",),
        sources=(Source(document="D", section="4"),),
        severity="high",
        folder=folder,
    )


@pytest.mark.parametrize("scenarios", [(), ("x.fail.sh",), ("x.pass.sh",), ("x.refuse.sh", "x.pass.sh")])
def test_a_control_without_both_kinds_of_scenario_covers_nothing(tmp_path: Path, scenarios: tuple[str, ...]) -> None:
    assert covering("P1", [control(tmp_path, *scenarios)], ()) == []


def test_a_control_with_both_kinds_of_scenario_covers_its_requirements(tmp_path: Path) -> None:
    one = control(tmp_path, "x.fail.sh", "y.pass.sh")
    assert covering("P1", [one], ()) == ["a-control"]
    assert covering("P2", [one], ()) == []


def test_a_gate_covers_only_when_a_test_shows_it() -> None:
    untested = Gate(name="n", requirements=("P7",), closes="c.", tests=())
    assert covering("P7", [], (untested,)) == []
    assert covering("P7", [], (GATE,)) == ["the door"]


def test_the_page_lists_every_requirement_with_what_covers_it(tmp_path: Path) -> None:
    page = render({"a-control": control(tmp_path, "x.fail.sh", "y.pass.sh")}, (GATE,))
    assert "| P1 | the patching process is documented with each image | [a-control](#a-control) |" in page
    assert "| P7 | nothing is used before its configuration is complete | [the door](#the-door) |" in page
    assert "| P2 | outstanding patches and the vulnerabilities they fix are identified | **not yet** |" in page
    assert "Covered: 2 of 45, by 1 controls and 1 gates." in page


def test_what_this_issue_promises_is_covered() -> None:
    controls = load_controls(CHECKOUT / "image_scripts" / "controls").values()
    promised = [f"P{n}" for n in range(1, 10)] + [f"S{n}" for n in range(1, 14)] + [f"A{n}" for n in range(1, 11)]
    assert [number for number in promised if not covering(number, controls)] == []
