"""The base in the cache: whole or not there, what was planned or not used; a user's own disk by its hash."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hallmark.base import base
from hallmark.base.base import (
    BasePlan,
    build_base,
    check_disk,
    find_base,
    load_base_plan,
    plan_base,
    plan_named_base,
    require_base,
    save_base_plan,
)
from hallmark.base.base_tree import Tree
from hallmark.common.errors import ProcessError, RecipeError, SettingsError, StoreError
from hallmark.common.fingerprint import Sha256, hash_bytes, hash_file
from hallmark.config.disk import Disk, plain
from hallmark.config.recipe import load_recipe
from hallmark.config.settings import NamedBase, Settings
from hallmark.debian.apt import Planned, PrivateRoot, Release
from hallmark.debian.mirror import Mirror
from tests.support.examples import RECIPE, write_recipe
from tests.support.made_disk import FILES, write_disk

CHECKOUT = Path(__file__).parents[3]
STATUS = """\
Package: base-files
Status: install ok installed
Architecture: amd64
Version: 13.8

Package: openssl
Status: install ok installed
Architecture: amd64
Version: 3.5.1-1
"""
IDENTITY = hash_bytes(b"base")
PLANNED = Planned(
    name="openssl",
    architecture="amd64",
    from_version=None,
    to_version="3.5.1-1",
    suite="trixie",
    size=1,
    sha256=hash_bytes(b"deb"),
    uri_path="pool/openssl.deb",
    filename="openssl.deb",
    source="openssl",
)
PLAN = BasePlan(fingerprint=IDENTITY, status=STATUS, epoch=1_757_000_000, planned=(PLANNED,))
SHOWN = f"{IDENTITY[:16]}"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def root(cache: Path) -> PrivateRoot:
    return PrivateRoot(cache, Mirror(main="http://mirror.invalid", security="http://mirror.invalid", keyrings=()))


@pytest.fixture
def build(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Tools for trees and disks that only write down that they were used; what they make has `STATUS`."""
    used: list[str] = []

    def build_tree(tree: Tree, root: PrivateRoot, pool: Path, target: Path, **_: object) -> None:
        assert (tree.planned, tree.status, tree.epoch) == (PLAN.planned, PLAN.status, PLAN.epoch)
        assert pool == target.parents[2] / "pool"
        used.append("tree")
        target.write_text("tar")

    def make_disk(archive: Path, target: Path, *, work: Path, **_: object) -> None:
        used.append("disk")
        (work / "esp").mkdir()
        target.write_text("disk")

    def read_from_disk(disk: Path, scratch: Path, *, status: Path, kernel: Path) -> None:
        status.write_text(STATUS)
        kernel.write_text("kernel")

    for function in (build_tree, make_disk, read_from_disk):
        monkeypatch.setattr(base, function.__name__, function)
    monkeypatch.setattr(base, "need_room", lambda *_: None)
    return used


def say(text: str) -> None:
    assert text.startswith("base: ")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_plan_survives_the_way_through_a_file(cache: Path) -> None:
    assert load_base_plan(save_base_plan(PLAN, cache)) == PLAN


