"""The cache: what can be made again. Its folder, results kept under their fingerprint, plans, and what gives way.

The cache may be emptied at any time: the next run makes what it misses.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from hallmark.common.errors import HallmarkError, StoreError
from hallmark.common.files import remove_tree, write_atomic
from hallmark.common.fingerprint import hash_bytes

_RESULTS_KEPT = 20
_PLANS_KEPT = 50
_Result = TypeVar("_Result")


def user_cache(environment: Mapping[str, str] = os.environ) -> Path:
    """The user's cache folder for Hallmark: that of XDG, by default ~/.cache/hallmark. A stack may name another."""
    return Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hallmark"


def remember(path: Path, text: str) -> None:
    """Keep a result in a file; of the `.json` files beside it the oldest give way."""
    _write(path, text.encode(), kept=_RESULTS_KEPT)


def recall(path: Path, read: Callable[[Path], _Result]) -> _Result | None:
    """A remembered result, as `read` makes it from the file; None when there is none, or none that can be read."""
    try:
        return read(path)
    except (OSError, ValueError, TypeError, HallmarkError):
        return None


def save_plan(kind: str, text: str, cache: Path) -> Path:
    """Write a plan or order below `cache`/plans, under its hash; return the file. The oldest give way.

    So it goes from the program, which writes it in each run, to the providers, which carry it out.
    """
    data = text.encode()
    path = cache / "plans" / f"{kind}-{hash_bytes(data)}.json"
    if path.exists() and path.read_bytes() == data:
        path.touch()
    else:
        _write(path, data, kept=_PLANS_KEPT)
    return path


def load_plan(path: Path) -> str:
    """Read a plan back; StoreError when it is gone or is not what its name says."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StoreError(f"{path}: expected a plan of this run: {error.strerror}; run again") from error
    if hash_bytes(data) != path.stem.rpartition("-")[2]:
        raise StoreError(f"{path}: its content is not what its name says; remove it and run again")
    return data.decode()


def keep_newest(folder: Path, count: int, *, files: str = "*", having: str = "") -> None:
    """Keep the newest `count` entries of a folder, by the time of their last change, and remove the others.

    Only entries whose name matches `files` count, and with `having` only folders that hold a file of this name.
    """
    entries = [path for path in folder.glob(files) if (path / having).exists()]
    for old in sorted(entries, key=_changed, reverse=True)[count:]:
        remove_tree(old)


def _write(path: Path, data: bytes, *, kept: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, data)
    keep_newest(path.parent, kept, files="*.json")


def _changed(path: Path) -> int:
    """When an entry was changed, in nanoseconds; the oldest of all when another run has just removed it."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0
