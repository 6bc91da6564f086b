"""What a measurement gives: a value, the target beside it, and how it came about; as a table and as JSON."""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from rich.table import Table

_UNITS = {"x": "\N{MULTIPLICATION SIGN}"}
_VERDICTS = {True: "met", False: "MISSED", None: "NOT TAKEN"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Measurement:
    """One value. A `target` is the most that it may be; without one it is only told.

    `unit` is `x` for a ratio, else what it counts (MiB, s, %); `details` holds what it was computed from. A `value` of
    None was not taken, for want of what `details["note"]` says.
    """

    name: str
    what: str
    value: float | None
    unit: str
    target: float | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def met(self) -> bool | None:
        """Whether the target is met; true when there is none, None when the value was not taken."""
        if self.value is None:
            return None
        return self.target is None or self.value <= self.target


def ratio(
    name: str, what: str, ours: Sequence[float], theirs: Sequence[float], *, target: float | None, **details: Any
) -> Measurement:
    """Our median over theirs; both series (seconds, in the order in which they were taken) stay in the details."""
    if not ours or not theirs:
        raise ValueError(f"{name}: expected at least one run of each side")
    numbers = {
        "ours": [round(value, 2) for value in ours],
        "theirs": [round(value, 2) for value in theirs],
        "ours_median": round(median(ours), 2),
        "theirs_median": round(median(theirs), 2),
    }
    return Measurement(
        name=name,
        what=what,
        value=round(median(ours) / median(theirs), 3),
        unit="x",
        target=target,
        details={**numbers, **details},
    )


def not_taken(name: str, what: str, *, unit: str, target: float, why: str) -> Measurement:
    """A measurement that lacks its other side: neither met nor missed."""
    return Measurement(name=name, what=what, value=None, unit=unit, target=target, details={"note": why})


def cpu_seconds() -> float:
    """Seconds of processor time that our ended children took, which a busy host does not stretch.

    QEMU's is not among it: bubblewrap does not wait for it.
    """
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def processor_ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Our median of processor time over theirs: what stays comparable when other work disturbs the clock."""
    return round(median(ours) / median(theirs), 3)


def shares(name: str, seconds: Mapping[str, float], *, what: str = "share of the whole") -> list[Measurement]:
    """Each step's time as a percentage of all of them together."""
    total = sum(seconds.values())
    return [
        Measurement(
            name=f"{name}: {step}",
            what=what,
            value=round(100 * took / total, 1) if total else 0.0,
            unit="%",
            details={"seconds": round(took, 1)},
        )
        for step, took in seconds.items()
    ]


def table(measurements: Sequence[Measurement]) -> Table:
    """The measurements for the eye."""
    shown = Table(title="Hallmark's measurements")
    for heading in ("measurement", "what", "value", "target", "", "from"):
        shown.add_column(heading, justify="right" if heading in ("value", "target") else "left")
    for each in measurements:
        target = "" if each.target is None else f"≤ {each.target:g}"
        verdict = "" if each.target is None else _VERDICTS[each.met]
        value = "" if each.value is None else f"{each.value:g} {_UNITS.get(each.unit, each.unit)}"
        shown.add_row(each.name, each.what, value, target, verdict, _summary(each))
    return shown


def to_json(measurements: Sequence[Measurement], *, root: Path, when: datetime) -> str:
    """The measurements with the machine that they were taken on."""
    document = {
        "when": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "commit": _commit(root),
        "machine": {"cpus": os.cpu_count(), "kernel": platform.release(), "load": os.getloadavg()},
        "measurements": [{**asdict(each), "met": each.met} for each in measurements],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def write_results(measurements: Sequence[Measurement], *, root: Path, when: datetime) -> Path:
    """Keep the measurements below bench/results; return the file."""
    folder = root / "bench" / "results"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{when.strftime('%Y%m%dT%H%M%SZ')}.json"
    path.write_text(to_json(measurements, root=root, when=when))
    return path


def _summary(each: Measurement) -> str:
    details = each.details
    if "ours_median" in details:
        runs = f"{len(details['ours'])}+{len(details['theirs'])} runs"
        busy = f"; by processor time {details['processor_ratio']:g}" if "processor_ratio" in details else ""
        return f"{details['ours_median']:g} s against {details['theirs_median']:g} s ({runs}){busy}"
    return f"{details['seconds']:g} s" if "seconds" in details else str(details.get("note", ""))


def _commit(root: Path) -> str:
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, check=False)
    return done.stdout.strip()
