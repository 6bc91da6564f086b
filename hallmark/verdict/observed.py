"""What a guest reported, read into values, and what the host makes of it. Reading and judging; nothing else.

Everything here comes out of an untrusted archive, so each reader takes only what has the right form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

from hallmark.guest.task import read_text
from hallmark.verdict.judgement import ControlResult

Row = tuple[str, str, str]
"""Name, version and architecture of a package."""

_OUTPUT_SHOWN = 65536
_NUMBER = re.compile(r"[0-9]{1,9}")
_ROW = re.compile(r"([a-z0-9][a-z0-9+.-]+)\t([0-9A-Za-z.+~:-]+)\t([a-z0-9-]+)")
_TIMING = re.compile(r"([a-z-]{1,40})\t([0-9]{1,9}(?:\.[0-9]{1,9})?)")


def read_controls(folder: Path) -> dict[str, ControlResult]:
    """Control id → its result, for every control that left a well-formed exit code."""
    found: dict[str, ControlResult] = {}
    for path in sorted(folder.glob("*.exit")):
        code = read_text(folder, path.name)
        if not _NUMBER.fullmatch(code):
            continue
        took = read_text(folder, f"{path.stem}.ms")
        found[path.stem] = ControlResult(
            exit_code=int(code),
            output=read_text(folder, f"{path.stem}.out")[:_OUTPUT_SHOWN],
            milliseconds=int(took) if _NUMBER.fullmatch(took) else 0,
        )
    return found


def read_inventory(path: Path) -> tuple[Row, ...]:
    """The rows of an inventory; rows of another form are left out, and so missed by whoever compares."""
    rows = (_ROW.fullmatch(line) for line in _lines(path))
    return tuple(sorted((row[1], row[2], row[3]) for row in rows if row))


def read_timings(path: Path) -> dict[str, float]:
    """Stage → seconds that it took; the last, `done`, has none."""
    starts = (_TIMING.fullmatch(line) for line in _lines(path))
    times = [(start[1], float(start[2])) for start in starts if start]
    took = {name: round(after[1] - start, 1) for (name, start), after in pairwise(times)}
    return {"power-on": times[0][1], **took} if times else {}


def compare_packages(expected: Iterable[Row], got: Iterable[Row], *, where: str) -> list[str]:
    """One line for each package that is not as expected: `openssl: expected 3.5.1-1, got 3.5.0-1`."""
    wanted, there = _versions(expected), _versions(got)
    return [
        f"{where}: {name}: expected {wanted.get((name, arch), 'no such package')}, "
        f"got {there.get((name, arch), 'no such package')}"
        for name, arch in sorted(wanted.keys() | there.keys())
        if wanted.get((name, arch)) != there.get((name, arch))
    ]


PROBED = "all probed"
"""The first and the last line of a whole report of isolation.sh."""


def surprises(results: Path, name: str, expected: str) -> list[str]:
    """What an isolation probe found that should not be; a missing probe is a surprise too.

    `expected` is what the guest was told to expect around it (order.ExpectedNetwork): a probe for less proves nothing.
    """
    opening = f"expected: {expected}"
    lines = read_text(results, name).splitlines()
    if not lines:
        return [f"{name}: expected a proof of the isolation, got none"]
    found = [f"{name}: {line}" for line in lines if line.startswith("SURPRISE")]
    if not found and (lines[0] != opening or lines[-1] != PROBED):
        return [f'{name}: expected a whole proof, from "{opening}" to "{PROBED}"']
    return found


def _lines(path: Path) -> list[str]:
    return path.read_text(errors="replace").splitlines() if path.is_file() else []


def _versions(rows: Iterable[Row]) -> dict[tuple[str, str], str]:
    """Name and architecture → version; a guest that lists a package twice is taken at both words."""
    found: dict[tuple[str, str], str] = {}
    for name, version, arch in sorted(rows):
        found[name, arch] = f"{found[name, arch]} and {version}" if (name, arch) in found else version
    return found
