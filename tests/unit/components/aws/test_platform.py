"""A golden image on AWS: the same steps, with an AMI between build and acceptance, and no release without a verdict."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime.mocks import MockResourceArgs

from components.aws import platform as aws_platform
from components.aws import release as aws_release
from components.aws.platform import AwsPlatform
from components.golden_image import GoldenImage, GoldenImageArgs
from components.program import choose_platform
from hallmark.aws.base import describe_own_base
from hallmark.aws.site import Site, load_site
from hallmark.base.base import BasePlan, load_base_plan
from hallmark.common.errors import AwsError, MirrorError, PrerequisiteError
from hallmark.config.disk import PLAIN, Disk
from hallmark.config.settings import WantedAmi
from hallmark.order.resolve import Context
from hallmark.pipeline.step import RESOURCES, SHARED_RESOURCES
from tests.support.aws.declared_image import (
    AMI,
    IMAGE,
    OURS,
    SECRET,
    SNAPSHOT,
    STATUS,
    _plugins,
    body,
    context,
    declared,
    order_of,
    project,
    swept,
)
from tests.support.aws.site import AWS, ROLE, SITE
from tests.support.declared import OUTPUTS, Answers, Program, run_program
from tests.support.examples import BASE, Project

__all__ = ["_plugins", "context", "declared", "project", "swept"]


def test_the_names_that_one_recipe_is_chosen_by_are_those_of_its_resources(declared: Program) -> None:
    mine = {f"web-{name}" for name in RESOURCES} | {"web", *SHARED_RESOURCES}
    assert set(declared.resources) <= mine | {"hallmark-local"}


def test_without_pulumis_plugins_nothing_is_declared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path))
    asked: list[object] = []
    monkeypatch.setattr(aws_platform, "survey", lambda *_, **__: asked.append("AWS"))
    with pytest.raises(PrerequisiteError, match="`make aws-plugins` fetches it"):
        aws_platform.aws_platforms(None, AWS, [PLAIN])  # type: ignore[arg-type]
    assert asked == []


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    for level in ("info", "warn", "error"):
        monkeypatch.setattr(pulumi.log, level, lambda text, *_, level=level, **__: lines.append(f"{level}: {text}"))
    return lines


def test_the_settings_alone_decide_about_the_platform(project: Project, context: Context) -> None:
    chosen: list[object] = []
    run_program(lambda: chosen.extend(choose_platform(context, {"web": project.recipe}).values()))
    assert [type(platform) for platform in chosen] == [AwsPlatform]


def test_the_steps_are_a_tree_below_one_component(declared: Program) -> None:
    tree = {name: (found.parent, found.kind) for name, found in declared.resources.items()}
    stack = next(name for name, found in declared.resources.items() if found.kind == "Stack")
    assert {name: row for name, row in tree.items() if name != stack} == {
        "base": (stack, "AmiInventory"),
        "web": (stack, "GoldenImage"),
        "web-patch-media": ("web", "PatchMedia"),
        "web-build": ("web", "AmiBuild"),
        "web-image": ("web", "GoldenAmi"),
        "web-image-registration": ("web-image", "AmiRegistration"),
        "web-acceptance": ("web", "AmiAcceptance"),
        "aws": (stack, "aws"),
        "web-release": ("web", "AmiRelease"),
        "web-release-status": ("web-release", "Tag"),
        "web-release-channel": ("web-release", "Parameter"),
        "web-release-channel-read-back": ("web-release", "ChannelReadBack"),
    }


@pytest.mark.parametrize(
    ("step", "before"),
    [
        ("web-build", {"base", "web-patch-media"}),
        ("web-image-registration", {"web-build"}),
        ("web-acceptance", {"web-image-registration"}),
        ("web-release-status", {"web-acceptance"}),
        ("web-release-channel", {"web-acceptance", "web-release-status"}),
        ("web-release-channel-read-back", {"web-release-channel"}),
    ],
)
def test_each_step_waits_for_the_one_before_it(declared: Program, step: str, before: set[str]) -> None:
    assert declared.resources[step].dependencies >= before


def test_what_a_step_makes_is_what_the_next_one_takes(declared: Program) -> None:
    inputs = {name: found.inputs for name, found in declared.resources.items()}
    assert (inputs["web-image-registration"]["snapshot"], inputs["web-image-registration"]["run"]) == (
        SNAPSHOT,
        "run-1",
    )
    assert inputs["web-acceptance"]["ami"] == AMI
    assert (inputs["web-release-status"]["resourceId"], inputs["web-release-channel"]["insecureValue"]) == (AMI, AMI)
    assert inputs["web-release-channel"]["name"] == "/hallmark/web/testing"


def test_the_inventory_that_was_taken_is_what_the_order_starts_from(declared: Program) -> None:
    assert order_of(declared).inventory == (("openssl", "3.5.1-1", "amd64"),)


def test_the_stacks_outputs_name_the_image(declared: Program) -> None:
    assert declared.exports["web"] == {
        "id": IMAGE,
        "ami": AMI,
        "snapshot": SNAPSHOT,
        "region": "eu-central-1",
        "parameter": "/hallmark/web/testing",
        "evidence": f"/evidence/{IMAGE}",
        "channel": "testing",
        "accepted": True,
    }


def test_the_release_is_told_the_acceptances_own_verdict(
    project: Project, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it does with one that is no is in test_release.py."""
    told: list[tuple[str, object]] = []

    def keep(ami: str, accepted: object) -> str:
        told.append((ami, accepted))
        return ami

    monkeypatch.setattr(aws_release, "_only_accepted", keep)
    monkeypatch.setitem(OUTPUTS, "AmiAcceptance", {"image": AMI, "accepted": False})
    run_program(body(project, context))
    assert told == [(AMI, False)]


