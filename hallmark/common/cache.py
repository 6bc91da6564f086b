"""Results kept in the cache under the fingerprint of what they were made from; the oldest give way."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from hallmark.common.files import write_atomic

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_KEPT = 20
_Row = TypeVar("_Row", bound="DataclassInstance")


def recall(path: Path, row: type[_Row]) -> tuple[_Row, ...] | None:
    """The rows remembered in a file; None when there are none, or none that can be read."""
    try:
        read: list[dict[str, Any]] = json.loads(path.read_bytes())
        return tuple(row(**fields) for fields in read)
    except (OSError, ValueError, TypeError):
        return None


def remember(path: Path, rows: Sequence[DataclassInstance]) -> None:
    """Keep rows in a file, whole or not at all."""
    remember_text(path, json.dumps([asdict(row) for row in rows]))


def recall_text(path: Path) -> str | None:
    """The text remembered in a file as JSON; None when there is none, or none that can be read."""
    try:
        text = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return text if isinstance(text, str) else None


def remember_text(path: Path, text: str) -> None:
    """Keep a text in a file, and of its neighbours only the newest."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, text.encode())
    for old in sorted(path.parent.glob("*.json"), key=lambda p: -p.stat().st_mtime_ns)[_KEPT:]:
        old.unlink(missing_ok=True)
