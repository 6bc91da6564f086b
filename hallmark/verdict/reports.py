"""What the judges reported, read as hostile input: a report comes out of the machine that it is about.

Each reader takes one file of bounded size, and raises ReportError, with what is wrong, for whatever is not as the
judge writes it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from xml.parsers import expat

from hallmark.guest.console import clean

_MOST_BYTES = 8 << 20
_MOST_RULES = 4000
_MOST_DEPTH = 32
_RULE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:@-]{0,150}")
_LYNIS_TEST = re.compile(r"[A-Z0-9]{2,10}-[0-9]{4}")
_LYNIS_POINTS = re.compile(r"^([A-Z0-9]{2,10}-[0-9]{4}) ([0-9]{1,4}) ([0-9]{1,4})$", re.MULTILINE)
_GUIDES_RULE = "xccdf_org.ssgproject.content_rule_"
_GUIDES_PROFILE = "xccdf_org.ssgproject.content_profile_"
_POINTS = "points"
_KINDS_OF_ALGORITHMS = ("kex", "key", "enc", "mac")


class ReportError(ValueError):
    """A report is missing, or not as the judge writes it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What one judge found: rules by name, each once. `index` is the judge's own score, where it has one.

    `version` is what it says of itself: of the SCAP Security Guide for OpenSCAP; none where it says nothing.
    `points` are what the index comes from: test → what it got and what it could get.
    """

    version: str | None
    passed: tuple[str, ...]
    failed: tuple[str, ...]
    not_applicable: tuple[str, ...]
    index: int | None = None
    points: Mapping[str, tuple[int, int]] = field(default_factory=dict)


def read_report(judge: str, profile: str | None, folder: Path) -> Report:
    """The report of a judge, from the folder of its results."""
    name, read = _READERS[judge]
    report = read(_bytes(folder / name), profile)
    if judge == "lynis" and (folder / _POINTS).exists():
        report = with_points(report, _bytes(folder / _POINTS))
    return report


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        raise ReportError(f"it left no {path.name}")
    if path.stat().st_size > _MOST_BYTES:
        raise ReportError(f"{path.name}: expected at most {_MOST_BYTES} bytes, got {path.stat().st_size}")
    return path.read_bytes()


def read_lynis(data: bytes, _profile: str | None = None) -> Report:
    """Lynis's report.dat: lines of NAME=VALUE and NAME[]=VALUE."""
    values: dict[str, list[str]] = {}
    for line in data.decode(errors="replace").splitlines():
        name, equals, value = line.partition("=")
        if equals:
            values.setdefault(name, []).append(clean(value))
    index = values.get("hardening_index", [""])[-1]
    if not re.fullmatch(r"[0-9]{1,3}", index) or int(index) > 100:
        raise ReportError(f"report.dat: expected a hardening_index from 0 to 100, got {index or 'none'}")
    told = [*values.get("warning[]", ()), *values.get("suggestion[]", ())]
    failed = _tests(line.partition("|")[0] for line in told)
    executed = _tests(values.get("tests_executed", [""])[-1].split("|"))
    if not executed:
        raise ReportError("report.dat: expected the tests that were executed, got none")
    return Report(
        version=values.get("lynis_version", [None])[-1],
        passed=tuple(test for test in executed if test not in failed),
        failed=failed,
        not_applicable=_tests(values.get("tests_skipped", [""])[-1].split("|")),
        index=int(index),
    )


def with_points(report: Report, data: bytes) -> Report:
    """A report of Lynis with its tests' points, from lines of TEST GOT MOST; one that got fewer has failed."""
    points: dict[str, tuple[int, int]] = {}
    for test, its, could in _LYNIS_POINTS.findall(data.decode(errors="replace")):
        before = points.get(test, (0, 0))
        points[test] = (before[0] + int(its), before[1] + int(could))
    got, most = (sum(column) for column in zip(*points.values(), strict=True)) if points else (0, 0)
    if report.index is None or not most or abs(100 * got / most - report.index) > 1:
        raise ReportError(f"points: expected some that come to the index {report.index}, got {got} of {most}")
    lost = {name for name, (its, could) in points.items() if its < could}
    return replace(
        report,
        passed=tuple(name for name in report.passed if name not in lost),
        failed=tuple(sorted({*report.failed, *lost})),
        points=points,
    )


def _tests(words: Any) -> tuple[str, ...]:
    """Names of tests. What Lynis says under its own name is of its age, and of no test."""
    return tuple(sorted({word for word in words if _LYNIS_TEST.fullmatch(word)}))


