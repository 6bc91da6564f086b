"""What a golden image declares: the steps in their order, and nothing that lets one be skipped."""

from __future__ import annotations

import json
import runpy
import threading
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pulumi
import pytest
from pulumi.runtime.mocks import MockEngine
from pulumi.runtime.proto.engine_pb2 import INFO, LogRequest

from components import program as program_module
from components.golden_image import GoldenImage, GoldenImageArgs
from components.local import platform as local_platform
from components.local.platform import LocalPlatform
from components.program import load_context, stopping_cleanly
from hallmark.common.errors import LockError, SettingsError
from hallmark.config.settings import Settings
from hallmark.debian import resolve as patches
from hallmark.debian.lock import PatchLock
from hallmark.local.base import BasePlan, load_base_plan
from hallmark.order.order import load_order
from hallmark.order.places import Places
from hallmark.order.resolve import Context
from tests.support.declared import Program, run_program
from tests.support.examples import BASE, LOCK, TODAY, Project, append, replace

CHECKOUT = Path(__file__).parents[3]
STATUS = """\
Package: openssl
Status: install ok installed
Architecture: amd64
Version: 3.5.1-1
"""
PLAN = BasePlan(fingerprint=BASE, status=STATUS, epoch=0)
SECRET = "correct horse battery staple"
STEPS = ["web-patch-media", "web-build", "web-acceptance", "web-release"]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def context(project: Project, monkeypatch: pytest.MonkeyPatch) -> Context:
    """A stack's context; the mirror's answer is `LOCK`."""
    monkeypatch.setattr(patches, "resolve", lambda *_, **__: LOCK)
    monkeypatch.setattr(local_platform, "plan_the_base", lambda _: PLAN)
    settings = Settings(recipes=("web",), channel="testing")
    return Context(settings=settings, places=project.places(), root=project.folder, today=TODAY)


def body(project: Project, context: Context) -> Callable[[], None]:
    def declare() -> None:
        args = GoldenImageArgs(recipe=project.recipe, context=context, platform=LocalPlatform(context))
        GoldenImage("web", args)

    return declare


@pytest.fixture
def declared(project: Project, context: Context) -> Program:
    return run_program(body(project, context), config={"hallmark:password": SECRET})


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


def test_the_channel_is_moved_by_acceptances_output_alone(declared: Program) -> None:
    release = declared.resources["web-release"]
    assert release.dependencies == {"web-acceptance"}
    assert {key: release.inputs[key] for key in ("recipe", "channel", "image")} == {
        "recipe": "web",
        "channel": "testing",
        "image": "web-0123456789abcdef",
    }


def test_acceptance_judges_what_the_build_made(declared: Program) -> None:
    assert declared.resources["web-acceptance"].inputs["image"] == "web-0123456789abcdef"
    assert declared.resources["web-acceptance"].inputs["tests"] == ["pages.sh"]


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


def test_the_urn_that_a_step_is_told_is_its_own(declared: Program) -> None:
    for name in ["base", *STEPS]:
        assert declared.resources[name].inputs["urn"] == declared.resources[name].urn


def test_what_steps_need_is_at_hand_and_readable(declared: Program, project: Project, context: Context) -> None:
    assert load_base_plan(Path(declared.resources["base"].inputs["plan"])) == PLAN
    for step in STEPS:
        assert Places.model_validate_json(declared.resources[step].inputs["places"]) == project.places()
    order = load_order(Path(declared.resources["web-build"].inputs["order"]))
    assert (order.recipe, order.lock, order.base) == ("web", LOCK, BASE)


def test_a_preview_can_tell_patches_and_controls(declared: Program) -> None:
    assert declared.resources["web-patch-media"].inputs["patches"] == LOCK.summary()
    assert sorted(declared.resources["web-build"].inputs["controls"]) == ["alpha", "beta"]


def test_no_secret_is_among_the_inputs(declared: Program) -> None:
    for resource in declared.resources.values():
        inputs = {key: value for key, value in resource.inputs.items() if key != "__provider"}
        assert SECRET not in json.dumps(inputs)


def test_all_images_of_a_stack_share_one_base(project: Project, context: Context) -> None:
    def declare() -> None:
        args = GoldenImageArgs(recipe=project.recipe, context=context, platform=LocalPlatform(context))
        for name in ("web", "mail"):
            GoldenImage(name, args)

    declared = run_program(declare)
    assert [r.kind for r in declared.resources.values()].count("Base") == 1
    assert {declared.resources[f"{name}-build"].inputs["base"] for name in ("web", "mail")} == {"/cache/base.qcow2"}


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


def test_a_users_mistake_ends_the_program_with_its_message_alone(
    monkeypatch: pytest.MonkeyPatch, project: Project, context: Context
) -> None:
    logged: list[str] = []
    monkeypatch.setattr(pulumi.log, "error", lambda text, *_, **__: logged.append(text))
    with pytest.raises(SystemExit) as ended, stopping_cleanly():
        raise LockError("web.lock: packages[0]: gone")
    assert ended.value.code == 32
    assert logged == ["web.lock: packages[0]: gone"]


def test_a_bug_of_ours_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError), stopping_cleanly():
        raise ZeroDivisionError


def test_an_unknown_key_of_the_stack_is_named_with_its_file() -> None:
    def declare() -> None:
        with pytest.raises(SettingsError) as refused:
            load_context()
        assert str(refused.value) == (
            "stack local (stacks/Pulumi.local.yaml): hallmark: recipies: unknown key; remove it or mend its name"
        )

    run_program(declare, config={"hallmark:recipies": "[]"})


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
