"""What a golden image declares: the steps in their order, and nothing that lets one be skipped."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from pulumi.runtime.mocks import MockEngine
from pulumi.runtime.proto.engine_pb2 import INFO, LogRequest

from hallmark.common.errors import ControlError
from hallmark.debian import resolve as patches
from hallmark.debian.lock import PatchLock
from hallmark.order.order import load_order
from hallmark.order.resolve import Context
from hallmark.pipeline.step import RESOURCES, SHARED_RESOURCES
from tests.support.declared import OUTPUTS, Program, run_program
from tests.support.declared_image import SECRET, STEPS, body, context, declared, project
from tests.support.examples import BASE, LOCK, Project, append, replace

__all__ = ["context", "declared", "project"]


def test_the_steps_are_declared_below_one_component(declared: Program) -> None:
    assert [name for name in declared.resources if name in STEPS] == STEPS
    assert {declared.resources[step].parent for step in STEPS} == {"web"}
    assert [declared.resources[step].kind for step in STEPS] == ["PatchMedia", "ImageBuild", "Acceptance", "Release"]
    assert "GoldenImage" in declared.resources["web"].kind


def test_each_step_waits_for_the_one_before_it(declared: Program) -> None:
    depends = {name: declared.resources[name].dependencies for name in STEPS}
    assert depends["web-build"] >= {"base", "web-patch-media"}
    assert depends["web-acceptance"] >= {"web-build"}
    assert depends["web-release"] >= {"web-acceptance"}


def test_each_step_is_identified_by_the_fingerprint_of_its_inputs(declared: Program, project: Project) -> None:
    order = load_order(Path(declared.resources["web-build"].inputs["order"]))
    got = {name: declared.resources[name].inputs.get("fingerprint") for name in ["base", *STEPS]}
    assert got == {
        "base": BASE,
        "web-patch-media": order.build_manifest,
        "web-build": order.fingerprint,
        "web-acceptance": order.acceptance_fingerprint,
        "web-release": None,
    }


def test_a_preview_can_tell_patches_and_controls(declared: Program) -> None:
    assert declared.resources["web-patch-media"].inputs["patches"] == LOCK.summary()
    assert sorted(declared.resources["web-build"].inputs["controls"]) == ["alpha", "beta"]


def test_the_names_that_one_recipe_is_chosen_by_are_those_of_its_resources(declared: Program) -> None:
    mine = {f"web-{name}" for name in RESOURCES} | {"web", *SHARED_RESOURCES}
    assert set(declared.resources) <= mine | {"hallmark-local"}


def test_in_an_up_a_recipe_that_is_wrong_fails_in_its_first_step_alone(project: Project, context: Context) -> None:
    replace(project.recipe_file, "[hardening]", "[hardening.parameters.nosuch]\nx = 1\n[hardening]")
    declared = run_program(body(project, context))
    with pytest.raises(ControlError, match="nosuch"):
        load_order(Path(declared.resources["web-patch-media"].inputs["order"]))
    with pytest.raises(SystemExit):
        run_program(body(project, context), preview=True)


def test_the_step_after_a_failed_one_still_depends_on_it(
    project: Project, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine answers for a failed resource with nothing of what it would have made."""
    monkeypatch.setitem(OUTPUTS, "ImageBuild", {})
    acceptance = run_program(body(project, context)).resources["web-acceptance"]
    assert "web-build" in acceptance.dependencies


def test_no_secret_is_among_the_inputs(declared: Program) -> None:
    for resource in declared.resources.values():
        inputs = {key: value for key, value in resource.inputs.items() if key != "__provider"}
        assert SECRET not in json.dumps(inputs)


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        pytest.param(
            lambda p: append(p.scripts / "controls" / "gamma" / "apply.sh", "#"), set(), id="an unplanned control"
        ),
        pytest.param(
            lambda p: append(p.scripts / "controls" / "alpha" / "apply.sh", "#"),
            {"web-patch-media", "web-build", "web-acceptance"},
            id="a planned control",
        ),
        pytest.param(
            lambda p: append(p.recipe_file.parent / "acceptance" / "pages.sh", "#"),
            {"web-acceptance"},
            id="an acceptance script",
        ),
        pytest.param(
            lambda p: replace(p.recipe_file, "[acceptance]", "[machine]\ncpus = 1\n[acceptance]"),
            {"web-build", "web-acceptance"},
            id="the machine's shape",
        ),
    ],
)
def test_a_change_reaches_the_steps_that_it_concerns(
    project: Project, context: Context, change: Callable[[Project], None], changed: set[str]
) -> None:
    before = run_program(body(project, context)).resources
    change(project)
    after = run_program(body(project, context)).resources
    keys = ("fingerprint",)
    assert {n for n in before for k in keys if before[n].inputs.get(k) != after[n].inputs.get(k)} == changed


def test_a_download_is_shown_on_the_images_row_while_it_goes_on(
    monkeypatch: pytest.MonkeyPatch, project: Project, context: Context
) -> None:
    shown: list[tuple[str, str, bool]] = []

    def log(_: MockEngine, line: LogRequest) -> None:
        if line.severity == INFO:
            shown.append((line.urn.rpartition("::")[2], line.message, line.ephemeral))

    def resolve(*asked: object, ask: bool) -> PatchLock:
        say = cast("Callable[[str], None]", asked[-1])
        from_a_thread = threading.Thread(target=say, args=("downloading 1 of 3 packages",))
        from_a_thread.start()
        from_a_thread.join()
        assert len(shown) == 1
        return LOCK

    monkeypatch.setattr(MockEngine, "Log", log)
    monkeypatch.setattr(patches, "resolve", resolve)
    run_program(body(project, context))
    assert shown == [("web", "downloading 1 of 3 packages", True), ("web", "3 packages, 1 CVEs", False)]
