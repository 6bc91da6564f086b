"""Evidence: all that was measured about one image, in one folder, with a plain index that a person can read.

Place in the pipeline: build, acceptance and failed builds each write (or rewrite) the index last, from the summary and
over the files that are there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path

from hallmark.common.files import write_atomic
from hallmark.evidence.summary import ControlSummary, JudgeSummary, Made, Patch, Summary, save_summary

INDEX = "index.md"
_MAX_ROWS = 400
_OTHERS = "Other files"
# What a control or a test of the recipe leaves, each in three files.
_RESULT_SUFFIXES = (".exit", ".ms", ".out")
_FACTS = "facts"

# What a reader looks for → the files that tell it. The first pattern that matches a file's path says what the file is.
_TOPICS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "Verdict and why": (
        ("summary.json", "all that this page says, for programs; docs/evidence.md describes it"),
        ("*error.txt", "why it failed"),
        ("*verdict*", "the host's judgement"),
        ("*/recipe/", "the recipe's own tests ({}): output (.out), exit code (.exit)"),
        ("*judges/*", "the report of a judge that is not ours: docs/judges.md"),
        ("*facts/*", "what the booted candidate said of itself"),
        ("*/stage", "the stage that the guest reached"),
        ("*/exit", "the exit code of the guest's work"),
    ),
    "Packages and patches": (
        ("*lock*.json", "the patch lock: package, from → to, suite, size, SHA-256, CVEs"),
        ("*lock*.tsv", "the patch lock, as the guest read it"),
        ("*inventory-before*", "packages before the build, by the guest's own dpkg"),
        ("*inventory-after*", "packages after the build, by the guest's own dpkg"),
        ("*inventory*", "packages at another moment, by the guest's own dpkg"),
    ),
    "Controls": (
        ("*controls*.json", "the host's judgement of the controls"),
        ("*/apply/", "what the controls ({}) did: output (.out), exit code (.exit), time (.ms)"),
        ("*/", "what the controls ({}) found: output (.out), exit code (.exit), time (.ms)"),
    ),
    "Isolation": (("*isolation*", "proof that the guest had no way in or out: what was expected, what it found"),),
    "Logs": (
        ("*console*", "everything that the machine printed on its serial console"),
        ("*qemu*", "what QEMU printed, and how it was started"),
        ("*timings*", "seconds that each step took"),
        ("*.log", "a log"),
    ),
    "Inputs": (
        ("*recipe*.toml", "the recipe that the image was built from"),
        ("*order.json", "all inputs of the build and of acceptance, as they were fixed before it"),
        ("checks.tar", "the checks that released the image; `hallmark check` looks at its machines with them"),
        ("run.txt", "the run that built it, as the tag hallmark:build of its snapshot and AMI has it"),
        ("*plan/env/*", "the parameters of one control"),
        ("*plan/*", "the compiled plan, as the guest read it"),
        ("*MANIFEST*", "SHA-256 of every file beside it"),
    ),
}


def write_index(folder: Path, summary: Summary) -> Path:
    """Write the folder's `summary.json`, and last the `index.md` that is made of it; return the latter's path."""
    save_summary(folder, summary)
    sections = [
        _head(summary),
        _titled("Findings", _findings(summary)),
        _titled("Waivers and mitigations", _exceptions(summary)),
        _titled("Judges that are not ours", _judges(summary.judges)),
        _titled("Not covered", _table(("requirement", "what it asks for", "why"), _gaps(summary))),
        _titled("How it was made", _made(summary.made)),
        _titled(f"Controls ({len(summary.controls)})", _controls(summary.controls)),
        _titled("Parameters in effect", _parameters(summary.controls)),
        _titled(
            f"CVEs closed ({len(summary.cves)})",
            _table(("CVE", "packages"), [(cve, ", ".join(names)) for cve, names in summary.cves.items()]),
        ),
        _titled(f"Patches and added packages ({len(summary.patches)})", _patches(summary.patches)),
        _titled(f"Removed packages ({len(summary.removed)})", _removed(summary)),
        _titled(f"Packages ({len(summary.packages)})", _packages(summary)),
        _isolation(summary.isolation),
        _timings(summary.timings),
        _files(folder),
    ]
    index = folder / INDEX
    write_atomic(index, ("\n\n".join(section for section in sections if section) + "\n").encode())
    return index


def describe(name: str) -> tuple[str, str]:
    """Where a file of the evidence is listed and what it is, by its relative path; a folder's ends with a slash."""
    for topic, kinds in _TOPICS.items():
        for pattern, meaning in kinds:
            if fnmatch(name.lower(), pattern.lower()):
                return topic, meaning
    return _OTHERS, ""


