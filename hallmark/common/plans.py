"""Plans and orders, on their way from the program, which makes them, to the providers, which carry them out.

They are files in the cache, named by their content. The program writes them anew at each run, so the cache may be
emptied at any time.
"""

from __future__ import annotations

from pathlib import Path

from hallmark.common.errors import StoreError
from hallmark.common.files import write_atomic
from hallmark.common.fingerprint import hash_bytes

_KEPT = 50


def save_plan(kind: str, text: str, cache: Path) -> Path:
    """Write a plan below `cache`/plans under its hash; return the file. The oldest give way."""
    folder, data = cache / "plans", text.encode()
    path = folder / f"{kind}-{hash_bytes(data)}.json"
    if path.exists() and path.read_bytes() == data:
        path.touch()
        return path
    folder.mkdir(parents=True, exist_ok=True)
    write_atomic(path, data)
    for old in sorted(folder.glob("*.json"), key=lambda p: -p.stat().st_mtime_ns)[_KEPT:]:
        old.unlink(missing_ok=True)
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
