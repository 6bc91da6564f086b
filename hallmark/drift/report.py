"""What a look at a machine says: every control that no longer holds, with its title, requirements and severity."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from hallmark.controls.files import Severity
from hallmark.order.order import Order
from hallmark.store.image import image_id
from hallmark.verdict.judgement import judge
from hallmark.verdict.observed import read_controls

Kind = Literal["failed", "error", "no result", "not planned"]
_SHOWN = 40
_ORDER = ("high", "medium", "low")


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """A control that the machine no longer meets. `found` are the check's own lines, made safe to print."""

    control: str
    title: str
    requirements: tuple[str, ...]
    severity: Severity
    kind: Kind
    found: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """One look at one machine: `target` as it was named, the image that it was compared with, and what was found.

    `milliseconds` is control → how long its check took.
    """

    target: str
    image: str
    recipe: str
    findings: tuple[Finding, ...]
    passed: tuple[str, ...]
    waived: tuple[str, ...]
    not_applicable: tuple[str, ...]
    notes: tuple[str, ...]
    milliseconds: dict[str, int]

    def to_json(self) -> dict[str, Any]:
        """The report as one document; `as_released` says it in a word."""
        return {"as_released": not self.findings, **asdict(self)}

    def lines(self) -> list[str]:
        """The report for people."""
        lines = [f"note: {note}" for note in self.notes]
        for finding in self.findings:
            asked = ", ".join(finding.requirements)
            lines.append(f"{finding.severity:6}  {finding.control}: {finding.title} ({asked}): {finding.kind}")
            lines += [f"        {line}" for line in finding.found[:_SHOWN]]
            left = len(finding.found) - _SHOWN
            lines += [f"        and {left} more (--json has all)"] if left > 0 else []
        held = f"{len(self.passed)} controls hold, {len(self.not_applicable)} do not apply"
        held += f", {len(self.waived)} waived" if self.waived else ""
        verdict = f"drift in {len(self.findings)} control(s)" if self.findings else "as released"
        return [*lines, f"{self.target}: {verdict} ({self.image}); {held}"]


def make_report(order: Order, results: Path, *, target: str, notes: tuple[str, ...] = ()) -> Report:
    """Judge what the checks of a machine said, in `results`, against the plan that its image was released with."""
    plan, got = order.compiled_plan(), read_controls(results)
    verdict = judge(plan, got)
    planned = {control.id: control for control in plan.controls}
    kinds: dict[str, Kind] = dict.fromkeys(verdict.failed, "failed")
    kinds |= dict.fromkeys(verdict.missing, "no result")
    kinds |= dict.fromkeys(verdict.errors, "error")
    kinds |= dict.fromkeys(verdict.unexpected, "not planned")
    findings = []
    for name, kind in kinds.items():
        control, result = planned.get(name), got.get(name)
        findings.append(
            Finding(
                control=name,
                title=control.title if control else "a control that nobody planned",
                requirements=control.requirements if control else (),
                severity=control.severity if control else "high",
                kind=kind,
                found=_words(result.output, failed=kind == "failed") if result else (),
            )
        )
    return Report(
        target=target,
        image=image_id(order.recipe, order.fingerprint),
        recipe=order.recipe,
        findings=tuple(sorted(findings, key=lambda finding: _ORDER.index(finding.severity))),
        passed=verdict.passed,
        waived=verdict.waived,
        not_applicable=verdict.not_applicable,
        notes=notes,
        milliseconds={name: result.milliseconds for name, result in got.items()},
    )


def _words(output: str, *, failed: bool) -> tuple[str, ...]:
    """The findings among what a check printed; all of it where it says none, or ended in an error."""
    lines = output.splitlines()
    found = [line.removeprefix("FAIL ") for line in lines if line.startswith("FAIL ")]
    return tuple(found if failed and found else lines)
