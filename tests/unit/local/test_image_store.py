"""The store as building and accepting use it: what is kept is looked at, and nothing else is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from hallmark.common.errors import BuildError, SettingsError, StoreError
from hallmark.local import image_store
from hallmark.store.image import Image
from hallmark.store.store import Store
from tests.support.examples import Project
from tests.support.good_results import write_good_build
from tests.support.local_sequence import built, failed_build, images, judged, machines, project, status
from tests.support.machines import FakeMachines

__all__ = ["machines", "project"]


def test_a_guest_that_lies_about_its_packages_is_found_out_by_its_disk(
    project: Project, machines: FakeMachines, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [row for row in project.order().expected() if row[0] != "openssl"]
    there = status(*rows, ("openssl", "3.5.1-1", "amd64"), ("netcat", "1.2-3", "amd64"))
    monkeypatch.setattr(image_store, "read_status", lambda *_: there)
    with pytest.raises(BuildError) as found:
        built(project, machines)
    where = "what the guest told, against its disk"
    assert str(found.value).splitlines()[1:3] == [
        f"{where}: netcat: expected 1.2-3, got no such package",
        f"{where}: openssl: expected 3.5.1-1, got 3.5.1-1+deb13u1",
    ]
    assert images(project).find(project.order()) is None


def test_a_disk_that_cannot_be_read_is_no_image(
    project: Project, machines: FakeMachines, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(disk: Path, scratch: Path) -> str:
        raise SettingsError(f"{disk.name}: no Linux root partition")

    monkeypatch.setattr(image_store, "read_status", unreadable)
    with pytest.raises(BuildError, match=r"build: the candidate's disk cannot be read: disk\.qcow2: no Linux root"):
        built(project, machines)


def test_a_candidate_that_the_store_cannot_take_is_one_clear_error(
    project: Project, machines: FakeMachines, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = project.order()

    def refuse(store: Store, disk: Path, evidence: Path, **_: object) -> Image:
        for path in evidence.rglob("*"):
            if path.is_file():
                path.unlink()
        evidence.rename(evidence.with_name("moved"))
        raise StoreError("store: no room left on its file system")

    monkeypatch.setattr(Store, "add_candidate", refuse)
    lines = failed_build(project, machines, lambda results: write_good_build(results, order))
    assert lines[0] == "web: store: no room left on its file system"


def test_a_candidate_whose_disk_has_other_bytes_is_not_judged(project: Project, machines: FakeMachines) -> None:
    image = built(project, machines)
    image.disk.chmod(0o644)
    image.disk.write_text("DISK.qcow2"[: image.size])
    with pytest.raises(StoreError) as refused:
        judged(project, image, machines)
    assert str(refused.value) == (
        f"{image.disk}: expected the bytes that the build made, got others; remove {image.folder}"
    )
