"""Files as a guest may write them, with words that would act on a terminal."""

from __future__ import annotations

from pathlib import Path

ESCAPE = "\x1b]0;owned\x07\x1b[2J"


def write(path: Path, data: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path
