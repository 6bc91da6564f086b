"""What a look at a machine says, for people and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hallmark.drift.report import Report, make_report
from hallmark.order.order import Order
from hallmark.store.image import image_id
from tests.support.examples import Project
from tests.support.good_results import write, write_controls


@pytest.fixture
def order(tmp_path: Path) -> Order:
    return Project(tmp_path / "project").order()


@pytest.fixture
def results(order: Order, tmp_path: Path) -> Path:
    write_controls(tmp_path / "results", order)
    return tmp_path / "results"


def report(order: Order, results: Path) -> Report:
    return make_report(order, results, target="server")


def test_a_machine_as_released_has_no_finding(order: Order, results: Path) -> None:
    told = report(order, results)
    assert told.findings == ()
    assert told.to_json()["as_released"] is True
    image = image_id(order.recipe, order.fingerprint)
    held = f"{len(order.plan)} controls hold, 0 do not apply"
    assert told.lines() == [f"server: as released ({image}); {held}"]


def test_a_finding_has_its_control_title_requirements_severity_and_words(order: Order, results: Path) -> None:
    row = order.plan[0]
    write(results / f"{row.id}.exit", "1\n")
    write(results / f"{row.id}.out", "looked\nFAIL one\nFAIL two\n2 finding(s)\n")
    document = json.loads(json.dumps(report(order, results).to_json()))
    assert document["as_released"] is False
    assert document["findings"] == [
        {
            "control": row.id,
            "title": row.title,
            "requirements": list(row.requirements),
            "severity": row.severity,
            "kind": "failed",
            "found": ["one", "two"],
        }
    ]


def test_what_was_not_said_or_said_too_much_is_a_finding(order: Order, results: Path) -> None:
    first, second = order.plan[0].id, order.plan[1].id
    (results / f"{first}.exit").unlink()
    write(results / f"{second}.exit", "127\n")
    write(results / f"{second}.out", "sh: sshd: not found\n")
    write(results / "stranger.exit", "0\n")
    found = {finding.control: (finding.kind, finding.found) for finding in report(order, results).findings}
    assert found == {
        first: ("no result", ()),
        second: ("error", ("sh: sshd: not found",)),
        "stranger": ("not planned", ()),
    }


def test_the_gravest_comes_first_and_a_long_list_is_cut_for_people(order: Order, results: Path) -> None:
    write(results / "stranger.exit", "0\n")
    low = order.plan[0].id
    write(results / f"{low}.exit", "1\n")
    write(results / f"{low}.out", "".join(f"FAIL {n}\n" for n in range(50)))
    told = report(order, results)
    assert [finding.severity for finding in told.findings] == ["high", "low"]
    assert "        and 10 more (--json has all)" in told.lines()
    assert told.lines()[-1].startswith("server: drift in 2 control(s)")


def test_what_a_machine_prints_cannot_act_on_the_terminal(order: Order, results: Path) -> None:
    name = order.plan[0].id
    write(results / f"{name}.exit", "1\n")
    write(results / f"{name}.out", "FAIL \x1b]0;title\x07\x1b[2Jgone\n")
    assert "\x1b" not in "\n".join(report(order, results).lines())
