"""Reads a guest's serial console: keeps the log, picks the progress lines out of it, notices a panic.

Nothing here is evidence: what a guest says on its console is for the eye only, and is cleaned before a terminal sees
it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hallmark.common.errors import MachineError

LOG_LIMIT = 16 << 20
"""Bytes of console log that are kept; a guest that writes more is ended."""

_PROGRESS = re.compile(r"::hallmark:: progress ([a-z-]{1,24}) ([0-9]{1,6}) ([0-9]{1,6}) ?(.{0,120})")
# Controls, what turns the direction of text, what has no width, and whatever is beyond the fonts of terminals.
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\u00a1-\uffff]|[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|[@-Z\\-_])")
_PANIC = "Kernel panic - not syncing"
_LONGEST_LINE = 4096


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """One step of the guest's work: `step` of `steps` in `stage`."""

    stage: str
    step: int
    steps: int
    text: str

    def __str__(self) -> str:
        count = f" {self.step} of {self.steps}" if self.steps else ""
        return f"{self.stage}{count}{': ' if self.text else ''}{self.text}"


def clean(line: str) -> str:
    """A line that is safe to print on a terminal."""
    return _UNPRINTABLE.sub("", _ESCAPES.sub("", line.expandtabs(4))).strip()


def parse_progress(line: str) -> Progress | None:
    """The progress that a console line reports, or None."""
    found = _PROGRESS.search(clean(line))
    if found is None:
        return None
    stage, step, steps, text = found.groups()
    return Progress(stage=stage, step=int(step), steps=int(steps), text=text)


class Console:
    """Takes a console's bytes as they come; `panicked` tells whether the kernel gave up."""

    def __init__(self, log: Path, on_progress: Callable[[Progress], None]) -> None:
        self._log = log.open("wb")
        self._on_progress = on_progress
        self._rest = b""
        self._written = 0
        self.panicked = False

    def feed(self, data: bytes) -> None:
        """Keep the bytes and report what they say; MachineError when the guest floods its console."""
        self._written += len(data)
        if self._written > LOG_LIMIT:
            raise MachineError(f"{self._log.name}: the guest wrote more than {LOG_LIMIT >> 20} MiB to its console")
        self._log.write(data)
        self._log.flush()
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._rest = self._rest[-_LONGEST_LINE:]
        for line in lines:
            self._take(line.decode(errors="replace"))

    def _take(self, line: str) -> None:
        if _PANIC in line:
            self.panicked = True
        if progress := parse_progress(line):
            self._on_progress(progress)

    def close(self) -> None:
        """Close the log."""
        self._log.close()
