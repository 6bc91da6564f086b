"""The verdict on what the guest reported."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hallmark.controls.plan import Plan, PlannedControl
from hallmark.verdict.judgement import ControlResult, findings, judge, quote

PASS, FAIL, NOT_APPLICABLE = (ControlResult(exit_code=code) for code in (0, 1, 3))


def planned(name: str, *, waiver: str | None = None, may_not_apply: bool = False) -> PlannedControl:
    return PlannedControl(
        id=name, title=name, requirements=("P1",), environment={}, waiver=waiver, may_not_apply=may_not_apply
    )


def plan(*names: str) -> Plan:
    return Plan(controls=tuple(map(planned, names)))


def test_an_image_whose_controls_all_pass_is_good() -> None:
    verdict = judge(plan("a", "b"), {"a": PASS, "b": PASS})
    assert verdict.good
    assert verdict.passed == ("a", "b")
    assert verdict.summary() == "2 passed"


def test_a_control_that_fails_fails_the_image() -> None:
    verdict = judge(plan("a", "b"), {"a": PASS, "b": FAIL})
    assert not verdict.good
    assert verdict.failed == ("b",)
    assert verdict.summary() == "1 passed, 1 failed (b)"


def test_a_control_that_never_reported_fails_the_image() -> None:
    verdict = judge(plan("a", "b"), {"a": PASS})
    assert not verdict.good
    assert verdict.failed == verdict.missing == ("b",)
    assert verdict.summary() == "1 passed, 1 failed (b: no result)"


def test_no_results_at_all_fail_every_control() -> None:
    assert judge(plan("a", "b"), {}).failed == ("a", "b")


@pytest.mark.parametrize("code", [2, 4, 124, 126, 127, 137, 255, -9])
def test_any_other_exit_code_is_an_error(code: int) -> None:
    verdict = judge(plan("a"), {"a": ControlResult(exit_code=code)})
    assert verdict.failed == verdict.errors == ("a",)
    assert verdict.summary() == "0 passed, 1 failed (a: error)"


def test_a_result_that_nobody_planned_fails_the_image() -> None:
    verdict = judge(plan("a"), {"a": PASS, "b": PASS})
    assert verdict.failed == verdict.unexpected == ("b",)
    assert verdict.summary() == "1 passed, 1 failed (b: not planned)"


def test_not_applicable_is_accepted_where_the_control_allows_it() -> None:
    verdict = judge(Plan(controls=(planned("a", may_not_apply=True),)), {"a": NOT_APPLICABLE})
    assert verdict.good
    assert verdict.not_applicable == ("a",)


def test_not_applicable_is_an_error_where_the_control_does_not_allow_it() -> None:
    assert judge(plan("a"), {"a": NOT_APPLICABLE}).errors == ("a",)


def test_a_waiver_forgives_a_failure() -> None:
    verdict = judge(Plan(controls=(planned("a", waiver="because"),)), {"a": FAIL})
    assert verdict.good
    assert verdict.waived == ("a",)
    assert verdict.summary() == "0 passed, 1 waived (a)"


@pytest.mark.parametrize("results", [{}, {"a": ControlResult(exit_code=127)}], ids=["silence", "an error"])
def test_a_waiver_does_not_forgive(results: dict[str, ControlResult]) -> None:
    assert not judge(Plan(controls=(planned("a", waiver="because"),)), results).good


def test_a_waived_control_that_passes_has_passed() -> None:
    assert judge(Plan(controls=(planned("a", waiver="because"),)), {"a": PASS}).passed == ("a",)


names = st.sets(st.sampled_from("abcdefgh"))
reports = st.dictionaries(
    st.sampled_from("abcdefgh"), st.sampled_from([0, 1, 2, 3]).map(lambda c: ControlResult(exit_code=c))
)


@given(names, names, names, reports)
def test_every_control_gets_exactly_one_judgement(
    wanted: set[str], waived: set[str], optional: set[str], results: dict[str, ControlResult]
) -> None:
    controls = [planned(n, waiver="w" if n in waived else None, may_not_apply=n in optional) for n in sorted(wanted)]
    verdict = judge(Plan(controls=tuple(controls)), results)
    judged = verdict.passed + verdict.failed + verdict.waived + verdict.not_applicable
    assert sorted(judged) == sorted(wanted | set(results))
    assert set(verdict.missing + verdict.errors + verdict.unexpected) <= set(verdict.failed)
    assert set(verdict.passed) == {n for n in wanted if n in results and results[n].exit_code == 0}


def test_a_failed_control_is_quoted_by_its_findings_and_without_any_by_its_last_lines() -> None:
    results = {
        "a": ControlResult(exit_code=1, output="looking\nFAIL one\nso\nFAIL two"),
        "b": ControlResult(exit_code=9, output="\n".join(map(str, range(20)))),
        "c": ControlResult(exit_code=0, output="FAIL of old"),
    }
    said = findings(judge(plan("a", "b", "c", "d"), results), results)
    assert said == ["  a: FAIL one", "  a: FAIL two", *(f"  b: {number}" for number in range(12, 20))]


def test_of_many_findings_a_few_are_quoted_and_the_others_counted() -> None:
    results = {"a": ControlResult(exit_code=1, output="\n".join(f"FAIL {n}" for n in range(11)))}
    said = findings(judge(plan("a"), results), results)
    assert said[:1] + said[7:] == ["  a: FAIL 0", "  a: FAIL 7", "  a: and 3 more"]


def test_what_printed_nothing_is_not_quoted() -> None:
    assert quote("a", "") == []
