"""Progress of a download: told from what lies in its staging directory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from hallmark.debian import watch
from hallmark.debian.watch import DownloadProgress, measure, watched

MIB = 1 << 20


@dataclass(frozen=True)
class Deb:
    size: int


def test_progress_is_told_in_packages_and_mebibytes() -> None:
    progress = DownloadProgress(packages=3, of_packages=24, size=12 * MIB, of_size=48 * MIB)
    assert str(progress) == "downloading 3 of 24 packages, 12 MiB of 48 MiB"


def test_what_was_there_before_counts_and_the_end_is_told(tmp_path: Path) -> None:
    said: list[str] = []
    there, missing = Deb(2 * MIB), Deb(MIB)
    with watched(tmp_path, [there, missing], [missing], said.append):
        (tmp_path / "a.deb").write_bytes(bytes(MIB))
    assert said == ["downloading 2 of 2 packages, 3 MiB of 3 MiB"]


def test_it_is_told_while_the_download_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_INTERVAL", 0.01)
    said: list[str] = []
    with watched(tmp_path, [Deb(MIB)], [Deb(MIB)], said.append):
        while not said:
            pass
    assert said[0] == "downloading 0 of 1 packages, 0 MiB of 1 MiB"


def test_the_end_is_told_of_a_download_that_failed_too(tmp_path: Path) -> None:
    said: list[str] = []
    with pytest.raises(OSError, match="no network"), watched(tmp_path, [Deb(MIB)], [Deb(MIB)], said.append):
        raise OSError("no network")
    assert said == ["downloading 0 of 1 packages, 0 MiB of 1 MiB"]


def test_broken_off_downloads_count_in_bytes_alone(tmp_path: Path) -> None:
    (tmp_path / "partial").mkdir()
    (tmp_path / "a.deb").write_bytes(bytes(10))
    (tmp_path / "partial" / "b.deb").write_bytes(bytes(5))
    assert measure(tmp_path) == (1, 15)
