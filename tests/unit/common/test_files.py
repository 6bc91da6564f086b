"""Files that are whole or not there, and that nobody else reads before they are."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from hallmark.common.files import folders_in, why_unwritable, write_atomic
from tests.support.small_disk import run_on_small_disk


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


def test_a_folder_on_a_file_system_that_is_read_only_is_told(tmp_path: Path) -> None:
    code = (
        "import subprocess\nfrom hallmark.common.files import why_unwritable\n"
        "subprocess.run(['mount', '-o', 'remount,ro', disk], check=True)\n"
        "print(why_unwritable(disk / 'deep' / 'er'))"
    )
    said = run_on_small_disk(tmp_path, code, mebibytes=1)
    assert said == f"{tmp_path} is on a file system that is read-only\n"


def test_below_a_file_there_is_no_folder_and_nothing_to_list(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert why_unwritable(tmp_path / "file/x") == f"{tmp_path}/file is no folder"
    assert why_unwritable(tmp_path / "new/x") is None
    assert folders_in(tmp_path / "file/x") == []
