"""The checks that released an image stay with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hallmark.common.errors import StoreError
from hallmark.guest.checks_archive import CHECKS, keep_checks, load_checks, make_archive
from tests.support.examples import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "project")


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    folder = tmp_path / "evidence"
    folder.mkdir()
    return folder


def change_a_check(project: Project) -> None:
    (project.scripts / "controls" / "alpha" / "check.sh").write_text("exit 1\n")


def test_they_are_found_again_whatever_became_of_the_checkout(project: Project, evidence: Path) -> None:
    order = project.order()
    keep_checks(order, evidence)
    change_a_check(project)
    files, recorded = load_checks(order, evidence, project.scripts)
    assert recorded
    assert files["image_scripts/controls/alpha/check.sh"] != b"exit 1\n"
    assert set(files) == {name for name in order.acceptance_hashes if name.startswith("image_scripts/")}


def test_without_them_the_checkouts_are_taken_and_that_is_told(project: Project, evidence: Path) -> None:
    order = project.order()
    assert load_checks(order, evidence, project.scripts)[1]
    change_a_check(project)
    files, recorded = load_checks(order, evidence, project.scripts)
    assert not recorded
    assert files["image_scripts/controls/alpha/check.sh"] == b"exit 1\n"


def test_checks_that_were_edited_meanwhile_are_not_kept(project: Project, evidence: Path) -> None:
    order = project.order()
    change_a_check(project)
    keep_checks(order, evidence)
    assert not (evidence / CHECKS).exists()


def test_a_control_that_the_checkout_lacks_is_named(project: Project, evidence: Path) -> None:
    order = project.order()
    (project.scripts / "controls" / "alpha").rename(project.scripts / "controls" / "omega")
    with pytest.raises(StoreError, match="expected the image's control alpha, found none"):
        load_checks(order, evidence, project.scripts)


@pytest.mark.parametrize("data", [b"junk", make_archive({"image_scripts/lib.sh": b"evil"})])
def test_kept_checks_that_were_changed_are_refused(project: Project, evidence: Path, data: bytes) -> None:
    (evidence / CHECKS).write_bytes(data)
    with pytest.raises(StoreError, match=r"checks\.tar: expected"):
        load_checks(project.order(), evidence, project.scripts)


def test_the_archive_is_the_same_for_the_same_files() -> None:
    files = {"b": b"2", "a": b"1"}
    assert make_archive(files) == make_archive(dict(reversed(files.items())))
