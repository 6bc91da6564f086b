"""A root's archive, cut into one for each partition: nothing is lost, and nothing changes but where it stands."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from hallmark.base.split import split_archive
from hallmark.common.errors import ProcessError
from hallmark.common.fingerprint import hash_file

PLACES = ("/var", "/var/log")


def write(path: Path, *members: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for member in members:
            tar.addfile(member, io.BytesIO(b"x" * member.size) if member.isreg() else None)
    return path


def entry(name: str, kind: bytes = tarfile.REGTYPE, *, link: str = "", mode: int = 0o640) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.mode, member.mtime, member.uid, member.gid = kind, link, mode, 77, 5, 6
    member.size = len(name) if kind == tarfile.REGTYPE else 0
    return member


def folder(name: str, mode: int = 0o755) -> tarfile.TarInfo:
    return entry(name, tarfile.DIRTYPE, mode=mode)


def read(path: Path) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(path) as tar:
        return {member.name: member for member in tar.getmembers()}


ROOT = (
    folder("./"),
    folder("./var"),
    folder("./var/log", 0o1777),
    folder("./variable"),
    entry("./etc"),
    entry("./var/log/messages"),
    entry("./var/lib"),
    entry("./var/lib-2", tarfile.LNKTYPE, link="./var/lib"),
    entry("./variable/file"),
    entry("./var/run", tarfile.SYMTYPE, link="/run"),
)


def test_each_partition_has_what_lies_below_its_mount_point(tmp_path: Path) -> None:
    parts = split_archive(write(tmp_path / "root.tar", *ROOT), tmp_path, PLACES)
    names = {place: list(read(path)) for place, path in parts.items()}
    assert names == {
        "/": [".", "./var", "./variable", "./etc", "./variable/file"],
        "/var": [".", "./log", "./lib", "./lib-2", "./run"],
        "/var/log": [".", "./messages"],
    }


def test_owners_dates_modes_and_links_stay(tmp_path: Path) -> None:
    parts = split_archive(write(tmp_path / "root.tar", *ROOT), tmp_path, PLACES)
    var, log = read(parts["/var"]), read(parts["/var/log"])
    assert {(m.mtime, m.uid, m.gid) for m in (*var.values(), *log.values())} == {(77, 5, 6)}
    assert (log["."].mode, log["./messages"].mode, log["./messages"].size) == (0o1777, 0o640, 18)
    assert (var["./lib-2"].linkname, var["./run"].linkname) == ("./lib", "/run")


def test_attributes_and_long_names_stay(tmp_path: Path) -> None:
    long = entry("./var/" + "n" * 300)
    long.pax_headers = {"SCHILY.xattr.user.word": "one"}
    parts = split_archive(write(tmp_path / "root.tar", *ROOT, long), tmp_path, PLACES)
    assert read(parts["/var"])["./" + "n" * 300].pax_headers["SCHILY.xattr.user.word"] == "one"


def test_the_same_archive_gives_the_same_parts(tmp_path: Path) -> None:
    archive = write(tmp_path / "root.tar", *ROOT)
    (tmp_path / "again").mkdir()
    first, second = (split_archive(archive, where, PLACES) for where in (tmp_path, tmp_path / "again"))
    assert [hash_file(path) for path in first.values()] == [hash_file(path) for path in second.values()]


def test_a_hard_link_to_another_partition_is_told(tmp_path: Path) -> None:
    archive = write(tmp_path / "root.tar", *ROOT, entry("./var/log/lib", tarfile.LNKTYPE, link="./var/lib"))
    with pytest.raises(ProcessError) as failed:
        split_archive(archive, tmp_path, PLACES)
    assert str(failed.value) == (f"{archive}: ./var/log/lib is a hard link to /var/lib, which is on another partition")


def test_an_archive_without_the_mount_point_is_told(tmp_path: Path) -> None:
    archive = write(tmp_path / "root.tar", *ROOT[:2])
    with pytest.raises(ProcessError) as failed:
        split_archive(archive, tmp_path, PLACES)
    assert str(failed.value) == f"{archive}: expected a folder /var/log, on which a partition is to be mounted"
