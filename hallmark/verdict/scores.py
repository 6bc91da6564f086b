"""The verdict of the judges that are not ours: what each came to, against what the recipe asks for."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path

from hallmark.common.fingerprint import Sha256
from hallmark.config.recipe import Judge
from hallmark.guest.task import read_text
from hallmark.judges.tools import Tools
from hallmark.verdict.reports import Report, ReportError, read_report

JUDGES = "judges"
"""The folder, below the results of a guest, of what the judges left: a folder for each, by its label."""
_CARRIED = "tools.sha256"
_MOST_LINES = 40
_OUT_OF_TIME = "124"


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """What one judge came to.

    `score` is in percent, of all rules that apply; `counted` is the same without the exceptions' rules, and is what
    `least_score` is compared with. Both are None without a report. `stale` are exceptions of rules that did not fail.
    """

    judge: Judge
    content: Sha256
    version: str
    score: float | None = None
    counted: float | None = None
    passed: int = 0
    not_applicable: int = 0
    failed: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    seconds: float | None = None
    problem: str | None = None


def score_all(judges: Sequence[Judge], tools: Tools | None, results: Path) -> tuple[Score, ...]:
    """What each judge came to, from what the guest left below `results`/judges."""
    if tools is None:
        assert not judges, "judges were asked for, and their tools never fetched"
        return ()
    carried = read_text(results / JUDGES, _CARRIED)
    return tuple(_score(judge, tools, results / JUDGES / judge.label, carried) for judge in judges)


def problems_of(scores: Sequence[Score]) -> list[str]:
    """What the judges have against the candidate, each with its rules that failed."""
    return [score.problem for score in scores if score.problem is not None]


def _score(judge: Judge, tools: Tools, folder: Path, carried: str) -> Score:
    version = tools.version_of(judge)
    try:
        if carried != tools.sha256:
            raise ReportError(
                f"expected the tools {tools.sha256[:16]} that were carried in, got {carried[:16] or 'none'}"
            )
        report = read_report(judge.name, judge.profile, folder)
        if report.version not in (None, version):
            raise ReportError(f"expected a report of version {version}, got {report.version}")
    except ReportError as error:
        said = read_text(folder, "exit") or "none: it did not run"
        said += ", out of time: judge it again on a host with less other work" if said == _OUT_OF_TIME else ""
        return Score(
            judge=judge,
            content=tools.sha256,
            version=version,
            problem=f"judge {judge.label}: {error}; its exit code: {said}",
        )
    return _weigh(judge, tools, report, _seconds(folder))


def _weigh(judge: Judge, tools: Tools, report: Report, seconds: float | None) -> Score:
    excepted = {exception.rule for exception in judge.exceptions}
    counting = [rule for rule in report.failed if rule not in excepted]
    if report.index is None:
        score, counted = (_share(len(report.passed), len(failed)) for failed in (report.failed, counting))
    else:
        score, counted = float(report.index), float(_index_without(report, excepted))
    good = counted >= judge.least_score
    problem = None
    if not good:
        shown = counting[:_MOST_LINES]
        more = [f"  and {len(counting) - len(shown)} more"] if len(counting) > len(shown) else []
        words = f"judge {judge.label}: expected a score of at least {judge.least_score} %, got {_percent(counted)}"
        problem = "\n".join([f"{words}; failed:", *(f"  {rule}" for rule in shown), *more])
    return Score(
        judge=judge,
        content=tools.sha256,
        version=tools.version_of(judge),
        score=score,
        counted=counted,
        passed=len(report.passed),
        not_applicable=len(report.not_applicable),
        failed=report.failed,
        stale=tuple(rule for rule in sorted(excepted) if rule not in report.failed),
        seconds=seconds,
        problem=problem,
    )


def _index_without(report: Report, excepted: Container[str]) -> int:
    """Lynis's index as it would be without the excepted tests: their points are neither got nor missed."""
    left = [points for test, points in report.points.items() if test not in excepted]
    return 100 * sum(got for got, _ in left) // sum(most for _, most in left) if left else report.index or 0


def _share(passed: int, failed: int) -> float:
    """Percent, to one digit, never rounded up."""
    return passed * 1000 // (passed + failed) / 10 if passed + failed else 0.0


def _percent(score: float | None) -> str:
    return "no score" if score is None else f"{score:g} %"


def _seconds(folder: Path) -> float | None:
    try:
        return max(0.0, float(read_text(folder, "seconds")))
    except ValueError:
        return None
