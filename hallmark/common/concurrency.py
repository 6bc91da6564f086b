"""How many machines may run at once on this host: as many as its memory has room for; the rest wait, and say so."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hallmark.common.errors import PrerequisiteError
from hallmark.common.locks import try_lock

_OVERHEAD_MIB = 256
_RESERVE_MIB = 512
_MOST = 64
_POLL_SECONDS = 1.0


def count_slots(memory_mib: int, parallel: int | None) -> int:
    """How many machines of this size fit; PrerequisiteError when not even one does."""
    total = _memory_mib("MemTotal")
    fitting = (total - _RESERVE_MIB) // (memory_mib + _OVERHEAD_MIB)
    if fitting < 1:
        raise PrerequisiteError(
            f"memory: this machine has {total} MiB; a machine of {memory_mib} MiB does not fit, "
            "see machine.memory_mib of the recipe"
        )
    return min(fitting, parallel or _MOST)


@contextmanager
def slot(folder: Path, slots: int, say: Callable[[str], None]) -> Iterator[None]:
    """Hold one of this host's slots, shared with every other run that uses the same folder."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = _take(folder, slots)
    if descriptor is None:
        say(f"queued: {slots} machine(s) are running, as many as fit")
    while descriptor is None:
        time.sleep(_POLL_SECONDS)
        descriptor = _take(folder, slots)
    try:
        yield
    finally:
        os.close(descriptor)


def _take(folder: Path, slots: int) -> int | None:
    for number in range(slots):
        descriptor = try_lock(folder / f"slot-{number}")
        if descriptor is not None:
            return descriptor
    return None


def _memory_mib(field: str) -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) // 1024
    raise PrerequisiteError(f"/proc/meminfo: expected a line {field}")
