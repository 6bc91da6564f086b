"""Programs that stand in for real ones note what they were asked; for that they need a folder more to write in.

They may be Python of this checkout, so they see this machine as a program does whose reach names nothing to read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from hallmark.common.containment import NOTHING, Reach
from hallmark.common.process import command


def let_write(module: ModuleType, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever `module` starts may write in `folder`, besides what its reach names."""

    def wider(args: Sequence[str | Path], *, reach: Reach = NOTHING, package: str | None = None) -> list[str]:
        return command(args, reach=replace(reach, reads=None, writes=(*reach.writes, folder)), package=package)

    monkeypatch.setattr(module, "command", wider)
