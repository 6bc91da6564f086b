"""Progress of a download, seen from outside: how much of it lies in the staging directory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hallmark.common.files import mebibytes

_INTERVAL = 0.5


class Sized(Protocol):
    """Something to be downloaded."""

    @property
    def size(self) -> int:
        """Bytes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DownloadProgress:
    """How far a download has come, and in words; sizes are in bytes."""

    packages: int
    of_packages: int
    size: int
    of_size: int

    def __str__(self) -> str:
        return (
            f"downloading {self.packages} of {self.of_packages} packages, "
            f"{mebibytes(self.size)} of {mebibytes(self.of_size)}"
        )


@contextmanager
def watched(
    staging: Path, planned: Sequence[Sized], missing: Sequence[Sized], say: Callable[[str], None]
) -> Iterator[None]:
    """Say how far the download in the body has come: every half second, from a thread, and once at its end."""
    there = (len(planned) - len(missing), sum(d.size for d in planned) - sum(d.size for d in missing))
    total = (len(planned), sum(deb.size for deb in planned))
    ended = threading.Event()

    def look() -> None:
        packages, size = measure(staging)
        progress = DownloadProgress(
            packages=there[0] + packages,
            of_packages=total[0],
            size=min(there[1] + size, total[1]),
            of_size=total[1],
        )
        say(str(progress))

    def watch() -> None:
        while not ended.wait(_INTERVAL):
            look()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
        look()


def measure(staging: Path) -> tuple[int, int]:
    """How many whole packages, and how many bytes with the broken-off ones, are in a staging directory."""
    sizes = {path: _size(path) for path in staging.rglob("*.deb*")}
    return sum(1 for path in sizes if path.parent == staging), sum(sizes.values())


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except FileNotFoundError:
        return 0
