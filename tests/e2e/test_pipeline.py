"""The life of a stack with the real engine: each fixture is one more run on it, each test is one thing about a run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from hallmark.base.disk import compress
from hallmark.config.recipe import load_recipe
from hallmark.guest.task import FIRST_BOOT
from hallmark.order.order import load_order
from hallmark.store.image import Image
from hallmark.verdict.observed import read_controls
from tests.e2e.checkout import Checkout, Finished
from tests.e2e.conftest import MakeCheckout

FAILING = "#!/bin/sh\necho the cellar is under water\nexit 7\n"
BUILD, ACCEPT = "tiny-build build", "tiny-acceptance accept"


def _say(checkout: Checkout, word: str, *, tests: bool = False) -> None:
    """Write the recipe anew: the marker's word (with the second comes a package), and whether a test that fails."""
    extra = f'[hardening.parameters.marker]\nword = "{word}"\n'
    extra += '[acceptance]\nscripts = ["tests/cellar.sh"]\n' if tests else ""
    checkout.recipe("tiny", extra=extra, top="" if word == "one" else 'packages = ["tree"]')
    (checkout.root / "recipes" / "tests").mkdir(exist_ok=True)
    (checkout.root / "recipes" / "tests" / "cellar.sh").write_text(FAILING)


def _image(checkout: Checkout, word: str) -> Image:
    """The image whose marker says this word."""
    for image in checkout.store.images():
        if f"it says {word}" in (image.evidence / "build/controls/marker.out").read_text():
            return image
    raise AssertionError(f"no image says {word}")


# The first run


@pytest.fixture(scope="module")
def previewed(tiny: Checkout) -> Finished:
    _say(tiny, "one")
    tiny.init()
    return tiny.pulumi("preview")


@pytest.fixture(scope="module")
def first(tiny: Checkout, previewed: Finished) -> Finished:
    assert previewed.code == 0, previewed.text
    return tiny.up()


def test_a_preview_says_when_no_patch_is_outstanding_and_makes_nothing(tiny: Checkout, previewed: Finished) -> None:
    assert previewed.code == 0, previewed.text
    assert "none outstanding" in previewed.text
    assert "0 packages, 0 CVEs" in previewed.text
    assert "tiny-acceptance" in previewed.text


def test_a_preview_names_packages_and_cves_the_first_time_too(make_scratch: MakeCheckout) -> None:
    default = make_scratch("preview")
    default.configure(recipes=["debian-13-server"])
    default.init()
    done = default.pulumi("preview")
    assert done.code == 0, done.text
    # What is outstanding differs from day to day (after a point release: nothing): the order of this very preview says.
    (path,) = (default.cache / "plans").glob("order-*.json")
    lock = load_order(path).lock
    for line in lock.summary():
        assert line in done.text
    assert f"{len(lock.packages)} packages, {len({cve for p in lock.packages for cve in p.cves})} CVEs" in done.text
    for package in load_recipe(default.root / "recipes/debian-13-server.toml").packages:
        assert done.lines(f"{package} ")
    assert default.store.images() == []
    assert not default.store.root.exists()


def test_a_stack_builds_tests_and_releases_a_named_base_without_patches(tiny: Checkout, first: Finished) -> None:
    assert first.code == 0, first.text
    assert first.machines == [ACCEPT, BUILD]
    assert [image.state for image in tiny.store.images()] == ["accepted"]
    assert tiny.released("tiny") == _image(tiny, "one").id
    lock = json.loads((_image(tiny, "one").evidence / "patch-lock.json").read_text())
    assert lock["packages"] == []


def test_the_state_has_nothing_that_a_kill_could_cut_short(tiny: Checkout, first: Finished) -> None:
    files = [path for path in (tiny.root / ".hallmark/state/.pulumi/stacks").rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".json", ".bak"}  # no notes: hallmark/engine/backend.py


def test_a_run_shows_its_progress(first: Finished) -> None:
    for word in ("build: media", "build: patch", "controls 1 of 2", "build: seal", "accept: boot", "accept: check"):
        assert word in first.text


def test_a_run_ends_by_naming_the_image_and_what_to_try_next(tiny: Checkout, first: Finished) -> None:
    image = _image(tiny, "one")
    end = first.text[first.text.rindex("tiny: released on channel stable") :]
    for word in (image.id, str(image.disk), str(image.evidence), "make run", "hallmark show tiny"):
        assert word in end


def test_the_outputs_say_where_the_image_is(tiny: Checkout, first: Finished) -> None:
    image = _image(tiny, "one")
    assert first.code == 0
    assert tiny.outputs() == {
        "images": {
            "tiny": {
                "id": image.id,
                "disk": str(image.disk),
                "evidence": str(image.evidence),
                "channel": "stable",
                "accepted": True,
            }
        }
    }
    assert image.disk.is_absolute()
    assert image.disk.is_file()
    assert (image.evidence / "index.md").is_file()


