"""The archive that mmdebstrap gets: the planned packages by their hashes, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hallmark.base import base_tree
from hallmark.base.base_tree import LAYOUT_FILES, Tree, build_tree, write_archive
from hallmark.base.disk import DiskIds
from hallmark.common.containment import Reach
from hallmark.common.errors import MirrorError
from hallmark.common.fingerprint import hash_bytes, hash_file
from hallmark.config.disk import Disk
from hallmark.debian.apt import PrivateRoot
from hallmark.debian.inventory import stanzas
from hallmark.debian.mirror import Mirror
from tests.unit.base.test_base import PLANNED
from tests.unit.debian.test_unpacked import make_deb, said

SMALL = hash_bytes(b"small")
STATUS = f"""\
Package: sudo
Status: install ok installed
Version: 1.9.16p2-3
Architecture: amd64
Depends: libc6 (>= 2.38)
Filename: pool/main/s/sudo/sudo_1.9.16p2-3_amd64.deb
Size: 5
MD5sum: eb5c1399a871211c7e7ed732d15e3a8b
SHA256: {SMALL}
Description: limited super user
 Size: is no field here
"""
IDS = DiskIds.of("f" * 64)
TREE = Tree(packages=("?essential", "apt", "sudo"), planned=(PLANNED,), status=STATUS, epoch=7, ids=IDS)


@pytest.fixture
def pool(tmp_path: Path) -> Path:
    folder = tmp_path / "cache" / "pool"
    folder.mkdir(parents=True)
    (folder / f"{SMALL}.deb").write_bytes(b"small")
    return folder


def records(archive: Path) -> list[Mapping[str, str]]:
    return list(stanzas((archive / "Packages").read_text()))


def test_a_record_leads_to_the_pool_and_keeps_what_apt_resolves_by(tmp_path: Path, pool: Path) -> None:
    write_archive(tmp_path / "archive", STATUS, pool)
    (record,) = records(tmp_path / "archive")
    assert (tmp_path / "archive" / record["Filename"]).read_bytes() == b"small"
    assert (record["Package"], record["Version"], record["Depends"]) == ("sudo", "1.9.16p2-3", "libc6 (>= 2.38)")
    assert (record["Size"], record["SHA256"]) == ("5", SMALL)
    assert "Status" not in record
    assert " Size: is no field here" in (tmp_path / "archive" / "Packages").read_text().splitlines()


def test_a_large_package_is_taken_over_unpacked(tmp_path: Path, pool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make_deb(tmp_path, "xz")
    sha256, size = hash_file(made), made.stat().st_size
    made.rename(pool / f"{sha256}.deb")
    monkeypatch.setattr(base_tree, "_LARGE", size)
    large = f"Package: large\nVersion: 1.0\nFilename: pool/large.deb\nSize: {size}\nSHA256: {sha256}\n"
    write_archive(tmp_path / "archive", f"{STATUS}\n{large}", pool)
    small, record = records(tmp_path / "archive")
    unpacked = tmp_path / "archive" / record["Filename"]
    assert small["Filename"] == f"pool/{SMALL}.deb"
    assert unpacked.stat().st_size > size
    assert (record["Size"], record["SHA256"]) == (str(unpacked.stat().st_size), hash_file(unpacked))
    assert said("dpkg-deb", "--fsys-tarfile", unpacked) == said("dpkg-deb", "--fsys-tarfile", pool / f"{sha256}.deb")


def test_a_record_without_its_hash_is_refused(tmp_path: Path, pool: Path) -> None:
    with pytest.raises(ValueError, match="expected a package's record with SHA256, got 'Package: sudo"):
        write_archive(tmp_path / "archive", STATUS.replace("SHA256", "SHA512"), pool)


@pytest.fixture
def root(tmp_path: Path) -> PrivateRoot:
    mirror = Mirror(main="http://mirror.invalid/debian", security="http://mirror.invalid/debian", keyrings=())
    return PrivateRoot(tmp_path / "cache", mirror, ("trixie",))


def test_mmdebstrap_sees_the_archive_alone(
    root: PrivateRoot, pool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}

    def download(_: PrivateRoot, planned: object, pool: Path, say: Callable[[str], None]) -> None:
        seen.update(planned=planned, pool=pool)
        say("downloading 1 of 2 packages")

    def run(args: list[str | Path], **options: Any) -> None:
        seen.update(options, args=[str(word) for word in args], index=(work / "archive" / "Packages").read_text())

    monkeypatch.setattr(PrivateRoot, "download", download)
    monkeypatch.setattr(base_tree, "run", run)
    work = tmp_path / "with space"
    work.mkdir()
    told: list[str] = []
    build_tree(TREE, root, pool, work / "root.tar", say=told.append)
    assert told == ["downloading 1 of 2 packages", "installing 1 packages with mmdebstrap"]
    assert (seen["planned"], seen["pool"]) == (TREE.planned, pool)
    assert seen["stdin"].decode() == f"deb [trusted=yes] copy:{tmp_path}/with%20space/archive ./\n"
    assert "Package: sudo" in seen["index"]
    assert "--include=apt,sudo" in seen["args"]
    assert "--skip=cleanup/apt" in seen["args"]
    assert seen["args"][-3:] == ["", str(work / "root.tar"), "-"]
    assert seen["reach"] == Reach(writes=(work,), installs=True)
    assert seen["env"]["SOURCE_DATE_EPOCH"] == "7"
    assert (seen["env"]["ROOT_UUID"], seen["env"]["ESP_UUID"]) == (IDS.root_filesystem, IDS.esp_uuid)
    assert list(work.iterdir()) == []


def test_nothing_is_installed_when_a_package_cannot_be_had(
    root: PrivateRoot, pool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def download(*_: object) -> None:
        raise MirrorError("sudo: cannot be downloaded")

    monkeypatch.setattr(PrivateRoot, "download", download)
    monkeypatch.setattr(base_tree, "run", lambda *_, **__: pytest.fail("mmdebstrap was run"))
    with pytest.raises(MirrorError, match="sudo: cannot be downloaded"):
        build_tree(replace(TREE, epoch=8), root, pool, tmp_path / "root.tar", say=lambda _: None)


def test_a_disk_of_partitions_is_told_to_its_hook_and_to_no_other(
    tmp_path: Path, pool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[list[str], dict[str, str]]] = []
    monkeypatch.setattr(base_tree, "run", lambda args, *, env, **_: calls.append(([str(a) for a in args], env)))
    for layout in (Disk().laid_out(), Disk(layout="separate", grow="/srv").laid_out()):
        base_tree.install_tree(
            replace(TREE, layout=layout), tmp_path / "archive", tmp_path / "root.tar", architecture="amd64"
        )
    (plain, told_plain), (separate, told) = calls
    assert [word for word in separate if word not in plain] == [f"--customize-hook={LAYOUT_FILES / 'lay_out.sh'}"]
    assert separate.index(separate[-4]) == separate.index(f"--customize-hook={LAYOUT_FILES / 'lay_out.sh'}")
    assert told.keys() - told_plain.keys() == {"FSTAB", "BOOT_UUID", "GROWS"}
    assert (told["BOOT_UUID"], told["GROWS"]) == (IDS.filesystem("/boot"), "/srv")
    lines = told["FSTAB"].splitlines()
    assert [line.split()[1] for line in lines] == [
        "/",
        "/boot",
        "/home",
        "/opt",
        "/srv",
        "/var",
        "/var/log",
        "/var/log/audit",
        "/var/tmp",
        "/boot/efi",
    ]
    assert lines[6] == f"UUID={IDS.filesystem('/var/log')} /var/log ext4 rw,discard 0 2"
