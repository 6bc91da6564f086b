"""The verdict on an image: what the plan asked for against what the guest reported. Only the host judges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from hallmark.controls.plan import Plan, PlannedControl

PASS, FAIL, NOT_APPLICABLE = 0, 1, 3
"""The exit codes of check.sh that mean something; every other one is an error."""
_FAILURE = "FAIL "  # how a check begins a finding: image_scripts/lib.sh and lib.py
_MOST_LINES = 8
Word = Literal["passed", "failed", "waived", "not applicable", "error", "no result", "not planned"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ControlResult:
    """What the guest reported of one control: exit code, what it printed, how long it took."""

    exit_code: int
    output: str = ""
    milliseconds: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """The judgement of every planned control, by id, in the plan's order.

    `failed` is all that speaks against the image: failed checks and whatever is in `missing`, `errors` or `unexpected`.
    `waived` are failed checks that a waiver forgives; an error or a missing result is never forgiven.
    """

    passed: tuple[str, ...]
    failed: tuple[str, ...]
    missing: tuple[str, ...]
    errors: tuple[str, ...]
    unexpected: tuple[str, ...]
    waived: tuple[str, ...]
    not_applicable: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether nothing speaks against the image."""
        return not self.failed

    def summary(self) -> str:
        """One line for people, naming whatever failed and why."""
        parts = [f"{len(self.passed)} passed"]
        parts += [f"{len(self.not_applicable)} not applicable"] if self.not_applicable else []
        parts += [f"{len(self.waived)} waived ({', '.join(self.waived)})"] if self.waived else []
        parts += [f"{len(self.failed)} failed ({', '.join(map(self._reason, self.failed))})"] if self.failed else []
        return ", ".join(parts)

    def of(self, name: str) -> Word:
        """The judgement of one control, in a word."""
        words: Mapping[Word, tuple[str, ...]] = {
            "no result": self.missing,
            "error": self.errors,
            "not planned": self.unexpected,
            "passed": self.passed,
            "waived": self.waived,
            "not applicable": self.not_applicable,
        }
        return next((word for word, names in words.items() if name in names), "failed")

    def _reason(self, name: str) -> str:
        word = self.of(name)
        return name if word == "failed" else f"{name}: {word}"


def findings(verdict: Verdict, results: Mapping[str, ControlResult]) -> list[str]:
    """What the controls that failed have found: their own FAIL lines, or the last that they printed; few of each."""
    return [line for name in verdict.failed if name in results for line in _finding(name, results[name].output)]


def quote(name: str, output: str) -> list[str]:
    """The last lines of what something printed, each with its name."""
    return [f"  {name}: {line}" for line in output.splitlines()[-_MOST_LINES:]]


def _finding(name: str, output: str) -> list[str]:
    failures = [line for line in output.splitlines() if line.startswith(_FAILURE)]
    more = [f"  {name}: and {len(failures) - _MOST_LINES} more"] if len(failures) > _MOST_LINES else []
    return [f"  {name}: {line}" for line in failures[:_MOST_LINES]] + more if failures else quote(name, output)


def judge(plan: Plan, results: Mapping[str, ControlResult]) -> Verdict:
    """Judge an image: each planned control must have exactly one result, and nothing else may have one."""
    outcome = {control.id: _outcome(control, results.get(control.id)) for control in plan.controls}
    unexpected = tuple(sorted(set(results) - set(plan.ids)))
    against = _those(outcome, "failed", "missing", "error")
    return Verdict(
        passed=_those(outcome, "passed"),
        failed=against + unexpected,
        missing=_those(outcome, "missing"),
        errors=_those(outcome, "error"),
        unexpected=unexpected,
        waived=_those(outcome, "waived"),
        not_applicable=_those(outcome, "not applicable"),
    )


def _outcome(control: PlannedControl, result: ControlResult | None) -> str:
    if result is None:
        return "missing"
    if result.exit_code == PASS:
        return "passed"
    if result.exit_code == FAIL:
        return "failed" if control.waiver is None else "waived"
    if result.exit_code == NOT_APPLICABLE and control.may_not_apply:
        return "not applicable"
    return "error"


def _those(outcome: Mapping[str, str], *kinds: str) -> tuple[str, ...]:
    return tuple(name for name, kind in outcome.items() if kind in kinds)
