"""The steps on this machine as resources: what each is told, and what moves the channel."""

from __future__ import annotations

import base64
import pickle
from pathlib import Path

import pytest

from components.providers import StepProvider
from hallmark.base.base import load_base_plan
from hallmark.order.order import load_order
from hallmark.order.places import Places
from hallmark.order.resolve import Context
from tests.support.declared import Program
from tests.support.declared_image import PLAN, STEPS, context, declared, project
from tests.support.examples import BASE, LOCK, Project
from tests.support.local_steps import ACCEPTANCE, BASE_STEP, BUILD, MEDIA, RELEASE_STEP

__all__ = ["context", "declared", "project"]


def test_the_channel_is_moved_by_acceptances_output_alone(declared: Program) -> None:
    release = declared.resources["web-release"]
    assert release.dependencies == {"web-acceptance"}
    assert {key: release.inputs[key] for key in ("recipe", "channel", "image")} == {
        "recipe": "web",
        "channel": "testing",
        "image": "web-0123456789abcdef",
    }


@pytest.mark.parametrize(
    ("name", "step"),
    [("base", BASE_STEP), *zip(STEPS, (MEDIA, BUILD, ACCEPTANCE, RELEASE_STEP), strict=True)],
)
def test_each_step_is_declared_with_the_provider_that_the_tests_of_providers_try(
    declared: Program, name: str, step: StepProvider
) -> None:
    stored = base64.b64decode(declared.resources[name].inputs["__provider"]["value"])
    assert vars(pickle.loads(stored)) == vars(step)  # noqa: S301 -- our own bytes


def test_the_urn_that_a_step_is_told_is_its_own(declared: Program) -> None:
    for name in ["base", *STEPS]:
        assert declared.resources[name].inputs["urn"] == declared.resources[name].urn


def test_what_steps_need_is_at_hand_and_readable(declared: Program, project: Project, context: Context) -> None:
    assert load_base_plan(Path(declared.resources["base"].inputs["plan"])) == PLAN
    for step in STEPS:
        assert Places.model_validate_json(declared.resources[step].inputs["places"]) == project.places()
    order = load_order(Path(declared.resources["web-build"].inputs["order"]))
    assert (order.recipe, order.lock, order.base) == ("web", LOCK, BASE)
