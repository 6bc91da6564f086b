"""Locks that end with their holder: flock on a file, freed by the kernel however the process dies."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_POLL_SECONDS = 0.2


def try_lock(path: Path, *, shared: bool = False) -> int | None:
    """Lock a file (made if missing) without waiting: its descriptor, to be closed to let go, or None if held."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold a file's lock, waiting for it: for sections that take milliseconds."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def is_locked(path: Path) -> bool:
    """Whether anyone holds the lock of a file; a missing file is nobody's."""
    if not path.exists():
        return False
    descriptor = try_lock(path)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False


def write_holder(descriptor: int) -> None:
    """Leave our pid in a lock file that we hold, for messages."""
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)


def read_holder(path: Path) -> str:
    """The pid in a lock file, or `unknown`."""
    try:
        return path.read_text().strip() or "unknown"
    except OSError:
        return "unknown"


def deadline_passed(started: float, wait: float) -> bool:
    """Sleep a moment between two tries; True when `wait` seconds since `started` (monotonic) have gone by."""
    if time.monotonic() - started >= wait:
        return True
    time.sleep(_POLL_SECONDS)
    return False
