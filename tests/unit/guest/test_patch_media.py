"""Patch media of an order: made once, the same bytes each time, and only of what was ordered."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from hallmark.common.errors import LockError, MediaError
from hallmark.common.fingerprint import hash_bytes, hash_file
from hallmark.common.process import ENVIRONMENT
from hallmark.debian import resolve as patches
from hallmark.debian.lock import PatchLock
from hallmark.debian.pool import pool_path
from hallmark.guest import patch_media
from hallmark.guest.patch_media import make_ordered_media, make_patch_media
from hallmark.order.order import Order
from tests.support.examples import LOCK, Project, append

LOCKED = tuple(
    package.model_copy(update={"sha256": hash_bytes(data), "size": len(data)})
    for package, data in zip(LOCK.packages, (b"kernel", b"nginx", b"openssl"), strict=True)
)
OWN_LOCK: PatchLock = LOCK.model_copy(update={"packages": LOCKED})


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose pool has all that the lock lists; nothing is fetched."""
    project = Project(tmp_path)
    pool = project.places().pool
    pool.mkdir(parents=True)
    for package, data in zip(LOCKED, (b"kernel", b"nginx", b"openssl"), strict=True):
        pool_path(pool, package).write_bytes(data)
    monkeypatch.setattr(patches, "fetch", lambda *_: None)
    return project


def order(project: Project) -> Order:
    return project.order(lock=OWN_LOCK)


def make(project: Project, made: Order, said: list[str] | None = None) -> Path:
    iso, manifest = make_patch_media(made, project.places(), said.append if said is not None else lambda _: None)
    assert manifest == made.build_manifest
    return iso


def test_media_hold_what_was_ordered_and_their_manifest_says_so(project: Project, tmp_path: Path) -> None:
    made = order(project)
    iso = make(project, made)
    words = ["xorriso", "-osirrox", "on", "-indev", str(iso), "-extract", "/", str(tmp_path / "tree")]
    subprocess.run(words, check=True, capture_output=True, env=dict(ENVIRONMENT), timeout=60)
    tree = tmp_path / "tree"
    there = {path.relative_to(tree).as_posix(): hash_file(path) for path in tree.rglob("*") if path.is_file()}
    assert there.pop("MANIFEST") == made.build_manifest
    assert there == made.build_hashes


def test_media_are_made_once(project: Project) -> None:
    said: list[str] = []
    first = make(project, order(project), said)
    assert make(project, order(project), said) == first
    assert said == ["media: 3 packages, 2 controls"]


def test_media_made_anew_are_the_same_bytes(project: Project) -> None:
    iso = make(project, order(project))
    before = hash_file(iso)
    iso.unlink()
    assert hash_file(make(project, order(project))) == before


@pytest.mark.parametrize("damage", [b"", b"x"])
def test_media_that_were_damaged_are_made_anew(project: Project, damage: bytes) -> None:
    iso = make(project, order(project))
    before = hash_file(iso)
    iso.chmod(0o644)
    iso.write_bytes(damage)
    assert hash_file(make(project, order(project))) == before


def test_media_without_a_record_are_made_anew(project: Project) -> None:
    iso = make(project, order(project))
    (iso.parent / "media.json").write_text("[]")
    said: list[str] = []
    make(project, order(project), said)
    assert said == ["media: 3 packages, 2 controls"]


def test_a_script_that_changes_after_it_was_ordered_ends_it(project: Project) -> None:
    made = order(project)
    append(project.scripts / "build.sh", "# sneaked in\n")
    with pytest.raises(MediaError) as refused:
        make(project, made)
    assert str(refused.value) == (
        "media: image_scripts/, the recipe's scripts or a package changed while this run was under way; run again"
    )
    assert list(project.places().cache.rglob("*.iso")) == []


def test_a_bootstrap_that_changes_after_it_was_ordered_ends_it(project: Project) -> None:
    made = order(project)
    append(project.scripts / "bootstrap.sh", "# sneaked in\n")
    with pytest.raises(MediaError) as refused:
        made.bootstrap_file()
    assert str(refused.value) == (f"{project.scripts}/bootstrap.sh: changed while this run was under way; run again")


def test_a_package_with_other_bytes_never_gets_onto_media(project: Project) -> None:
    made = order(project)
    path = pool_path(project.places().pool, LOCKED[1])
    path.write_bytes(b"nginy")
    with pytest.raises(LockError) as refused:
        make(project, made)
    assert str(refused.value).startswith(f"{path}: expected nginx 1.26-3 with SHA-256 ")
    assert list(project.places().cache.rglob("*.iso")) == []


def test_media_without_packages_are_media(project: Project) -> None:
    made = project.order(lock=LOCK.model_copy(update={"packages": ()}))
    assert make(project, made).stat().st_size > 0


def test_the_oldest_media_give_way(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patch_media, "_MEDIA_KEPT", 2)
    isos = []
    for age in range(3):
        append(project.scripts / "build.sh", f"# {age}\n")
        isos.append(make(project, order(project)))
        os.utime(isos[-1].parent, (1000 + age, 1000 + age))
    assert [iso.exists() for iso in isos] == [False, True, True]


def test_media_of_another_manifest_are_not_left_behind(tmp_path: Path) -> None:
    with pytest.raises(MediaError):
        make_ordered_media(tmp_path / "x.iso", {"a": b"1"}, hash_bytes(b"other"))
    assert list(tmp_path.iterdir()) == []