# A base of our own


@pytest.fixture
def own(project: Project, context: Context, monkeypatch: pytest.MonkeyPatch) -> Program:
    """What is declared with a base of our own, whose plan names one package."""
    site = SITE.model_copy(update={"base": describe_own_base(BASE), "own_base": BASE})
    monkeypatch.setattr(aws_platform, "plan_the_base", lambda _: BasePlan(fingerprint=BASE, status=STATUS, epoch=0))
    monkeypatch.setattr(aws_platform, "survey", lambda *_, own, **__: site if own.fingerprint == BASE else None)
    monkeypatch.setitem(OUTPUTS, "OwnBase", {"ami": "ami-0ours"})
    settings = context.settings.model_copy(update={"base_ami": WantedAmi(build=True)})
    return run_program(body(project, dataclasses.replace(context, settings=settings)))


def test_a_base_of_our_own_takes_the_place_of_the_inventory(own: Program) -> None:
    kinds = [found.kind for found in own.resources.values()]
    assert (kinds.count("OwnBase"), kinds.count("AmiInventory")) == (1, 0)
    assert own.resources["web-build"].dependencies >= {"base", "web-patch-media"}
    assert own.resources["web-build"].inputs["base"] == "ami-0ours"


def test_its_packages_are_known_without_a_boot_and_the_order_is_that_of_the_disk(own: Program) -> None:
    order = order_of(own)
    assert order.inventory == (("openssl", "3.5.1-1", "amd64"),)
    assert order.base == BASE
    plan = load_base_plan(Path(own.resources["base"].inputs["plan"]))
    assert (plan.fingerprint, plan.status) == (BASE, STATUS)


