"""Files that are whole or not there, and that nobody else reads before they are."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from hallmark.common.files import write_atomic


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_a_file_has_its_mode_and_until_it_is_whole_nobody_else_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    seen: list[int] = []
    real = os.fchmod

    def fchmod(descriptor: int, wanted: int) -> None:
        seen.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        real(descriptor, wanted)

    monkeypatch.setattr(os, "fchmod", fchmod)
    before = os.umask(0)
    try:
        write_atomic(tmp_path / "secret", b"key", mode=mode)
    finally:
        os.umask(before)
    assert seen == [0o600]
    assert (tmp_path / "secret").read_bytes() == b"key"
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == mode
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]
