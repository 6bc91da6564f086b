"""The tree of the judges, out of real packages."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path

import pytest

from hallmark.common.errors import LockError
from hallmark.judges.tree import make_tree


def deb(folder: Path, name: str) -> Path:
    """A package with a program that is setuid, a link, and documentation; named as in the pool."""
    tree = folder / name
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN" / "control").write_text(
        f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: Hallmark <test@hallmark.test>\nDescription: x\n"
    )
    for path in (f"usr/bin/{name}", f"usr/share/doc/{name}/copyright", "usr/share/both"):
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(f"{name} {path}\n")
    (tree / "usr/bin" / name).chmod(0o4755)
    (tree / "usr/bin/link").symlink_to(name)
    target = folder / f"{name}.deb"
    words = ["dpkg-deb", "--root-owner-group", "-Znone", "--build", str(tree), str(target)]
    subprocess.run(words, check=True, capture_output=True, timeout=60)
    return target


def test_the_tree_is_plain_and_the_same_for_the_same_packages(tmp_path: Path) -> None:
    debs = [deb(tmp_path, "one"), deb(tmp_path, "two")]
    tree, digest = make_tree(debs, tmp_path / "cache")
    with tarfile.open(tree) as archive:
        members = {member.name: member for member in archive}
    assert members["usr/bin/one"].mode == 0o755
    assert members["usr/bin/link"].linkname == "one"
    assert not any("doc/" in name for name in members)
    assert {(each.uid, each.gid, each.mtime, each.uname) for each in members.values()} == {(0, 0, 0, "")}
    assert make_tree(debs, tmp_path / "other") == (tmp_path / "other" / tree.relative_to(tmp_path / "cache"), digest)


def test_a_damaged_tree_is_made_anew(tmp_path: Path) -> None:
    debs = [deb(tmp_path, "one")]
    tree, digest = make_tree(debs, tmp_path / "cache")
    tree.write_bytes(b"other")
    assert make_tree(debs, tmp_path / "cache") == (tree, digest)
    with tarfile.open(tree) as archive:
        assert "usr/bin/one" in archive.getnames()


def test_what_is_no_package_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.deb"
    path.write_bytes(b"no package")
    with pytest.raises(LockError, match=r"broken\.deb: expected a Debian package"):
        make_tree([path], tmp_path / "cache")
