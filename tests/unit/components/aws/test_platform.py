"""A golden image on AWS: the same steps, with an AMI between build and acceptance, and no release without a verdict."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.aws import platform as aws_platform
from components.aws import release as aws_release
from components.aws.platform import AwsPlatform
from components.golden_image import GoldenImage, GoldenImageArgs
from components.program import choose_platform
from hallmark.aws import settings as aws_settings
from hallmark.aws.site import load_site
from hallmark.aws.steps import pack
from hallmark.common.errors import AwsError, PrerequisiteError
from hallmark.config.settings import Settings
from hallmark.debian import resolve as patches
from hallmark.order.order import Order, load_order
from hallmark.order.resolve import Context
from tests.doubles.server import BIN
from tests.support.aws.site import AWS, ROLE, SITE
from tests.support.declared import OUTPUTS, Program, run_program
from tests.support.examples import LOCK, TODAY, Project

STATUS = "Package: openssl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3.5.1-1\n"
SNAPSHOT, AMI, IMAGE = "snap-0123456789abcdef0", "ami-0123456789abcdef0", "web-0123456789abcdef"
SECRET = "correct horse battery staple"
BUILT = {"image": IMAGE, "snapshot": SNAPSHOT, "run": "run-1", "evidence": f"/evidence/{IMAGE}"}
STEPS = ["base", "web-patch-media", "web-build", "web-image-registration", "web-acceptance"]
OURS = [*STEPS, "web-release-channel-read-back"]


@pytest.fixture(autouse=True)
def _plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """The doubled ones are where the platform looks for them; nothing here starts them."""
    monkeypatch.setenv("PATH", f"{BIN}:{os.environ['PATH']}")


def test_without_pulumis_plugins_nothing_is_declared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path))
    asked: list[object] = []
    monkeypatch.setattr(aws_platform, "survey", lambda *_, **__: asked.append("AWS"))
    with pytest.raises(PrerequisiteError, match="`make aws-plugins` fetches it"):
        aws_platform.AwsPlatform(None, AWS)  # type: ignore[arg-type]
    assert asked == []


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def swept(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The scopes of the sweeps."""
    scopes: list[object] = []

    def sweep(_: object, *, scope: object, **__: object) -> tuple[str, ...]:
        scopes.append(scope)
        return ()

    monkeypatch.setattr(aws_platform, "sweep", sweep)
    return scopes


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    for level in ("info", "warn"):
        monkeypatch.setattr(pulumi.log, level, lambda text, *_, level=level, **__: lines.append(f"{level}: {text}"))
    return lines


@pytest.fixture
def context(project: Project, monkeypatch: pytest.MonkeyPatch, swept: list[object]) -> Context:
    """A stack's context: the mirror's answer is `LOCK`, the account's is `SITE`, every step goes well."""
    monkeypatch.setattr(patches, "resolve", lambda *_, **__: LOCK)
    monkeypatch.setattr(aws_platform, "ask_the_mirror", lambda _: True)
    monkeypatch.setattr(aws_platform, "survey", lambda *_, **__: SITE)
    outputs = {
        "AmiInventory": {"status": pack(STATUS)},
        "AmiBuild": BUILT,
        "AmiRegistration": {"ami": AMI},
        "AmiAcceptance": {"image": AMI, "accepted": True},
    }
    for kind, values in outputs.items():
        monkeypatch.setitem(OUTPUTS, kind, values)
    monkeypatch.setattr(aws_settings, "load_aws_settings", lambda *_, **__: AWS)
    settings = Settings(recipes=("web",), channel="testing", platform="aws", kmsKey="alias/hallmark")
    return Context(settings=settings, places=project.places(), root=project.folder, today=TODAY)


def body(project: Project, context: Context) -> Callable[[], None]:
    def declare() -> None:
        args = GoldenImageArgs(recipe=project.recipe, context=context, platform=choose_platform(context))
        pulumi.export("web", GoldenImage("web", args).outputs)

    return declare


@pytest.fixture
def declared(project: Project, context: Context) -> Program:
    return run_program(body(project, context), config={"aws:secretKey": SECRET, "hallmark:password": SECRET})


def order_of(declared: Program) -> Order:
    return load_order(Path(declared.resources["web-build"].inputs["order"]))


def test_the_settings_alone_decide_about_the_platform(context: Context) -> None:
    chosen: list[object] = []
    run_program(lambda: chosen.append(choose_platform(context)))
    assert isinstance(chosen[0], AwsPlatform)


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


def test_each_step_is_identified_by_the_fingerprint_of_its_inputs(declared: Program) -> None:
    order = order_of(declared)
    assert (order.expected_network, order.hardware, order.base) == ("imds", SITE.hardware, SITE.base_fingerprint)
    assert {name: declared.resources[name].inputs["fingerprint"] for name in STEPS} == {
        "base": SITE.base_fingerprint,
        "web-patch-media": order.build_manifest,
        "web-build": order.fingerprint,
        "web-image-registration": order.fingerprint,
        "web-acceptance": order.acceptance_fingerprint,
    }


def test_the_inventory_that_was_taken_is_what_the_order_starts_from(declared: Program) -> None:
    assert order_of(declared).inventory == (("openssl", "3.5.1-1", "amd64"),)


def test_the_urn_that_a_step_is_told_is_its_own(declared: Program) -> None:
    for name in OURS:
        assert declared.resources[name].inputs["urn"] == declared.resources[name].urn


def test_every_step_knows_where_on_aws_it_is(declared: Program) -> None:
    for name in set(OURS) - {"web-patch-media"}:
        inputs = declared.resources[name].inputs
        assert load_site(Path(inputs["site"])) == SITE
        assert (inputs["stack"], inputs["region"]) == ("local", "eu-central-1")


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
        platform = choose_platform(context)
        for name in ("web", "mail"):
            GoldenImage(name, GoldenImageArgs(recipe=project.recipe, context=context, platform=platform))

    kinds = [found.kind for found in run_program(declare).resources.values()]
    assert (kinds.count("AmiInventory"), kinds.count("AmiBuild")) == (1, 2)