def test_each_disk_has_an_ami_of_its_own_of_the_disks_size(
    project: Project, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = BasePlan(fingerprint=BASE, status=STATUS, epoch=0)
    site = SITE.model_copy(update={"base": describe_own_base(BASE), "own_base": BASE})
    looked: list[object] = []

    def survey(*_: object, **__: object) -> Site:
        looked.append("AWS")
        return site

    monkeypatch.setattr(aws_platform, "plan_the_base", lambda _: plan)
    monkeypatch.setattr(aws_platform, "survey", survey)
    laid_out = project.recipe.model_copy(update={"disk": Disk(layout="separate", size_gib=12)})
    settings = context.settings.model_copy(update={"base_ami": WantedAmi(build=True)})
    recipes = {"web": project.recipe, "data": laid_out}

    def declare() -> None:
        platforms = choose_platform(dataclasses.replace(context, settings=settings), recipes)
        for name, platform in platforms.items():
            GoldenImage(name, GoldenImageArgs(recipe=recipes[name], context=context, platform=platform))

    declared = run_program(declare)
    sites = {name: load_site(Path(declared.resources[f"{name}-build"].inputs["site"])) for name in recipes}
    other = plan.laid_out(laid_out.disk.laid_out())
    assert {name: (one.own_base, one.base.root_gib) for name, one in sites.items()} == {
        "web": (BASE, 4),
        "data": (other.fingerprint, 12),
    }
    bases = [name for name, found in declared.resources.items() if found.kind == "OwnBase"]
    assert sorted(bases) == ["base", other.layout.base_name]
    assert looked == ["AWS"]


# Account and region


def test_the_provider_gets_the_accounts_settings_but_for_what_it_does_not_know(declared: Program) -> None:
    given = declared.resources["aws"].inputs
    assert (given["region"], given["profile"]) == ("eu-central-1", "builder")
    assert json.loads(given["assumeRoles"]) == [{"roleArn": ROLE, "sessionName": "s1"}]
    assert json.loads(given["endpoints"]) == [{"ec2": "http://127.0.0.1:5000"}]


def test_the_release_goes_through_that_provider(declared: Program) -> None:
    for name in ("web-release-status", "web-release-channel"):
        assert "::aws::" in declared.resources[name].provider


def test_no_secret_is_among_the_inputs(declared: Program) -> None:
    for resource in declared.resources.values():
        inputs = {key: value for key, value in resource.inputs.items() if key != "__provider"}
        assert SECRET not in json.dumps(inputs)


# Preview, and leftovers


def test_a_preview_of_an_ami_that_nobody_has_looked_into_says_so_and_goes_on(
    project: Project, context: Context, logged: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind in ("AmiInventory", "AmiBuild", "AmiRegistration", "AmiAcceptance", "PatchMedia"):
        monkeypatch.setitem(OUTPUTS, kind, {})
    declared = run_program(body(project, context), preview=True)
    said = "this AMI has not been looked into yet: packages and CVEs are known once it was booted, in isolation, "
    assert [line for line in logged if "looked into" in line] == [f"info: {said}by the next up"]
    assert set(OURS) <= set(declared.resources)


def test_a_preview_of_a_known_ami_names_packages_and_cves(
    project: Project, context: Context, logged: list[str]
) -> None:
    run_program(body(project, context), preview=True)
    assert [line for line in logged if "looked into" in line] == []
    assert any("CVE-2026-0001" in line for line in logged)


def test_what_killed_runs_of_this_stack_left_goes_first_but_not_in_a_preview(
    project: Project, context: Context, swept: list[object]
) -> None:
    run_program(body(project, context), preview=True)
    assert swept == []
    run_program(body(project, context))
    assert swept == [("hallmark", "local")]


def test_leftovers_that_cannot_be_removed_keep_nobody_from_building(
    project: Project, context: Context, logged: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: Any, **__: Any) -> tuple[str, ...]:
        raise AwsError("sweep: not allowed: DeleteVpc")

    monkeypatch.setattr(aws_platform, "sweep", refuses)
    declared = run_program(body(project, context))
    assert "warn: sweep: not allowed: DeleteVpc" in logged
    assert "web-release" in declared.resources


def test_all_images_of_a_stack_share_one_inventory(project: Project, context: Context) -> None:
    def declare() -> None:
        platforms = choose_platform(context, {"web": project.recipe, "mail": project.recipe})
        for name, platform in platforms.items():
            GoldenImage(name, GoldenImageArgs(recipe=project.recipe, context=context, platform=platform))

    kinds = [found.kind for found in run_program(declare).resources.values()]
    assert (kinds.count("AmiInventory"), kinds.count("AmiBuild")) == (1, 2)


def test_where_the_mirror_does_not_answer_the_program_ends_before_a_machine_is_asked_for(
    project: Project, context: Context, logged: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def does_not_answer(_: Context) -> bool:
        raise MirrorError("mirror: no answer")

    registered: list[str] = []
    answer = Answers.new_resource

    def register(self: Answers, args: MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        registered.append(args.name)
        return answer(self, args)

    monkeypatch.setattr(Answers, "new_resource", register)
    monkeypatch.setattr(aws_platform, "ask_the_mirror", does_not_answer)
    with pytest.raises(SystemExit):
        run_program(body(project, context))
    assert set(registered) <= {
        "hallmark-local",
        "aws",
        "web",
        "web-release",
        "web-image",
    }  # Pulumi's own, and components
    assert "error: mirror: no answer" in logged[-1]