def test_the_machines_had_no_way_out(tiny: Checkout, first: Finished) -> None:
    assert first.code == 0
    evidence = _image(tiny, "one").evidence
    for name in ("build/isolation.txt", "build/isolation-after.txt", "acceptance/isolation.txt"):
        proof = (evidence / name).read_text()
        assert "interfaces besides lo: none" in proof
        assert "routes: none" in proof
        assert "name resolution: none" in proof
        assert "SURPRISE" not in proof


# Nothing has changed


@pytest.fixture(scope="module")
def unchanged(tiny: Checkout, first: Finished) -> Finished:
    assert first.code == 0, first.text
    return tiny.up()


def test_an_unchanged_stack_is_left_alone(unchanged: Finished) -> None:
    assert unchanged.code == 0, unchanged.text
    assert unchanged.machines == []
    assert unchanged.lines(" unchanged")
    for word in ("created", "updated", "replaced", "deleted"):
        assert not [line for line in unchanged.lines(word) if line.split()[-1:] == [word] and "    " in line]


# Another recipe, whose acceptance says no


@pytest.fixture(scope="module")
def refused(tiny: Checkout, unchanged: Finished) -> Finished:
    assert unchanged.code == 0, unchanged.text
    _say(tiny, "two", tests=True)
    return tiny.up()


@pytest.fixture(scope="module")
def refused_again(tiny: Checkout, refused: Finished) -> Finished:
    assert refused.code == 6, refused.text
    return tiny.up()


@pytest.fixture(scope="module")
def retried(tiny: Checkout, refused_again: Finished) -> Finished:
    assert refused_again.code == 6, refused_again.text
    done = tiny.hallmark("retry", _image(tiny, "two").id)
    assert done.code == 0, done.text
    return tiny.up()


@pytest.fixture(scope="module")
def mended(tiny: Checkout, retried: Finished) -> Finished:
    assert retried.code == 6, retried.text
    _say(tiny, "two")
    return tiny.up()


def test_a_failed_acceptance_fails_the_run_and_says_why(tiny: Checkout, refused: Finished) -> None:
    assert refused.code == 6, refused.text
    assert refused.machines == [ACCEPT, BUILD]
    assert "acceptance script cellar.sh: exit code 7" in refused.text
    assert str(_image(tiny, "two").evidence) in refused.text
    assert "Traceback" not in refused.text


def test_a_rejected_candidate_is_kept_with_its_evidence(tiny: Checkout, refused: Finished) -> None:
    assert refused.code == 6
    image = _image(tiny, "two")
    assert image.state == "rejected"
    assert image.reason == "acceptance script cellar.sh: exit code 7"
    assert (image.evidence / "acceptance/recipe/cellar.sh.out").read_text() == "the cellar is under water\n"
    assert "rejected: acceptance script cellar.sh" in (image.evidence / "index.md").read_text()
    assert image.disk.exists()


def test_a_script_that_fails_in_the_first_boot_spares_the_second(tiny: Checkout, refused: Finished) -> None:
    assert refused.code == 6
    assert not (_image(tiny, "two").evidence / "acceptance" / FIRST_BOOT).exists()
    assert not refused.lines("accept: restart")


def test_the_channel_stays_on_the_older_image(tiny: Checkout, refused: Finished, refused_again: Finished) -> None:
    assert (refused.code, refused_again.code) == (6, 6)
    assert tiny.released("tiny") == _image(tiny, "one").id


def test_the_same_again_fails_at_once_and_names_the_evidence(tiny: Checkout, refused_again: Finished) -> None:
    image = _image(tiny, "two")
    assert refused_again.code == 6
    assert refused_again.machines == []
    assert f"{image.id}: was rejected: acceptance script cellar.sh: exit code 7" in refused_again.text
    assert f"evidence: {image.evidence}" in refused_again.text
    assert f"hallmark retry {image.id}" in refused_again.text


def test_after_retry_the_candidate_is_judged_anew(tiny: Checkout, retried: Finished) -> None:
    assert retried.code == 6
    assert retried.machines == [ACCEPT]
    assert "acceptance script cellar.sh: exit code 7" in retried.text
    assert tiny.released("tiny") == _image(tiny, "one").id


def test_other_tests_judge_the_same_candidate_anew(tiny: Checkout, mended: Finished) -> None:
    assert mended.code == 0, mended.text
    assert mended.machines == [ACCEPT]
    assert mended.lines("accept: restart")
    assert _image(tiny, "two").state == "accepted"
    assert tiny.released("tiny") == _image(tiny, "two").id


def test_a_changed_parameter_makes_another_image_and_keeps_the_older(tiny: Checkout, mended: Finished) -> None:
    assert mended.code == 0, mended.text
    assert _image(tiny, "one").state == _image(tiny, "two").state == "accepted"
    assert _image(tiny, "one").disk.exists()
    lock = json.loads((_image(tiny, "two").evidence / "patch-lock.json").read_text())
    assert [package["name"] for package in lock["packages"]] == ["tree"]