def read_openscap(data: bytes, profile: str | None) -> Report:
    """The TestResult of an XCCDF document, with or without what is around it."""
    reader = _ResultReader()
    reader.read(data)
    if reader.profile != f"{_GUIDES_PROFILE}{profile}":
        raise ReportError(f"results.xml: expected the profile {profile}, got {clean(reader.profile or 'none')}")
    by_result: dict[str, list[str]] = {}
    for rule, result in reader.results.items():
        by_result.setdefault(result, []).append(rule)
    passed = (*by_result.get("pass", ()), *by_result.get("fixed", ()))
    # An error or an unknown result is no pass: whoever can break a check must not gain by it.
    failed = tuple(rule for kind in ("fail", "error", "unknown") for rule in by_result.get(kind, ()))
    if not passed and not failed:
        raise ReportError("results.xml: expected rules that passed or failed, got none")
    # What nobody looked at: the rest of the words that XCCDF has for a result, but for those of another profile.
    other = (*by_result.get("notapplicable", ()), *by_result.get("notchecked", ()), *by_result.get("informational", ()))
    return Report(
        version=reader.version, passed=tuple(sorted(passed)), failed=tuple(sorted(failed)), not_applicable=other
    )


class _ResultReader:
    """Reads rule-result elements; refuses document types, and so every entity of a document's own."""

    def __init__(self) -> None:
        self.results: dict[str, str] = {}
        self.profile: str | None = None
        self.version: str | None = None
        self._depth = 0
        self._inside = False
        self._rule: str | None = None
        self._text: list[str] | None = None

    def read(self, data: bytes) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        try:
            parser.Parse(data, True)
        except expat.ExpatError as problem:
            raise ReportError(f"results.xml: expected XML: {problem}") from problem

    def _refuse_doctype(self, *_: object) -> None:
        raise ReportError("results.xml: expected no document type, got one")

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        if self._depth > _MOST_DEPTH:
            raise ReportError(f"results.xml: expected elements at most {_MOST_DEPTH} deep, got more")
        match name.rpartition(" ")[2]:
            case "TestResult":
                if self._inside or self.profile is not None:
                    raise ReportError("results.xml: expected one TestResult, got more")
                self._inside, self.version = True, attributes.get("version")
            case "profile" if self._inside:
                self.profile = attributes.get("idref", "")
            case "rule-result" if self._inside:
                self._rule = _short(attributes.get("idref", ""))
            case "result" if self._rule is not None:
                self._text = []

    def _end(self, name: str) -> None:
        self._depth -= 1
        match name.rpartition(" ")[2]:
            case "TestResult":
                self._inside = False
            case "rule-result":
                self._rule = None
            case "result" if self._rule is not None and self._text is not None:
                self._keep(self._rule, "".join(self._text).strip())
                self._text = None

    def _keep(self, rule: str, result: str) -> None:
        if rule in self.results:
            raise ReportError(f"results.xml: {rule}: expected one result, got more")
        if len(self.results) >= _MOST_RULES:
            raise ReportError(f"results.xml: expected at most {_MOST_RULES} rules, got more")
        self.results[rule] = result

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)


def _short(rule: str) -> str:
    name = rule.removeprefix(_GUIDES_RULE)
    if not _RULE.fullmatch(name):
        raise ReportError(f"results.xml: expected the name of a rule, got {clean(rule)[:80]!r}")
    return name


def read_ssh_audit(data: bytes, _profile: str | None = None) -> Report:
    """ssh-audit's JSON: each algorithm that the server offers is a rule, which fails by a note of fail or warn."""
    try:
        document = json.loads(data)
        if not isinstance(document, dict):
            raise TypeError("expected an object")
        passed: list[str] = []
        failed: list[str] = []
        for kind in _KINDS_OF_ALGORITHMS:
            for each in document[kind]:
                name, notes = f"{kind}:{each['algorithm']}", each.get("notes", {})
                if not _RULE.fullmatch(name):
                    raise TypeError("expected the name of an algorithm")
                (failed if notes.get("fail") or notes.get("warn") else passed).append(name)
        failed += [f"cve:{clean(str(each['name']))}" for each in document.get("cves", ())]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise ReportError(f"ssh-audit.json: expected ssh-audit's JSON: {clean(str(problem))[:200]}") from problem
    if any(not any(name.startswith(f"{kind}:") for name in (*passed, *failed)) for kind in _KINDS_OF_ALGORITHMS):
        raise ReportError("ssh-audit.json: expected algorithms of each kind, got none of one")
    return Report(version=None, passed=tuple(sorted(set(passed))), failed=tuple(sorted(set(failed))), not_applicable=())


_READERS: Mapping[str, tuple[str, Callable[[bytes, str | None], Report]]] = {
    "lynis": ("report.dat", read_lynis),
    "openscap": ("results.xml", read_openscap),
    "ssh-audit": ("ssh-audit.json", read_ssh_audit),
}
