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
_MAX_FILES = 400

# The first pattern that matches a file's path, or the end of it, says what the file is.
_MEANINGS: tuple[tuple[str, str], ...] = (
    ("inventory*before*", "installed packages before the build, from the guest's own dpkg database"),
    ("inventory*after*", "installed packages after the build, from the guest's own dpkg database"),
    ("*inventory*", "installed packages at another moment, from the guest's own dpkg database"),
    ("run.txt", "the run that built it, as the tag hallmark:build of its snapshot and AMI has it"),
    ("*error.txt", "why it failed"),
    ("*order.json", "all inputs of the build and of acceptance, as they were fixed before it"),
    ("*facts/*", "what the booted candidate said of itself"),
    ("*lock*.json", "the patch lock: package, from → to, suite, size, SHA-256, CVEs"),
    ("*lock*.tsv", "the patch lock, as the guest read it"),
    ("*isolation*", "proof that the guest had no way in or out: what was expected, what it found"),
    ("*timings*", "seconds that each step took"),
    ("*console*", "everything that the machine printed on its serial console"),
    ("*qemu*", "what QEMU printed, and how it was started"),
    ("*recipe*.toml", "the recipe that the image was built from"),
    ("*plan/env/*", "the parameters of one control"),
    ("*plan/*", "the compiled plan, as the guest read it"),
    ("*MANIFEST*", "SHA-256 of every file beside it"),
    ("*controls*.json", "the host's judgement of the controls"),
    ("*verdict*", "the host's judgement"),
    ("*.out", "what one control or script printed"),
    ("*.exit", "its exit code"),
    ("*.ms", "the milliseconds it took"),
    ("*.log", "a log"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """What the index says at the top. Everything but the title may be missing: a failed build knows little.

    `facts` are lines of "name: value" (recipe, fingerprint, base, state...); `patches` come from the lock's summary,
    one line for each package, its CVEs included; `controls` is phase → verdict (passed, failed...) → ids; `timings`
    is step → seconds.
    """

    title: str
    outcome: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    packages_before: int | None = None
    packages_after: int | None = None
    patches: Sequence[str] = ()
    isolation: Sequence[str] = ()
    controls: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)


def write_index(folder: Path, summary: Summary) -> Path:
    """Write the folder's `index.md`: the summary, then every file with its size and meaning; return its path."""
    sections = [
        _head(summary),
        _list("Isolation", summary.isolation),
        _packages(summary),
        _list(f"Patches and added packages ({len(summary.patches)})", summary.patches),
        *(_controls(phase, verdicts) for phase, verdicts in summary.controls.items()),
        _timings(summary.timings),
        _files(folder),
    ]
    index = folder / INDEX
    write_atomic(index, ("\n\n".join(section for section in sections if section) + "\n").encode())
    return index


def describe(name: str) -> str:
    """What a file of the evidence is, by its relative path; empty when it is none of the known kinds."""
    return next((meaning for pattern, meaning in _MEANINGS if fnmatch(name.lower(), pattern.lower())), "")


def _head(summary: Summary) -> str:
    facts = _table(("", ""), [(f"**{name}**", f"`{value}`") for name, value in summary.facts.items()])
    return "\n\n".join(part for part in (f"# {_plain(summary.title)}", _plain(summary.outcome), facts) if part)


def _packages(summary: Summary) -> str:
    counts = {"before": summary.packages_before, "after": summary.packages_after}
    known = [(when, str(count)) for when, count in counts.items() if count is not None]
    return _titled("Packages", _table(("inventory", "packages"), known))


def _controls(phase: str, verdicts: Mapping[str, Sequence[str]]) -> str:
    rows = [
        (verdict, str(len(ids)), ", ".join(f"`{name}`" for name in ids)) for verdict, ids in verdicts.items() if ids
    ]
    return _titled(f"Controls: {_plain(phase)}", _table(("verdict", "number", "controls"), rows))


def _timings(timings: Mapping[str, float]) -> str:
    total = sum(timings.values())
    rows = [
        (step, f"{seconds:.1f}", f"{100 * seconds / total if total else 0:.0f} %") for step, seconds in timings.items()
    ]
    return _titled("Timings", _table(("step", "seconds", "share"), rows))


def _files(folder: Path) -> str:
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    names = [name for name in names if name != INDEX]
    rows = [(f"[{name}]({name})", str((folder / name).stat().st_size), describe(name)) for name in names[:_MAX_FILES]]
    table = _table(("file", "bytes", "what it is"), rows)
    left = len(names) - len(rows)
    return _titled("Files", table + (f"\n\nand {left} more." if left else ""))


def _list(title: str, lines: Iterable[str]) -> str:
    return _titled(title, "\n".join(f"- {_plain(line)}" for line in lines))


def _titled(title: str, body: str) -> str:
    return f"## {title}\n\n{body}" if body else ""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(_plain(cell).replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    rule = "|" + "---|" * len(head)
    return "\n".join([f"| {' | '.join(head)} |", rule, *lines]) if lines else ""


def _plain(text: str) -> str:
    """One line: what comes from a guest or a mirror must not end a table or start a heading."""
    return " ".join(text.split())
