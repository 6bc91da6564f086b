"""Evidence is gathered whole: of a build, of an acceptance beside it, and of a failure."""

from __future__ import annotations

from pathlib import Path

import pytest

from hallmark.common.errors import MachineError
from hallmark.debian.lock import load_lock
from hallmark.evidence.gather import add_evidence, bind_evidence, gather_evidence, keep_failure
from hallmark.evidence.summary import SUMMARY, Artefact, Made, Summary, load_summary
from hallmark.order.order import Order
from hallmark.store.store import Store
from hallmark.verdict.judgement import judge
from hallmark.verdict.observed import read_controls
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
    return gather(order, work)


def made(ended: str = "2026-11-28T09:05:00Z") -> Made:
    return Made(ended=ended, hallmark="0.1.0", commit="c" * 40, modified=False, host={"platform": "local"})


def gather(order: Order, work: Path) -> Path:
    verdict = judge(order.compiled_plan(), read_controls(work / "results" / "controls"))
    return gather_evidence(order, work, made(), verdict)


def summary_in(folder: Path) -> Summary:
    summary = load_summary(folder)
    assert summary is not None
    return summary


def test_a_builds_evidence_has_inputs_results_console_and_index(order: Order, evidence: Path) -> None:
    assert load_lock(evidence / "patch-lock.json") == order.lock
    assert (evidence / "recipe.toml").read_text() == order.recipe_text
    assert Order.model_validate_json((evidence / "order.json").read_text()) == order
    assert (evidence / "build-console.log").read_text() == "last words\n"
    assert (evidence / "build" / "isolation.txt").is_file()
    assert "candidate" in (evidence / "index.md").read_text()


def test_a_build_without_results_has_evidence_too(order: Order, work: Path) -> None:
    evidence = gather(order, work)
    assert not (evidence / "build").exists()
    assert (evidence / "index.md").is_file()


def test_an_acceptance_takes_the_place_of_an_earlier_one(order: Order, evidence: Path, work: Path) -> None:
    write(evidence / "acceptance" / "earlier.txt", "of an earlier run\n")
    write_good_acceptance(work / "results", order)
    write(work / "console.log", "of the second machine\n")
    add_evidence(order, evidence, work, ["no SSH", "no page"], {}, made=made(), artefact=Artefact())
    assert not (evidence / "acceptance" / "earlier.txt").exists()
    assert (evidence / "acceptance" / "facts" / "machine-id").is_file()
    assert (evidence / "acceptance-console.log").read_text() == "of the second machine\n"
    assert (evidence / "build-console.log").read_text() == "last words\n"
    assert "rejected: no SSH; no page" in (evidence / "index.md").read_text()


def test_an_acceptance_keeps_when_and_by_what_the_build_was_made_and_binds_the_evidence_to_the_disk(
    order: Order, evidence: Path, work: Path
) -> None:
    bind_evidence(evidence, Artefact(sha256="d" * 64, size=7))
    built = summary_in(evidence)
    assert (built.outcome, built.identity and built.identity.artefact.sha256) == ("candidate", "d" * 64)
    assert f"`{'d' * 64}`" in (evidence / "index.md").read_text()
    write_good_acceptance(work / "results", order)
    disk = Artefact(sha256="e" * 64, size=8)
    add_evidence(order, evidence, work, [], {}, made=made("2026-11-28T09:15:00Z"), artefact=disk)
    accepted = summary_in(evidence)
    assert (accepted.outcome, accepted.identity and accepted.identity.artefact) == ("accepted", disk)
    ended = {step: one.ended for step, one in accepted.made.items()}
    assert ended == {"build": "2026-11-28T09:05:00Z", "acceptance": "2026-11-28T09:15:00Z"}


def test_an_image_made_before_there_was_a_summary_is_judged_again(order: Order, evidence: Path, work: Path) -> None:
    (evidence / SUMMARY).unlink()
    bind_evidence(evidence, Artefact(sha256="d" * 64))
    assert load_summary(evidence) is None
    write_good_acceptance(work / "results", order)
    add_evidence(order, evidence, work, [], {}, made=made(), artefact=Artefact())
    assert list(summary_in(evidence).made) == ["acceptance"]


def test_a_failed_builds_index_quotes_what_its_controls_found(order: Order, work: Path, tmp_path: Path) -> None:
    write_good_build(work / "results", order)
    write(work / "results" / "controls" / "alpha.exit", "1\n")
    write(work / "results" / "controls" / "alpha.out", "FAIL /etc/x is open\n")
    store = Store(tmp_path / "store")
    keep_failure(store, order, work, MachineError("controls: 1 failed (alpha)"), made())
    (kept,) = store.failures("web")
    assert "`alpha`: build: failed\n\n- FAIL /etc/x is open\n" in (kept / "evidence" / "index.md").read_text()


def test_a_failure_is_kept_and_its_error_names_the_kept_console(order: Order, work: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    error = keep_failure(store, order, work, MachineError(f"it hung; console log: {work / 'console.log'}"), made())
    (kept,) = store.failures("web")
    evidence = kept / "evidence"
    assert str(error) == f"web: it hung; console log: {evidence / 'console.log'}\nevidence: {evidence}"
    assert (evidence / "console.log").read_text() == "last words\n"
    assert "it hung" in (evidence / "error.txt").read_text()
    assert "failed: it hung" in (evidence / "index.md").read_text()
