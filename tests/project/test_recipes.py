"""Each recipe of this checkout is read, its plan compiles, and the page of recipes knows it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from hallmark.config.recipe import load_recipe
from hallmark.order.order import make_plan, wanted_packages

ROOT = Path(__file__).parents[2]
RECIPES = sorted((ROOT / "recipes").glob("*.toml"))


def test_there_is_more_than_one() -> None:
    assert {path.stem for path in RECIPES} >= {"debian-13-server", "debian-13-web"}


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_its_plan_compiles(path: Path) -> None:
    recipe = load_recipe(path)
    plan = make_plan(recipe, ROOT / "image_scripts", dt.date(2000, 1, 1))
    assert recipe.name == path.stem
    assert len(plan.ids) > 50
    assert set(recipe.packages) <= set(wanted_packages(recipe, plan))
    assert path.name in (ROOT / "docs/recipes.md").read_text()
