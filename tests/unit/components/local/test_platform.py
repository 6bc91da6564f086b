"""The platform local: one base for all images, and a verdict on what the build made."""

from __future__ import annotations

from components.golden_image import GoldenImage, GoldenImageArgs
from components.local.platform import LocalPlatform
from hallmark.order.resolve import Context
from tests.support.declared import Program, run_program
from tests.support.declared_image import context, declared, project
from tests.support.examples import Project

__all__ = ["context", "declared", "project"]


def test_acceptance_judges_what_the_build_made(declared: Program) -> None:
    assert declared.resources["web-acceptance"].inputs["image"] == "web-0123456789abcdef"
    assert declared.resources["web-acceptance"].inputs["tests"] == ["pages.sh"]


def test_all_images_of_a_stack_share_one_base(project: Project, context: Context) -> None:
    def declare() -> None:
        args = GoldenImageArgs(recipe=project.recipe, context=context, platform=LocalPlatform(context))
        for name in ("web", "mail"):
            GoldenImage(name, args)

    declared = run_program(declare)
    assert [r.kind for r in declared.resources.values()].count("Base") == 1
    assert {declared.resources[f"{name}-build"].inputs["base"] for name in ("web", "mail")} == {"/cache/base.qcow2"}
