"""The recipe debian-13-strict, whole: a disk of partitions, all judges, and a server. Two hours under emulation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hallmark.common.cache import user_cache
from hallmark.config.recipe import Recipe, load_recipe
from hallmark.evidence.summary import Summary, load_summary
from hallmark.store.image import Image
from tests.e2e.checkout import Checkout, Finished, scratch

NAME = "debian-13-strict"
# All judges on an emulated processor that has other work too: a profile alone takes up to half an hour there.
LONGEST = 4 * 3600.0


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    folder = tmp_path_factory.mktemp("strict")
    with scratch(folder / "checkout", folder / "cache" / "hallmark", user_cache()) as made:
        made.configure(recipes=[NAME])
        made.init()
        yield made


@pytest.fixture(scope="module")
def recipe(checkout: Checkout) -> Recipe:
    return load_recipe(checkout.root / "recipes" / f"{NAME}.toml")


@pytest.fixture(scope="module")
def built(checkout: Checkout) -> Finished:
    return checkout.up(timeout=LONGEST)


@pytest.fixture(scope="module")
def image(checkout: Checkout, built: Finished) -> Image:
    assert built.code == 0, built.text
    target = checkout.store.channel_target(NAME, "stable")
    assert target is not None
    return target


@pytest.fixture(scope="module")
def summary(image: Image) -> Summary:
    found = load_summary(image.evidence)
    assert found is not None
    return found


def test_it_is_built_accepted_and_released(image: Image, summary: Summary) -> None:
    assert image.state == "accepted"
    assert not summary.problems


def test_it_asks_all_judges_for_more_than_anybody_publishes(recipe: Recipe) -> None:
    assert {judge.label: judge.least_score for judge in recipe.judge} == {
        "ssh-audit": 100,
        "lynis": 90,
        "openscap-cis_level1_server": 97,
        "openscap-cis_level2_server": 93,
        "openscap-anssi_bp28_enhanced": 90,
    }


def test_each_judge_has_left_its_report_and_came_to_the_score(image: Image, summary: Summary, recipe: Recipe) -> None:
    counted = {judge.label: judge.counted for judge in summary.judges}
    for judge in recipe.judge:
        score = counted[judge.label]
        assert score is not None
        assert score >= judge.least_score
        assert any((image.evidence / "acceptance" / "judges" / judge.label).iterdir())


def test_no_exception_is_left_over(summary: Summary) -> None:
    assert {judge.label: judge.stale for judge in summary.judges if judge.stale} == {}


def test_people_sign_in_and_an_attack_is_banned(image: Image, recipe: Recipe) -> None:
    for script in recipe.acceptance.scripts:
        for boot in ("first-boot/", ""):
            name = Path(script).name
            assert (image.evidence / f"acceptance/{boot}recipe/{name}.exit").read_text() == "0\n", (boot, name)


def test_show_prints_the_scores(checkout: Checkout, image: Image, recipe: Recipe) -> None:
    shown = checkout.hallmark("show", image.id)
    assert shown.code == 0, shown.text
    for judge in recipe.judge:
        assert judge.label in shown.text