def test_another_disk_is_another_base_with_the_same_packages(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = [Disk(), Disk(size_gib=8), Disk(layout="separate"), Disk(layout="separate", grow="/srv")]
    plans = [PLAN.laid_out(disk.laid_out()) for disk in wanted]
    assert plans[0] is PLAN
    assert len({plan.fingerprint for plan in plans}) == 4
    assert {(plan.status, plan.planned, plan.epoch) for plan in plans} == {(PLAN.status, PLAN.planned, PLAN.epoch)}
    assert [load_base_plan(save_base_plan(plan, cache)) for plan in plans] == plans
    monkeypatch.setattr(base, "LAYOUT_FILES", cache)
    assert PLAN.laid_out(wanted[2].laid_out()).fingerprint != plans[2].fingerprint


@pytest.mark.parametrize(
    ("settings", "theirs", "instead"),
    [
        (
            {"base": {"disk": "mine.qcow2", "sha512": "0" * 128}},
            "a disk of your own",
            "remove hallmark:base",
        ),
        (
            {"platform": "aws", "kmsKey": "alias/hallmark"},
            "an AMI of others",
            "set hallmark:baseAmi to {build: true}",
        ),
    ],
)
def test_a_recipe_cannot_lay_out_a_disk_that_is_not_made_here(
    tmp_path: Path, settings: dict[str, Any], theirs: str, instead: str
) -> None:
    path = write_recipe(tmp_path, f'{RECIPE}\n[disk]\nlayout = "separate"\n')
    with pytest.raises(RecipeError) as refused:
        check_disk(load_recipe(path), Settings(recipes=("web",), **settings))
    assert str(refused.value) == (
        f"{path}: disk: expected none, as the stack starts from {theirs}, whose disk is laid out already; "
        f"remove [disk], or {instead}"
    )
    check_disk(load_recipe(write_recipe(tmp_path)), Settings(recipes=("web",), **settings))


@pytest.mark.parametrize("settings", [{}, {"platform": "aws", "kmsKey": "alias/hallmark", "baseAmi": {"build": True}}])
def test_a_base_of_our_own_is_laid_out_as_a_recipe_asks(tmp_path: Path, settings: dict[str, Any]) -> None:
    path = write_recipe(tmp_path, f'{RECIPE}\n[disk]\nlayout = "separate"\n')
    check_disk(load_recipe(path), Settings(recipes=("web",), **settings))


def test_a_base_is_built_once_and_found_again(build: list[str], cache: Path, root: PrivateRoot) -> None:
    made = build_base(PLAN, root, cache, say)
    assert build_base(PLAN, root, cache, say) == made
    assert build == ["tree", "disk"]
    assert find_base(IDENTITY, cache) == require_base(IDENTITY, cache) == made
    assert names(made.disk.parent) == ["base.json", "disk.qcow2", "status", "vmlinuz"]
    assert made.disk.stat().st_mode & 0o777 == 0o444
    assert names(cache / "bases") == [SHOWN, f"{SHOWN}.lock"]


def test_what_a_killed_run_left_is_removed(build: list[str], cache: Path, root: PrivateRoot) -> None:
    left = cache / "bases" / f".{SHOWN}.staging"
    left.mkdir(parents=True)
    (left / "disk.raw").write_text("half")
    made = build_base(PLAN, root, cache, say)
    assert "disk.raw" not in names(made.disk.parent)
    assert names(cache / "bases") == [SHOWN, f"{SHOWN}.lock"]


def test_a_base_that_was_half_published_is_built_anew(build: list[str], cache: Path, root: PrivateRoot) -> None:
    made = build_base(PLAN, root, cache, say)
    made.disk.unlink()
    assert find_base(IDENTITY, cache) is None
    assert build_base(PLAN, root, cache, say).disk.exists()


@pytest.mark.parametrize(
    ("status", "got"),
    [
        (STATUS.replace("3.5.1-1", "3.5.2-1"), "2; they differ in openssl 3.5.1-1 amd64, openssl 3.5.2-1 amd64"),
        (STATUS.partition("\n\n")[0], "1; they differ in openssl 3.5.1-1 amd64"),
    ],
)
def test_a_base_that_is_not_as_planned_is_not_used(
    build: list[str],
    cache: Path,
    root: PrivateRoot,
    monkeypatch: pytest.MonkeyPatch,
    status: str,
    got: str,
) -> None:
    def read_from_disk(disk: Path, scratch: Path, **targets: Path) -> None:
        targets["status"].write_text(status)
        targets["kernel"].write_text("kernel")

    monkeypatch.setattr(base, "read_from_disk", read_from_disk)
    with pytest.raises(ProcessError) as failed:
        build_base(PLAN, root, cache, say)
    assert str(failed.value) == (
        f"base: expected the 2 packages that were planned, got {got}; the mirror may have moved meanwhile: run again"
    )
    assert find_base(IDENTITY, cache) is None
    assert names(cache / "bases") == [f"{SHOWN}.lock"]


def test_a_tool_that_fails_leaves_nothing(
    build: list[str], cache: Path, root: PrivateRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ProcessError("mmdebstrap: exit code 25")

    monkeypatch.setattr(base, "build_tree", fail)
    with pytest.raises(ProcessError, match="exit code 25"):
        build_base(PLAN, root, cache, say)
    assert names(cache / "bases") == [f"{SHOWN}.lock"]


def test_a_base_that_has_vanished_is_told(cache: Path) -> None:
    with pytest.raises(StoreError) as gone:
        require_base(IDENTITY, cache)
    assert str(gone.value) == (f"{cache}/bases/{SHOWN}: the base has vanished; `hallmark up` makes it anew")


def test_a_base_with_other_bytes_is_removed_and_told(build: list[str], cache: Path, root: PrivateRoot) -> None:
    made = build_base(PLAN, root, cache, say)
    made.disk.chmod(0o644)
    made.disk.write_text("dish")
    with pytest.raises(StoreError) as damaged:
        require_base(IDENTITY, cache)
    assert str(damaged.value) == (
        f"{made.disk}: expected the bytes that were made, got others: damaged or tampered with; "
        "it was removed, and `hallmark up` makes it anew"
    )
    assert find_base(IDENTITY, cache) is None


# A disk of the user's own.


@pytest.fixture(scope="module")
def own_disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    files = {**FILES, "var/lib/dpkg/status": STATUS.encode()}
    return write_disk(tmp_path_factory.mktemp("own") / "disk", files=files)


def named(disk: Path, sha512: str | None = None) -> NamedBase:
    return NamedBase(disk=disk, sha512=sha512 or hash_file(disk, algorithm="sha512"))


def test_a_disk_of_the_users_own_is_taken_over_with_its_status_and_kernel(own_disk: Path, cache: Path) -> None:
    plan = plan_named_base(named(own_disk), cache)
    assert plan.status == STATUS
    assert plan.planned == ()
    taken = require_base(plan.fingerprint, cache)
    assert hash_file(taken.disk) == hash_file(own_disk)
    assert taken.disk != own_disk
    assert taken.kernel.read_bytes() == b"new kernel"


def test_it_is_taken_over_once_and_needed_no_longer(own_disk: Path, cache: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.qcow2"
    copy.write_bytes(own_disk.read_bytes())
    asked = named(copy)
    plan = plan_named_base(asked, cache)
    copy.unlink()
    assert plan_named_base(asked, cache) == plan


def test_it_is_taken_over_again_when_the_cache_has_lost_its_disk(own_disk: Path, cache: Path) -> None:
    plan = plan_named_base(named(own_disk), cache)
    require_base(plan.fingerprint, cache).disk.unlink()
    plan_named_base(named(own_disk), cache)
    assert require_base(plan.fingerprint, cache).disk.exists()


def refusal(asked: NamedBase, cache: Path) -> str:
    with pytest.raises(SettingsError) as refused:
        plan_named_base(asked, cache)
    assert not [path for path in (cache / "bases").iterdir() if path.is_dir()]
    return str(refused.value)


def test_a_disk_with_another_hash_is_refused(own_disk: Path, cache: Path) -> None:
    asked, got = "a" * 128, hash_file(own_disk, algorithm="sha512")
    assert refusal(named(own_disk, asked), cache) == (
        f"hallmark:base: sha512: {own_disk}: expected {asked[:16]}…, the file has {got[:16]}…; "
        "it is another image or it was damaged or tampered with"
    )


@pytest.mark.parametrize(
    ("make", "reason"),
    [(lambda path: None, "No such file or directory"), (lambda path: path.mkdir(), "Is a directory")],
    ids=["missing", "folder"],
)
def test_a_disk_that_cannot_be_read_is_told(
    tmp_path: Path, cache: Path, make: Callable[[Path], object], reason: str
) -> None:
    disk = tmp_path / "disk.qcow2"
    make(disk)
    assert refusal(named(disk, "a" * 128), cache) == (f"hallmark:base: disk: {disk}: expected a qcow2 file: {reason}")


def test_what_is_no_qcow2_is_refused(tmp_path: Path, cache: Path) -> None:
    disk = tmp_path / "disk.qcow2"
    disk.write_bytes(b"no disk at all" * 100)
    assert "expected a qcow2 of a Debian system with an ext4 root: qemu-img: exit code 1" in refusal(named(disk), cache)


def test_want_of_room_is_told(own_disk: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hallmark.common.files.free_bytes", lambda path: 0)
    assert refusal(named(own_disk), cache).startswith(f"{cache}/bases: no room: expected ")


def test_the_identity_of_an_own_disk_is_its_hash_wherever_it_lies(own_disk: Path, cache: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.qcow2"
    copy.write_bytes(own_disk.read_bytes())
    assert plan_named_base(named(own_disk), cache).fingerprint == plan_named_base(named(copy), cache).fingerprint


def test_a_base_record_says_what_it_was_made_from(build: list[str], cache: Path, root: PrivateRoot) -> None:
    made = build_base(PLAN, root, cache, say)
    record = json.loads((made.disk.parent / "base.json").read_text())
    assert record == {"fingerprint": IDENTITY, "sha256": Sha256(hash_bytes(b"disk"))}


def test_the_bases_that_were_used_last_are_kept(build: list[str], cache: Path, root: PrivateRoot) -> None:
    for age in range(6):
        folder = cache / "bases" / f"base-{age}"
        folder.mkdir(parents=True)
        (folder / "base.json").write_text("{}")
        os.utime(folder, (1_000_000 - age, 1_000_000 - age))
    made = build_base(PLAN, root, cache, say).disk.parent
    folders = [path.name for path in (cache / "bases").iterdir() if path.is_dir()]
    assert sorted(folders) == sorted([made.name, "base-0", "base-1", "base-2", "base-3"])


# What is planned.


class _Mirror(PrivateRoot):
    """A private root that answers without a mirror."""

    asked: tuple[str, ...] = ()

    def update(self) -> Sha256:
        self.asked = (*self.asked, "update")
        return hash_bytes(b"releases")

    def simulate_install(self, status_text: str, packages: Sequence[str], *, upgrade: bool) -> tuple[Planned, ...]:
        assert (status_text, upgrade) == ("", False)
        assert "openssh-server" in packages
        return (PLANNED,)

    def releases(self) -> tuple[Release, ...]:
        date = "Sat, 12 Sep 2026 07:55:41 UTC"
        return (Release(suite="trixie", sha256=hash_bytes(b""), date=date, valid_until=None),)

    def status_text(self, planned: Sequence[Planned]) -> str:
        return STATUS


@pytest.fixture
def mirror(cache: Path, monkeypatch: pytest.MonkeyPatch) -> _Mirror:
    monkeypatch.setattr("hallmark.debian.apt.apt_config.write_root", lambda *_, **__: None)
    archives = Mirror(
        main="http://mirror.invalid/debian",
        security="http://mirror.invalid/debian-security",
        keyrings=(),
    )
    return _Mirror(cache, archives, ("trixie",))


def test_a_base_is_planned_before_it_is_built(mirror: _Mirror) -> None:
    plan = plan_base(mirror)
    assert (plan.status, plan.planned) == (STATUS, (PLANNED,))
    assert plan.epoch == 1789199741
    assert mirror.asked == ("update",)


def test_a_mirror_that_was_just_asked_is_not_asked_again(mirror: _Mirror) -> None:
    assert plan_base(mirror, ask=False) == plan_base(mirror)
    assert mirror.asked == ("update",)


def test_a_bases_identity_is_its_packages_and_how_it_is_shaped(
    mirror: _Mirror, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen = {plan_base(mirror).fingerprint}
    with monkeypatch.context() as other:
        other.setattr(_Mirror, "simulate_install", lambda *_, **__: (replace(PLANNED, to_version="3.5.2-1"),))
        seen.add(plan_base(mirror).fingerprint)
    with monkeypatch.context() as other:
        (tmp_path / "files").mkdir()
        (tmp_path / "files" / "customize.sh").write_text("# other\n")
        other.setattr(base, "_FILES", tmp_path / "files")
        seen.add(plan_base(mirror).fingerprint)
    with monkeypatch.context() as other:
        other.setattr(base, "PLAIN", plain(8192))
        seen.add(plan_base(mirror).fingerprint)
    assert len(seen) == 4


def test_the_identity_of_the_plain_base_is_that_of_earlier_versions(
    mirror: _Mirror, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Recorded before a recipe could ask for a disk: images that are released would be built anew otherwise."""
    (tmp_path / "files").mkdir()
    monkeypatch.setattr(base, "_FILES", tmp_path / "files")
    monkeypatch.setattr(base, "PACKAGES", ("?essential", "openssh-server"))
    assert plan_base(mirror).fingerprint == "55b983af8d51eff57c08200fcd9620baef6ab316e3db4ab6d5efaee0c07964c1"


def test_the_base_brings_what_a_cloud_image_needs() -> None:
    assert {"cloud-init", "linux-image-cloud-amd64", "openssh-server", "sudo", "shim-signed"} <= set(base.PACKAGES)
    assert list(base.PACKAGES) == sorted(base.PACKAGES)
    assert (CHECKOUT / "hallmark" / "base" / "base_files" / "customize.sh").stat().st_mode & 0o111