def _head(summary: Summary) -> str:
    outcome = f"{summary.outcome}: {'; '.join(summary.problems)}" if summary.problems else summary.outcome
    facts = [(f"**{name}**", value) for name, value in _facts(summary)]
    return "\n\n".join(
        part for part in (f"# {_plain(summary.title)}", _plain(outcome), _table(("", ""), facts)) if part
    )


def _facts(summary: Summary) -> list[tuple[str, str]]:
    """What the image is and is for: name and value, as far as they are known."""
    facts: list[tuple[str, str | None]] = []
    if (purpose := summary.purpose) is not None:
        facts += [
            ("title", purpose.title),
            ("purpose", purpose.purpose),
            ("profile", purpose.profile),
            ("administrators", ", ".join(purpose.administrators)),
            ("listens on", ", ".join(purpose.listen) or "nothing"),
        ]
    if (identity := summary.identity) is not None:
        artefact = identity.artefact
        coded = {
            "image": identity.image,
            "recipe": identity.recipe,
            "disk, SHA-256": artefact.sha256,
            "disk, bytes": None if artefact.size is None else str(artefact.size),
            "AMI": artefact.ami,
            "root snapshot": artefact.snapshot,
            "region": artefact.region,
            "fingerprint": identity.fingerprint,
            "acceptance": identity.acceptance,
            "base": identity.base,
            "patch lock": identity.patch_lock,
        }
        facts += [(name, value and f"`{value}`") for name, value in coded.items()]
    return [(name, value) for name, value in facts if value]


def _findings(summary: Summary) -> str:
    """Each control that did not pass wherever it was looked at, with what its check said."""
    parts = []
    for control in summary.controls:
        looks = {phase: finding for phase, finding in control.findings.items() if finding.verdict != "passed"}
        if looks:
            lines = [f"{phase}: {finding.verdict}" for phase, finding in looks.items()]
            said = dict.fromkeys(line for finding in looks.values() for line in finding.lines)
            parts.append("\n\n".join(filter(None, [f"`{control.id}`: {'; '.join(lines)}", _list(said)])))
    if summary.controls and not parts and any(control.findings for control in summary.controls):
        return "none: every control passed wherever it was looked at"
    return "\n\n".join(parts)


def _exceptions(summary: Summary) -> str:
    waived = [
        (f"control `{control.id}`", control.waiver.reason, control.waiver.expires or "")
        for control in summary.controls
        if control.waiver is not None
    ]
    mitigated = [
        (f"{each.cve} in {each.package}, by the control `{each.control}`", each.reason, each.expires)
        for each in summary.mitigations
    ]
    table = _table(("what", "reason", "last day"), [*waived, *mitigated])
    return table or ("none" if summary.controls else "")


def _judges(judges: Sequence[JudgeSummary]) -> str:
    rows = [
        (
            f"`{judge.label}`",
            judge.version,
            *(_percent(score) for score in (judge.score, judge.counted)),
            f"{judge.least_score} %",
            _percent(judge.before),
            str(judge.passed),
            str(len(judge.failed)),
            str(judge.not_applicable),
        )
        for judge in judges
    ]
    head = ("judge", "version", "score", "but for exceptions", "at least", "released before", "passed", "failed")
    parts = [_table((*head, "not applicable"), rows)]
    for judge in judges:
        failed = [
            f"`{rule}`" + (f": {judge.exceptions[rule]}" if rule in judge.exceptions else "") for rule in judge.failed
        ]
        stale = [f"`{rule}`: an exception, but the rule does not fail any more" for rule in judge.stale]
        parts.append(_titled(f"{judge.label}: failed", _list([*failed, *stale]), level=3))
    return "\n\n".join(part for part in parts if part)


def _percent(score: float | None) -> str:
    return "" if score is None else f"{score:g} %"


def _gaps(summary: Summary) -> list[tuple[str, str, str]]:
    return [(gap.requirement, gap.title, gap.why) for gap in summary.not_covered]


def _made(made: Mapping[str, Made]) -> str:
    """A column for each step, a row for each thing that is known of one."""
    columns = {
        step: {"ended": one.ended, "Hallmark": one.hallmark, "commit": _commit(one), **one.host}
        for step, one in made.items()
    }
    names = dict.fromkeys(name for column in columns.values() for name in column)
    return _table(("", *columns), [(name, *(column.get(name, "") for column in columns.values())) for name in names])


