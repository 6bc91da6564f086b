"""Evidence is gathered whole: of a build, of an acceptance beside it, and of a failure."""

from __future__ import annotations

from pathlib import Path

import pytest

from hallmark.common.errors import MachineError
from hallmark.debian.lock import load_lock
from hallmark.evidence.gather import add_evidence, gather_evidence, keep_failure, summarise
from hallmark.order.order import Order
from hallmark.store.store import Store
from tests.support.examples import Project
from tests.support.good_results import write, write_good_acceptance, write_good_build


@pytest.fixture
def order(tmp_path: Path) -> Order:
    return Project(tmp_path / "project").order()


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """The work folder of a run: its console, and room for evidence."""
    write(tmp_path / "work" / "console.log", "last words\n")
    (tmp_path / "work" / "evidence").mkdir()
    return tmp_path / "work"


@pytest.fixture
def evidence(order: Order, work: Path) -> Path:
    """The evidence of a good build."""
    write_good_build(work / "results", order)
    return gather_evidence(order, work, "candidate", None)


def test_a_builds_evidence_has_inputs_results_console_and_index(order: Order, evidence: Path) -> None:
    assert load_lock(evidence / "patch-lock.json") == order.lock
    assert (evidence / "recipe.toml").read_text() == order.recipe_text
    assert Order.model_validate_json((evidence / "order.json").read_text()) == order
    assert (evidence / "build-console.log").read_text() == "last words\n"
    assert (evidence / "build" / "isolation.txt").is_file()
    assert "candidate" in (evidence / "index.md").read_text()


def test_a_build_without_results_has_evidence_too(order: Order, work: Path) -> None:
    evidence = gather_evidence(order, work, "failed", None)
    assert not (evidence / "build").exists()
    assert (evidence / "index.md").is_file()


def test_an_acceptance_takes_the_place_of_an_earlier_one(order: Order, evidence: Path, work: Path) -> None:
    write(evidence / "acceptance" / "earlier.txt", "of an earlier run\n")
    write_good_acceptance(work / "results", order)
    write(work / "console.log", "of the second machine\n")
    add_evidence(order, evidence, work, ["no SSH", "no page"], {})
    assert not (evidence / "acceptance" / "earlier.txt").exists()
    assert (evidence / "acceptance" / "facts" / "machine-id").is_file()
    assert (evidence / "acceptance-console.log").read_text() == "of the second machine\n"
    assert (evidence / "build-console.log").read_text() == "last words\n"
    assert "rejected: no SSH; no page" in (evidence / "index.md").read_text()


def test_a_summary_counts_packages_and_names_the_probes(order: Order, evidence: Path) -> None:
    summary = summarise(order, evidence, "candidate", {})
    assert (summary.packages_before, summary.packages_after) == (len(order.inventory), len(order.expected()))
    assert summary.isolation["before the build"][-1] == "all probed"
    assert summary.isolation["acceptance, second boot"] == []
    assert summary.facts["fingerprint"] == order.fingerprint


def test_a_failure_is_kept_and_its_error_names_the_kept_console(order: Order, work: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    error = keep_failure(store, order, work, MachineError(f"it hung; console log: {work / 'console.log'}"))
    (kept,) = store.failures("web")
    evidence = kept / "evidence"
    assert str(error) == f"web: it hung; console log: {evidence / 'console.log'}\nevidence: {evidence}"
    assert (evidence / "console.log").read_text() == "last words\n"
    assert "it hung" in (evidence / "error.txt").read_text()
    assert "failed: it hung" in (evidence / "index.md").read_text()
