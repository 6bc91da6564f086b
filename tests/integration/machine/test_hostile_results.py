"""Results as a hostile guest writes them to its disk: refused by name, and nothing of them reaches the host's files."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from hallmark.base.disk import make_overlay
from hallmark.common.errors import ResultsError
from hallmark.guest.results import read_results
from hallmark.local.machine import Drives, make_results_disk, run_until_power_off
from tests.integration.machine.conftest import HUNG, SHAPE
from tests.integration.machine.small_guest import script_medium

_SLOT = 1 << 20


def _archive(change: Callable[[tarfile.TarInfo], None]) -> bytes:
    """A tar with one good file and one that `change` has changed for the worse."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        good = tarfile.TarInfo("./exit")
        good.size = 2
        tar.addfile(good, io.BytesIO(b"0\n"))
        bad = tarfile.TarInfo("./hostile")
        change(bad)
        stream.write(bad.tobuf(format=tarfile.USTAR_FORMAT))
    return stream.getvalue()


def _named(name: str) -> Callable[[tarfile.TarInfo], None]:
    return lambda entry: setattr(entry, "name", name)


def _kind(kind: bytes, link: str = "") -> Callable[[tarfile.TarInfo], None]:
    def change(entry: tarfile.TarInfo) -> None:
        entry.type, entry.linkname, entry.devmajor, entry.devminor = kind, link, 8, 0

    return change


def _size(size: int) -> Callable[[tarfile.TarInfo], None]:
    return lambda entry: setattr(entry, "size", size)


HOSTILE = {
    "parent": (_named("../../../../../../../../escaped"), "expected a plain relative name"),
    "absolute": (_named("/var/tmp/escaped"), "expected a plain relative name"),
    "hidden": (_named("./.bashrc"), "expected a plain relative name"),
    "symbolic-link": (_kind(tarfile.SYMTYPE, "/etc/shadow"), "got a symbolic link"),
    "hard-link": (_kind(tarfile.LNKTYPE, "/etc/shadow"), "got a hard link"),
    "block-device": (_kind(tarfile.BLKTYPE), "got a block device"),
    "character-device": (_kind(tarfile.CHRTYPE), "got a character device"),
    "fifo": (_kind(tarfile.FIFOTYPE), "got a fifo"),
    "sparse": (_kind(tarfile.GNUTYPE_SPARSE), "got a sparse file"),
    "absurd-size": (_size(0o77777777777), "expected at most"),
    "cut-short": (_size(60 << 20), "cut short"),
    "again": (_named("./exit"), "expected each name once"),
}


@pytest.fixture(scope="module")
def written(small_disk: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What a guest wrote to its results disk: all the archives, one each MiB."""
    folder = tmp_path_factory.mktemp("hostile")
    archives = b"".join(_archive(change).ljust(_SLOT, b"\0") for change, _ in HOSTILE.values())
    (folder / "seed.iso").write_bytes(archives)
    make_overlay(small_disk, folder / "overlay.qcow2")
    make_results_disk(folder / "results.raw")
    drives = Drives(
        disk=folder / "overlay.qcow2",
        media=script_medium(folder / "media.iso", "dd if=/dev/sr1 of=$results bs=1M; sync"),
        seed=folder / "seed.iso",
        results=folder / "results.raw",
        backing=(small_disk,),
    )
    run_until_power_off(SHAPE, drives, work=folder, deadline=HUNG, on_progress=lambda _: None)
    data = drives.results.read_bytes()
    assert data[: len(archives)] == archives
    return data


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_results_are_refused_and_leave_nothing(written: bytes, tmp_path: Path, name: str) -> None:
    number = list(HOSTILE).index(name)
    disk = tmp_path / "results.raw"
    disk.write_bytes(written[number * _SLOT : (number + 1) * _SLOT])
    with pytest.raises(ResultsError, match=HOSTILE[name][1]) as caught:
        read_results(disk, tmp_path / "work" / "results")
    assert caught.value.exit_code == 5
    assert list((tmp_path / "work").iterdir()) == []
    assert not Path("/var/tmp/escaped").exists()
    assert not Path("/escaped").exists()
