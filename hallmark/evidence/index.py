"""Evidence: all that was measured about one image, in one folder, with a plain index that a person can read.

Place in the pipeline: build, acceptance and failed builds each write (or rewrite) the index last, over the files that
are there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

from hallmark.common.files import write_atomic

INDEX = "index.md"
_MAX_ROWS = 400
_OTHERS = "Other files"
# What a control or a test of the recipe leaves, each in three files.
_RESULT_SUFFIXES = (".exit", ".ms", ".out")

# What a reader looks for → the files that tell it. The first pattern that matches a file's path says what the file is.
_TOPICS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "Verdict and why": (
        ("*error.txt", "why it failed"),
        ("*verdict*", "the host's judgement"),
        ("*/recipe/", "the recipe's own tests ({}): output (.out), exit code (.exit)"),
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
        ("*/", "controls ({}): output (.out), exit code (.exit), milliseconds (.ms)"),
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """What the index says at the top. Everything but the title may be missing: a failed build knows little.

    `facts` are lines of "name: value" (recipe, fingerprint, base, state...); `patches` come from the lock's summary,
    one line for each package, its CVEs included; `isolation` is probe → what it reported; `controls` is phase → verdict
    (passed, failed...) → ids; `timings` is step → seconds.
    """

    title: str
    outcome: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    packages_before: int | None = None
    packages_after: int | None = None
    patches: Sequence[str] = ()
    isolation: Mapping[str, Sequence[str]] = field(default_factory=dict)
    controls: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)


def write_index(folder: Path, summary: Summary) -> Path:
    """Write the folder's `index.md`: the summary, then the files by what a reader looks for; return its path."""
    sections = [
        _head(summary),
        _isolation(summary.isolation),
        _packages(summary),
        _titled(f"Patches and added packages ({len(summary.patches)})", _list(summary.patches)),
        *(_controls(phase, verdicts) for phase, verdicts in summary.controls.items()),
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
    facts = _table(("", ""), [(f"**{name}**", f"`{value}`") for name, value in summary.facts.items()])
    return "\n\n".join(part for part in (f"# {_plain(summary.title)}", _plain(summary.outcome), facts) if part)


def _isolation(probes: Mapping[str, Sequence[str]]) -> str:
    parts = [_titled(probe, _list(lines), level=3) for probe, lines in probes.items()]
    return _titled("Isolation", "\n\n".join(part for part in parts if part))


def _packages(summary: Summary) -> str:
    counts = {"before": summary.packages_before, "after": summary.packages_after}
    known = [(when, str(count)) for when, count in counts.items() if count is not None]
    return _titled("Packages", _table(("inventory", "packages"), known))


def _controls(phase: str, verdicts: Mapping[str, Sequence[str]]) -> str:
    rows = [
        (verdict, str(len(ids)), ", ".join(f"`{name}`" for name in ids)) for verdict, ids in verdicts.items() if ids
    ]
    return _titled(f"Controls: {phase}", _table(("verdict", "number", "controls"), rows))


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
        if path.suffix in _RESULT_SUFFIXES and path.parent != folder:
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
