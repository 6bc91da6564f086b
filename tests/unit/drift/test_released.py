"""What a machine is compared with: the order of its image and the checks that released it, out of the evidence."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from hallmark.common.errors import StoreError
from hallmark.drift.released import load_released
from hallmark.guest.checks_archive import keep_checks
from hallmark.store.image import image_id
from tests.support.examples import Project, append
from tests.support.good_results import write


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "project")


@pytest.fixture
def evidence(project: Project, tmp_path: Path) -> Path:
    """The evidence of a released image."""
    folder, order = tmp_path / "evidence", project.order()
    write(folder / "order.json", order.model_dump_json())
    keep_checks(order, folder)
    return folder


def test_it_is_the_image_with_its_own_checks_and_plan(project: Project, evidence: Path) -> None:
    order = project.order()
    append(project.scripts / "controls" / "alpha" / "check.sh", "# edited since\n")
    released = load_released(evidence, project.scripts)
    assert released.image == image_id(order.recipe, order.fingerprint)
    assert released.notes == ()
    assert released.checks["image_scripts/controls/alpha/check.sh"] == b"# check alpha\n"
    assert released.checks.items() >= {name: text.encode() for name, text in order.plan_files.items()}.items()


def test_a_machine_is_sent_all_of_it(project: Project, evidence: Path) -> None:
    released = load_released(evidence, project.scripts)
    with tarfile.open(fileobj=io.BytesIO(released.archive())) as archive:
        assert {entry.name for entry in archive if entry.isfile()} == set(released.checks)


def test_checks_of_the_checkout_are_said_to_be_that(project: Project, evidence: Path) -> None:
    for path in evidence.iterdir():
        if path.name != "order.json":
            path.unlink()
    append(project.scripts / "controls" / "alpha" / "check.sh", "# edited since\n")
    released = load_released(evidence, project.scripts)
    assert released.notes == ("the checks are the checkout's, and not those that released the image",)


@pytest.mark.parametrize("text", [None, "", "{}", '{"recipe": 5}'])
def test_evidence_that_is_missing_or_damaged_is_one_clear_error(
    project: Project, evidence: Path, text: str | None
) -> None:
    path = evidence / "order.json"
    path.unlink()
    if text is not None:
        path.write_text(text)
    with pytest.raises(StoreError) as refused:
        load_released(evidence, project.scripts)
    assert str(refused.value).startswith(f"{path}: expected the order of a released image: ")
    assert "\n" not in str(refused.value)
