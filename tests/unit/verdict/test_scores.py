"""What the judges came to, against what the recipe asks for: below it the candidate is rejected."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from hallmark.config.recipe import Judge, JudgeException
from hallmark.verdict.scores import Score, problems_of, score_all
from tests.support.judges_reports import (
    SSH_AUDIT,
    TOOLS,
    algorithm,
    lynis,
    lynis_points,
    openscap,
    ssh_audit,
    write_report,
)

DAY = date(2026, 12, 31)
EXCEPTED = JudgeException(rule="USB-3000", reason="the kernel has no USB", expires=DAY)


def cis(least: int, *rules: str) -> Judge:
    exceptions = tuple(JudgeException(rule=rule, reason="because", expires=DAY) for rule in rules)
    return Judge(name="openscap", profile="cis_level1_server", least_score=least, exceptions=exceptions)


def scored(results: Path, judge: Judge, data: bytes, *, carried: str = TOOLS.sha256) -> Score:
    write_report(results, judge, data, carried=carried)
    return score_all((judge,), TOOLS, results)[0]


RULES = {"a": "pass", "b": "pass", "c": "fail", "d": "error", "e": "notapplicable"}


def test_the_score_is_the_share_of_the_rules_that_apply(tmp_path: Path) -> None:
    score = scored(tmp_path, cis(50), openscap(RULES))
    assert (score.score, score.counted, score.passed, score.failed) == (50.0, 50.0, 2, ("c", "d"))
    assert (score.version, score.content, score.seconds) == ("0.1.82", TOOLS.sha256, 12.5)
    assert problems_of([score]) == []


def test_below_the_least_score_the_candidate_is_rejected_naming_what_failed(tmp_path: Path) -> None:
    score = scored(tmp_path, cis(51), openscap(RULES))
    assert problems_of([score]) == [
        "judge openscap-cis_level1_server: expected a score of at least 51 %, got 50 %; failed:\n  c\n  d"
    ]


def test_a_score_is_not_rounded_up_to_what_is_asked(tmp_path: Path) -> None:
    nearly = {f"r{number}": "pass" for number in range(969)} | {f"f{number}": "fail" for number in range(31)}
    score = scored(tmp_path, cis(97), openscap(nearly))
    assert (score.score, len(problems_of([score]))) == (96.9, 1)


def test_an_exception_does_not_count_and_is_told_when_its_rule_does_not_fail(tmp_path: Path) -> None:
    score = scored(tmp_path, cis(100, "c", "d", "a", "gone"), openscap(RULES))
    assert (score.score, score.counted, score.stale) == (50.0, 100.0, ("a", "gone"))
    assert problems_of([score]) == []
    assert problems_of([scored(tmp_path, cis(100, "c"), openscap(RULES))]) != []


@pytest.mark.parametrize(("index", "rejected"), [(65, False), (64, True)])
def test_lynis_is_asked_for_its_own_index(tmp_path: Path, index: int, rejected: bool) -> None:
    judge = Judge(name="lynis", least_score=65)
    score = scored(tmp_path, judge, lynis(index, failed=("BOOT-5122",), passed=("SSH-7408",)))
    assert bool(problems_of([score])) is rejected
    assert score.score == index


def test_an_excepted_test_of_lynis_counts_neither_what_it_got_nor_what_it_missed(tmp_path: Path) -> None:
    judge = Judge(name="lynis", least_score=90, exceptions=(EXCEPTED,))
    (tmp_path / "judges" / "lynis").mkdir(parents=True)
    (tmp_path / "judges" / "lynis" / "points").write_bytes(lynis_points({"SSH-7408": (9, 10), "USB-3000": (1, 9)}))
    score = scored(tmp_path, judge, lynis(52, passed=("SSH-7408", "USB-3000")))
    assert (score.score, score.counted, score.failed) == (52.0, 90.0, ("SSH-7408", "USB-3000"))
    assert problems_of([score]) == []


def test_one_weak_algorithm_is_too_many_for_a_hundred(tmp_path: Path) -> None:
    judge = Judge(name="ssh-audit", least_score=100)
    assert problems_of([scored(tmp_path, judge, SSH_AUDIT)]) == []
    weak = ssh_audit(mac=[algorithm("hmac-sha2-256-etm"), algorithm("hmac-sha1", warn=["old"])])
    assert problems_of([scored(tmp_path, judge, weak)]) == [
        "judge ssh-audit: expected a score of at least 100 %, got 80 %; failed:\n  mac:hmac-sha1"
    ]


@pytest.mark.parametrize(
    ("data", "carried", "words"),
    [
        pytest.param(openscap(RULES, version="0.1.79"), TOOLS.sha256, "report of version 0.1.82, got 0.1.79", id="old"),
        pytest.param(openscap(RULES), "0" * 64, "expected the tools ffffffffffffffff", id="other tools"),
        pytest.param(openscap(RULES), "", "expected the tools ffffffffffffffff", id="no word of the tools"),
        pytest.param(b"<!DOCTYPE x>" + openscap(RULES), TOOLS.sha256, "no document type", id="hostile"),
    ],
)
def test_a_report_that_cannot_be_believed_rejects(tmp_path: Path, data: bytes, carried: str, words: str) -> None:
    score = scored(tmp_path, cis(0), data, carried=carried)
    assert score.score is None
    assert words in problems_of([score])[0]


def test_a_judge_that_did_not_run_rejects(tmp_path: Path) -> None:
    judge = Judge(name="lynis", least_score=0)
    (tmp_path / "judges").mkdir()
    (tmp_path / "judges" / "tools.sha256").write_text(TOOLS.sha256)
    assert problems_of(score_all((judge,), TOOLS, tmp_path)) == [
        "judge lynis: it left no report.dat; its exit code: none: it did not run"
    ]


def test_a_judge_that_ran_out_of_time_says_so(tmp_path: Path) -> None:
    judge = Judge(name="lynis", least_score=0)
    write_report(tmp_path, judge, b"lynis_version=3.1.4\n")
    (tmp_path / "judges" / "lynis" / "exit").write_text("124\n")
    assert "its exit code: 124, out of time" in problems_of(score_all((judge,), TOOLS, tmp_path))[0]


def test_many_failures_are_cut_short(tmp_path: Path) -> None:
    score = scored(tmp_path, cis(100), openscap({f"r{number:03}": "fail" for number in range(50)}))
    assert problems_of([score])[0].splitlines()[-1] == "  and 10 more"
