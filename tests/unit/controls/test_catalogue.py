"""The requirements' table and the gates' claims."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hallmark.controls.catalogue import GATED, NOT_YET, REQUIREMENTS
from hallmark.controls.plan import load_controls
from tools.docs.gates import GATES, Gate

CHECKOUT = Path(__file__).parents[3]
CONTROLS = CHECKOUT / "image_scripts" / "controls"
COUNTS = {"P": 9, "S": 13, "A": 11, "R": 4, "L": 5, "T": 3}


def test_every_requirement_is_there_once_and_in_order() -> None:
    assert list(REQUIREMENTS) == [f"{letter}{n}" for letter, count in COUNTS.items() for n in range(1, count + 1)]
    assert all(number == requirement.number for number, requirement in REQUIREMENTS.items())


def test_every_requirement_names_its_source_and_is_one_short_line() -> None:
    for requirement in REQUIREMENTS.values():
        assert requirement.section.startswith("NIST 4.")
        assert 10 < len(requirement.title) < 80
        assert requirement.title.isprintable()


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.name)
def test_a_gate_names_requirements_that_exist_and_says_what_closes(gate: Gate) -> None:
    assert gate.requirements
    assert set(gate.requirements) <= set(REQUIREMENTS)
    assert gate.closes.endswith(".")


def test_the_requirements_that_gates_answer_are_those_that_the_gates_claim() -> None:
    claimed = {number: tuple(gate.name for gate in GATES if number in gate.requirements) for number in REQUIREMENTS}
    assert {number: names for number, names in claimed.items() if names} == GATED


def test_what_is_said_to_be_answered_by_nothing_is_so() -> None:
    answered = {number for control in load_controls(CONTROLS).values() for number in control.requirements} | set(GATED)
    assert set(REQUIREMENTS) - answered == set(NOT_YET)


@pytest.mark.parametrize("test", sorted({test for gate in GATES for test in gate.tests}))
def test_the_tests_that_show_a_gate_closing_exist(test: str) -> None:
    file, _, function = test.partition("::")
    assert (CHECKOUT / file).is_file(), f"{file}: named by a gate, but there is no such file"
    assert function in functions_of(CHECKOUT / file), f"{file}: named by a gate, but has no function {function}"


def functions_of(path: Path) -> set[str]:
    return set(re.findall(r"^(?:async )?def (\w+)", path.read_text(), re.MULTILINE))
