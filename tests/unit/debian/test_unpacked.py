"""A .deb without compression installs the same files; what is none is refused."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from hallmark.debian.unpacked import write_unpacked


def make_deb(folder: Path, compression: str, *, size: int = 3_000_001) -> Path:
    """A small package with one large file."""
    tree = folder / "tree"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN" / "control").write_text(
        "Package: large\nVersion: 1.0\nArchitecture: all\nMaintainer: N <n@example.org>\nDescription: large\n"
    )
    (tree / "file").write_bytes(bytes(size // 2) + bytes(range(256)) * (size // 512))
    deb = folder / f"{compression}.deb"
    subprocess.run(["dpkg-deb", f"-Z{compression}", "--build", tree, deb], check=True, capture_output=True)
    return deb


def said(*args: str | Path) -> bytes:
    return subprocess.run(args, check=True, capture_output=True).stdout


def members(deb: Path) -> list[bytes]:
    """The names in a .deb, from its headers."""
    data, position, names = deb.read_bytes(), 8, []
    while position < len(data):
        names.append(data[position : position + 16].rstrip(b" /"))
        size = int(data[position + 48 : position + 58])
        position += 60 + size + size % 2
    assert position == len(data)
    return names


@pytest.mark.parametrize("compression", ["xz", "gzip", "none"])
def test_what_dpkg_gets_out_of_it_stays_the_same(tmp_path: Path, compression: str) -> None:
    deb, unpacked = make_deb(tmp_path, compression), tmp_path / "unpacked.deb"
    write_unpacked(deb, unpacked)
    assert said("dpkg-deb", "--fsys-tarfile", unpacked) == said("dpkg-deb", "--fsys-tarfile", deb)
    assert said("dpkg-deb", "--field", unpacked) == said("dpkg-deb", "--field", deb)


def test_the_files_are_no_longer_compressed(tmp_path: Path) -> None:
    deb, unpacked = make_deb(tmp_path, "xz"), tmp_path / "unpacked.deb"
    write_unpacked(deb, unpacked)
    assert members(deb) == [b"debian-binary", b"control.tar.xz", b"data.tar.xz"]
    assert members(unpacked) == [b"debian-binary", b"control.tar.xz", b"data.tar"]


def test_what_is_compressed_otherwise_is_copied(tmp_path: Path) -> None:
    deb, unpacked = make_deb(tmp_path, "gzip"), tmp_path / "unpacked.deb"
    write_unpacked(deb, unpacked)
    assert unpacked.read_bytes() == deb.read_bytes()


def test_a_deb_that_ends_too_early_is_refused(tmp_path: Path) -> None:
    deb = make_deb(tmp_path, "xz")
    deb.write_bytes(deb.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"expected the end of data\.tar\.xz, the file ends before"):
        write_unpacked(deb, tmp_path / "unpacked.deb")


def test_what_is_no_deb_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.deb").write_text("text, not a package")
    with pytest.raises(ValueError, match=r"text\.deb: expected a \.deb"):
        write_unpacked(tmp_path / "text.deb", tmp_path / "unpacked.deb")
