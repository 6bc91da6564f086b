"""Placeholder until the sweep lands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from hallmark.aws_session import Aws


def sweep(
    aws: Aws, *, scope: tuple[str, str] | None, now: datetime, say: Callable[[str], None], dry_run: bool = False
) -> tuple[str, ...]:
    """Nothing yet."""
    return ()
