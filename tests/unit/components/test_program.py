"""The program: its configuration and its exports."""

from __future__ import annotations

import runpy
from dataclasses import replace
from pathlib import Path

import pulumi
import pytest

from components import program as program_module
from components.program import load_context, load_recipes
from hallmark.common.errors import RecipeError, SettingsError
from hallmark.config.settings import NamedBase
from hallmark.order.resolve import Context
from tests.support.declared import run_program
from tests.support.declared_image import context, declared, project
from tests.support.examples import Project, append
from tests.support.small_disk import CHECKOUT

__all__ = ["context", "declared", "project"]


def test_an_unknown_key_of_the_stack_is_named_with_its_file() -> None:
    def declare() -> None:
        with pytest.raises(SettingsError) as refused:
            load_context()
        assert str(refused.value) == (
            "stack local (stacks/Pulumi.local.yaml): hallmark: recipies: unknown key; remove it or mend its name"
        )

    run_program(declare, config={"hallmark:recipies": "[]"})


def test_a_disk_that_the_stack_cannot_lay_out_ends_a_preview_and_in_an_up_is_that_recipes_alone(
    monkeypatch: pytest.MonkeyPatch, project: Project, context: Context
) -> None:
    append(project.recipe_file, "\n[disk]\nsize_gib = 8\n")
    theirs = context.settings.model_copy(update={"base": NamedBase(disk=Path("mine.qcow2"), sha512="0" * 128)})
    context = replace(context, settings=theirs)
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
    with pytest.raises(RecipeError, match="disk: expected none, as the stack starts from a disk of your own"):
        load_recipes(context)
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: False)
    assert isinstance(load_recipes(context)["web"], RecipeError)


def test_the_program_exports_each_recipes_image(
    monkeypatch: pytest.MonkeyPatch, project: Project, context: Context
) -> None:
    monkeypatch.setattr(program_module, "load_context", lambda: context)
    declared = run_program(lambda: runpy.run_path(str(CHECKOUT / "__main__.py")))
    assert declared.exports == {
        "images": {
            "web": {
                "id": "web-0123456789abcdef",
                "disk": "/store/disk.qcow2",
                "evidence": "/store/evidence",
                "channel": "testing",
                "accepted": True,
            }
        }
    }