# Back, and forth again


@pytest.fixture(scope="module")
def returned(tiny: Checkout, mended: Finished) -> Finished:
    assert mended.code == 0, mended.text
    _say(tiny, "one")
    return tiny.up()


@pytest.fixture(scope="module")
def forth(tiny: Checkout, returned: Finished) -> Finished:
    assert returned.code == 0, returned.text
    assert tiny.released("tiny") == _image(tiny, "one").id
    assert tiny.outputs()["images"]["tiny"]["id"] == _image(tiny, "one").id
    _say(tiny, "two")
    return tiny.up()


def test_going_back_and_forth_adopts_what_is_there_without_a_machine(
    tiny: Checkout, returned: Finished, forth: Finished
) -> None:
    assert (returned.code, forth.code) == (0, 0), returned.text + forth.text
    assert returned.machines == forth.machines == []
    assert "kept in the store" in returned.text
    assert tiny.released("tiny") == _image(tiny, "two").id
    assert len(tiny.store.images()) == 2


# The disk is gone


@pytest.fixture(scope="module")
def lost(tiny: Checkout, forth: Finished, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is left of the image after its disk was removed: a copy of its evidence."""
    assert forth.code == 0, forth.text
    image = _image(tiny, "two")
    copy = tmp_path_factory.mktemp("lost") / "evidence"
    shutil.copytree(image.evidence, copy)
    image.disk.unlink()
    return copy


@pytest.fixture(scope="module")
def refreshed(tiny: Checkout, lost: Path) -> Finished:
    assert lost.exists()
    return tiny.pulumi("refresh", "--yes", "--skip-preview")


@pytest.fixture(scope="module")
def rebuilt(tiny: Checkout, lost: Path, refreshed: Finished) -> Finished:
    """Built again from the lock that the lost image's evidence kept."""
    assert refreshed.code == 0, refreshed.text
    tiny.configure(patches=str(lost / "patch-lock.json"))
    return tiny.pulumi("up", "--yes", "--skip-preview")


def test_a_refresh_notices_that_a_disk_has_vanished(refreshed: Finished) -> None:
    assert refreshed.code == 0, refreshed.text
    assert any("deleted" in line for line in refreshed.lines("tiny-build"))


def test_a_rebuild_from_the_same_lock_gives_the_same_packages_and_results(
    tiny: Checkout, rebuilt: Finished, lost: Path
) -> None:
    assert rebuilt.code == 0, rebuilt.text
    assert rebuilt.machines == [ACCEPT, BUILD]
    image = _image(tiny, "two")
    assert image.state == "accepted"
    assert tiny.released("tiny") == image.id
    assert "\ntree\t" in (image.evidence / "build/inventory-after.tsv").read_text()
    for name in ("build/inventory-after.tsv", "acceptance/inventory-acceptance.tsv", "patch-lock.json"):
        assert (image.evidence / name).read_bytes() == (lost / name).read_bytes()
    for phase in ("build", "acceptance"):
        now, before = (read_controls(folder / phase / "controls") for folder in (image.evidence, lost))
        assert {name: result.exit_code for name, result in now.items()} == {
            name: result.exit_code for name, result in before.items()
        }


def test_an_images_disk_stands_alone(tiny: Checkout, rebuilt: Finished, tmp_path: Path) -> None:
    assert rebuilt.code == 0
    image = _image(tiny, "two")
    shutil.copy(image.disk, tmp_path / "alone.qcow2")
    compress(tmp_path / "alone.qcow2", tmp_path / "again.qcow2", source_format="qcow2")
    assert (tmp_path / "again.qcow2").stat().st_size > 64 << 20


# The end


@pytest.fixture(scope="module")
def destroyed(tiny: Checkout, rebuilt: Finished) -> Finished:
    assert rebuilt.code == 0, rebuilt.text
    return tiny.pulumi("destroy", "--yes", "--skip-preview")


def test_destroy_keeps_images_evidence_and_channels_and_says_so(tiny: Checkout, destroyed: Finished) -> None:
    assert destroyed.code == 0, destroyed.text
    image = _image(tiny, "two")
    assert f"kept in the store: image {image.id}, {image.disk} and {image.evidence}" in destroyed.text
    assert f"kept in the store: channel tiny/stable, pointing at {image.id}" in destroyed.text
    assert image.disk.exists()
    assert len(tiny.store.images()) == 2
    assert tiny.released("tiny") == image.id


def test_after_destroy_a_run_adopts_what_is_in_the_store(tiny: Checkout, destroyed: Finished) -> None:
    assert destroyed.code == 0
    done = tiny.up()
    assert done.code == 0, done.text
    assert done.machines == []
    assert tiny.outputs()["images"]["tiny"]["id"] == _image(tiny, "two").id
