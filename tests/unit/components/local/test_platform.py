"""The platform local: one base for all images, and a verdict on what the build made."""

from __future__ import annotations

from pathlib import Path

from components.golden_image import GoldenImage, GoldenImageArgs
from components.local.platform import LocalPlatform
from components.program import choose_platform
from hallmark.base.base import load_base_plan
from hallmark.common.errors import HallmarkError, RecipeError
from hallmark.config.disk import PLAIN, Disk
from hallmark.config.recipe import Recipe
from hallmark.order.order import Order, load_order
from hallmark.order.resolve import Context
from tests.support.declared import Program, run_program
from tests.support.declared_image import PLAN, context, declared, project
from tests.support.examples import BASE, Project

__all__ = ["context", "declared", "project"]


def test_acceptance_judges_what_the_build_made(declared: Program) -> None:
    assert declared.resources["web-acceptance"].inputs["image"] == "web-0123456789abcdef"
    assert declared.resources["web-acceptance"].inputs["tests"] == ["pages.sh"]


def test_a_recipe_with_a_disk_of_its_own_starts_from_another_base(project: Project, context: Context) -> None:
    laid_out = project.recipe.model_copy(update={"disk": Disk(layout="separate")})
    recipes: dict[str, Recipe | HallmarkError] = {"web": project.recipe, "data": laid_out, "more": laid_out}
    recipes["bad"] = RecipeError("recipes/bad.toml: no")

    def declare() -> None:
        for name, platform in choose_platform(context, recipes).items():
            GoldenImage(name, GoldenImageArgs(recipe=recipes[name], context=context, platform=platform))

    declared = run_program(declare)
    bases = {name: found for name, found in declared.resources.items() if found.kind == "Base"}
    other = laid_out.disk.laid_out().base_name
    assert set(bases) == {"base", other}
    assert {name: load_base_plan(Path(found.inputs["plan"])).layout for name, found in bases.items()} == {
        "base": PLAIN,
        other: laid_out.disk.laid_out(),
    }
    starts = {name: order_of(declared, name).base for name in ("web", "data", "more")}
    assert starts == {"web": BASE, "data": PLAN.laid_out(laid_out.disk.laid_out()).fingerprint, "more": starts["data"]}
    assert {name: declared.resources[f"{name}-build"].dependencies & set(bases) for name in ("web", "data")} == {
        "web": {"base"},
        "data": {other},
    }


def test_a_stack_of_laid_out_disks_alone_has_no_plain_base(project: Project, context: Context) -> None:
    recipe = project.recipe.model_copy(update={"disk": Disk(size_gib=8)})
    declared = run_program(lambda: choose_platform(context, {"web": recipe}))
    assert [name for name, found in declared.resources.items() if found.kind == "Base"] == [
        recipe.disk.laid_out().base_name
    ]


def order_of(declared: Program, name: str) -> Order:
    return load_order(Path(declared.resources[f"{name}-build"].inputs["order"]))


def test_all_images_of_a_stack_share_one_base(project: Project, context: Context) -> None:
    def declare() -> None:
        args = GoldenImageArgs(recipe=project.recipe, context=context, platform=LocalPlatform(context, PLAN))
        for name in ("web", "mail"):
            GoldenImage(name, args)

    declared = run_program(declare)
    assert [r.kind for r in declared.resources.values()].count("Base") == 1
    assert {declared.resources[f"{name}-build"].inputs["base"] for name in ("web", "mail")} == {"/cache/base.qcow2"}