def _commit(made: Made) -> str:
    if made.commit is None:
        return "not known"
    return f"{made.commit}{', with files changed since' if made.modified else ''}"


def _controls(controls: Sequence[ControlSummary]) -> str:
    phases = list(dict.fromkeys(phase for control in controls for phase in control.findings))
    rows = [
        (
            f"`{control.id}`",
            control.title,
            ", ".join(control.requirements),
            control.severity,
            *(control.findings[phase].verdict if phase in control.findings else "" for phase in phases),
        )
        for control in controls
    ]
    return _table(("control", "title", "requirements", "severity", *phases), rows)


def _parameters(controls: Iterable[ControlSummary]) -> str:
    parts = []
    for control in controls:
        said = [f"{name} = `{value}`" if value else f"{name}: empty" for name, value in control.parameters.items()]
        said += [" ".join(f"`{cell}`" for cell in row[:-1]) for row in control.rows]
        if said:
            parts.append(f"`{control.id}`: {'; '.join(said)}")
    return _list(parts)


def _patches(patches: Iterable[Patch]) -> str:
    rows = [
        (each.name, each.before or "(new)", each.version, each.suite, ", ".join(each.controls), str(len(each.cves)))
        for each in patches
    ]
    return _table(("package", "before", "now", "suite", "for the controls", "CVEs"), rows)


def _removed(summary: Summary) -> str:
    return _table(("package", "version", "why"), [(each.name, each.version, each.why) for each in summary.removed])


def _packages(summary: Summary) -> str:
    before = f"The base had {summary.packages_before}." if summary.packages_before is not None else ""
    rows = [(each.name, each.version, each.architecture, each.origin) for each in summary.packages]
    return "\n\n".join(filter(None, [before, _table(("package", "version", "architecture", "from"), rows)]))


def _isolation(probes: Mapping[str, Sequence[str]]) -> str:
    parts = [_titled(probe, _list(lines), level=3) for probe, lines in probes.items()]
    return _titled("Isolation", "\n\n".join(part for part in parts if part))


def _timings(timings: Mapping[str, float]) -> str:
    total = sum(timings.values())
    rows = [
        (step, f"{seconds:.1f}", f"{100 * seconds / total if total else 0:.0f} %") for step, seconds in timings.items()
    ]
    return _titled("Timings", _table(("step", "seconds", "share"), rows))


def _files(folder: Path) -> str:
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / INDEX)
    results: dict[Path, list[Path]] = {}
    rows: dict[str, list[tuple[str, str, str]]] = {topic: [] for topic in (*_TOPICS, _OTHERS)}
    for path in paths:
        if path.parent != folder and (path.suffix in _RESULT_SUFFIXES or path.parent.name == _FACTS):
            results.setdefault(path.parent, []).append(path)
        else:
            topic, meaning = describe(path.relative_to(folder).as_posix())
            rows[topic].append(_row(folder, path, [path], meaning))
    for parent, files in results.items():
        topic, meaning = describe(f"{parent.relative_to(folder).as_posix()}/")
        rows[topic].append(_row(folder, parent, files, meaning.format(len({path.stem for path in files}))))
    return _titled("Files", "\n\n".join(_topic(topic, found) for topic, found in rows.items() if found))


def _row(folder: Path, path: Path, files: Sequence[Path], meaning: str) -> tuple[str, str, str]:
    name = path.relative_to(folder).as_posix() + ("/" if path.is_dir() else "")
    return f"[{name}]({name})", str(sum(file.stat().st_size for file in files)), meaning


def _topic(topic: str, rows: Sequence[tuple[str, str, str]]) -> str:
    left = len(rows) - _MAX_ROWS
    table = _table(("file", "bytes", "what it is"), rows[:_MAX_ROWS])
    return _titled(topic, table + (f"\n\nand {left} more." if left > 0 else ""), level=3)


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {_plain(line)}" for line in lines)


def _titled(title: str, body: str, *, level: int = 2) -> str:
    return f"{'#' * level} {_plain(title)}\n\n{body}" if body else ""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(_plain(cell).replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    rule = "|" + "---|" * len(head)
    return "\n".join([f"| {' | '.join(head)} |", rule, *lines]) if lines else ""


def _plain(text: str) -> str:
    """One line: what comes from a guest or a mirror must not end a table or start a heading."""
    return " ".join(text.split())
