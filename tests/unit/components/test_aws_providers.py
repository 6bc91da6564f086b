"""The steps' providers on AWS: when a step is done anew, what refresh notices, what stays when a stack goes."""

from __future__ import annotations

import inspect
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components import aws_providers, step_provider
from components.aws_providers import (
    _AcceptanceProvider,
    _AwsStep,
    _BuildProvider,
    _InventoryProvider,
    _RegistrationProvider,
    _ReleaseProvider,
    pack,
    unpack,
)
from components.step_provider import GONE
from hallmark.aws import driver as aws_driver
from hallmark.aws.channel import channels_of
from hallmark.aws.images import AmiImage, Root, get_image, register_image, set_verdict, snapshot_root
from hallmark.aws.session import Aws
from hallmark.aws.site import Site
from hallmark.common.errors import AwsError, BuildError, RejectedError
from hallmark.common.fingerprint import hash_bytes
from hallmark.order.order import save_order
from tests.support.aws.strict import base_ami, site_in, strict_account, volume
from tests.support.examples import Project

URN = "urn:pulumi:aws::hallmark::pulumi-python:dynamic/hallmark:AmiBuild::web-build"
JUDGED = hash_bytes(b"acceptance")
STEPS = [_InventoryProvider, _BuildProvider, _RegistrationProvider, _AcceptanceProvider]
_numbers = itertools.count()


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    with strict_account() as aws:
        yield aws


@pytest.fixture(scope="module")
def site(aws: Aws) -> Site:
    return site_in(aws, "/evidence", base=base_ami(aws))


@pytest.fixture(autouse=True)
def _no_engine(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["provider"])
    monkeypatch.setattr(aws_providers, "_aws", lambda _: aws)  # a set of clients costs a second


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the providers tell the engine that stays on the screen."""
    lines: list[str] = []

    def recorder(urn: str, *, lasting: bool = False) -> Any:
        assert urn == URN
        return lines.append if lasting else lambda text: None

    for module in (aws_providers, step_provider):
        monkeypatch.setattr(module, "reporter", recorder)
    return lines


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def image(aws: Aws, site: Site) -> AmiImage:
    """A registered candidate that no other test has."""
    labels = site.labels("web", "image", "run-1", hash_bytes(str(next(_numbers)).encode()))
    return register_image(aws, site.base, snapshot_root(aws, volume(aws), labels), labels)


def props(site: Site, project: Project, **more: object) -> dict[str, Any]:
    return {"site": site.model_dump_json(), "places": project.places().model_dump_json(), "urn": URN, **more}


def release(site: Site, project: Project, image: AmiImage, *, channel: str, accepted: object = True) -> dict[str, Any]:
    """What the state knows of a release that was made."""
    inputs = props(site, project, recipe="web", channel=channel, ami=image.ami, accepted=accepted)
    made = _ReleaseProvider().create(inputs)
    assert made.outs is not None
    assert made.id == made.outs["parameter"]
    return made.outs


def gone(result: Any) -> bool:
    return (result.id, result.outs) == (GONE.id, GONE.outs) == ("", {})


# When a step is done anew


@pytest.mark.parametrize("step", STEPS)
def test_a_step_is_done_anew_when_its_fingerprint_is_another(step: type[_AwsStep]) -> None:
    diff = step().diff("id", {"fingerprint": "a"}, {"fingerprint": "b"})
    assert (diff.changes, diff.replaces) == (True, ["fingerprint"])


@pytest.mark.parametrize("step", STEPS)
def test_a_renamed_stack_and_other_credentials_are_no_reason(step: type[_AwsStep], site: Site) -> None:
    renamed = site.model_copy(update={"stack": "production", "backend": "s3://states", "evidence": "/elsewhere"})
    olds = {"fingerprint": "a", "site": site.model_dump_json(), "order": "/old", "urn": "old", "base": "ami-1"}
    news = {"fingerprint": "a", "site": renamed.model_dump_json(), "order": "/new", "urn": "new", "base": "ami-2"}
    diff = step().diff("id", olds, news)
    assert (diff.changes, diff.replaces) == (False, [])


@pytest.mark.parametrize(
    ("step", "key", "replaces"),
    [
        (_RegistrationProvider, "snapshot", ["snapshot"]),
        (_AcceptanceProvider, "ami", ["ami"]),
        (_BuildProvider, "media", []),
        (_AcceptanceProvider, "snapshot", []),
    ],
)
def test_another_snapshot_is_another_image_and_another_image_is_judged_anew(
    step: type[_AwsStep], key: str, replaces: list[str]
) -> None:
    diff = step().diff("id", {"fingerprint": "a", key: "1"}, {"fingerprint": "a", key: "2"})
    assert (diff.changes, diff.replaces) == (bool(replaces), replaces)


@pytest.mark.parametrize(
    ("key", "changes", "replaces"),
    [("ami", True, []), ("channel", True, ["channel"]), ("recipe", True, ["channel"]), ("site", False, [])],
)
def test_another_image_moves_the_channel_and_another_channel_is_another_release(
    key: str, changes: bool, replaces: list[str]
) -> None:
    diff = _ReleaseProvider().diff("id", {key: "1"}, {key: "2"})
    assert (diff.changes, diff.replaces) == (changes, replaces)


# What refresh notices


def test_what_was_found_in_an_ami_stays_true_of_it(site: Site, project: Project) -> None:
    known = props(site, project, status=pack("x"))
    result = _InventoryProvider().read("id", known)
    assert (result.id, result.outs) == ("id", known)


def test_a_root_snapshot_that_has_vanished_is_noticed(aws: Aws, site: Site, project: Project, image: AmiImage) -> None:
    known = props(site, project, snapshot=image.snapshot)
    result = _BuildProvider().read("id", known)
    assert (result.id, result.outs) == ("id", known)
    aws.ec2.deregister_image(ImageId=image.ami)
    assert not gone(_BuildProvider().read("id", known))
    aws.ec2.delete_snapshot(SnapshotId=image.snapshot)
    assert gone(_BuildProvider().read("id", known))


def test_an_image_that_has_vanished_is_noticed_with_its_acceptance(
    aws: Aws, site: Site, project: Project, image: AmiImage
) -> None:
    set_verdict(aws, image.ami, "accepted", JUDGED)
    known = props(site, project, ami=image.ami, fingerprint=JUDGED)
    assert not gone(_RegistrationProvider().read("id", known))
    assert not gone(_AcceptanceProvider().read("id", known))
    aws.ec2.deregister_image(ImageId=image.ami)
    assert gone(_RegistrationProvider().read("id", known))
    assert gone(_AcceptanceProvider().read("id", known))


def test_a_verdict_that_has_vanished_or_is_another_is_noticed(
    aws: Aws, site: Site, project: Project, image: AmiImage
) -> None:
    known = props(site, project, ami=image.ami, fingerprint=JUDGED)
    assert gone(_AcceptanceProvider().read("id", known))
    set_verdict(aws, image.ami, "accepted", JUDGED)
    assert not gone(_AcceptanceProvider().read("id", known))
    assert gone(_AcceptanceProvider().read("id", {**known, "fingerprint": hash_bytes(b"other tests")}))
    set_verdict(aws, image.ami, "rejected", JUDGED)
    assert gone(_AcceptanceProvider().read("id", known))
    assert not gone(_RegistrationProvider().read("id", known))


def test_a_channel_that_has_gone_or_moved_or_cannot_be_launched_is_noticed(
    aws: Aws, site: Site, project: Project, image: AmiImage, said: list[str]
) -> None:
    released = release(site, project, image, channel="noticed")
    refreshed = _ReleaseProvider().read("id", released)
    assert (refreshed.id, refreshed.outs) == ("id", released)
    other = register_image(
        aws, site.base, snapshot_root(aws, volume(aws), site.labels("web", "image", "run-2", JUDGED)),
        site.labels("web", "image", "run-2", JUDGED),
    )  # fmt: skip
    aws.ssm.put_parameter(Name="/hallmark/web/noticed", Value=other.ami, Overwrite=True)
    assert gone(_ReleaseProvider().read("id", released))  # it leads to an image without the tag
    aws.ec2.create_tags(Resources=[other.ami], Tags=[{"Key": "hallmark:status", "Value": "released"}])
    assert _ReleaseProvider().read("id", released).outs == {**released, "ami": other.ami}
    aws.ssm.put_parameter(Name="/hallmark/web/noticed", Value=base_ami(aws, "a-strangers"), Overwrite=True)
    assert gone(_ReleaseProvider().read("id", released))
    aws.ssm.delete_parameter(Name="/hallmark/web/noticed")
    assert gone(_ReleaseProvider().read("id", released))


# What stays when a stack goes


def test_destroying_a_stack_keeps_the_channel_and_says_so(
    aws: Aws, site: Site, project: Project, image: AmiImage, said: list[str]
) -> None:
    _ReleaseProvider().delete("id", release(site, project, image, channel="kept"))
    assert said == [f"kept: channel /hallmark/web/kept, leading to {image.ami}"]
    assert aws.ssm.get_parameter(Name="/hallmark/web/kept")["Parameter"]["Value"] == image.ami


def test_destroying_a_stack_keeps_its_images_and_says_so(
    aws: Aws, site: Site, project: Project, image: AmiImage, said: list[str]
) -> None:
    evidence = f"/evidence/{image.id}"
    known = props(site, project, snapshot=image.snapshot, ami=image.ami, evidence=evidence, fingerprint=JUDGED)
    for step in STEPS:
        step().delete("id", known)
    assert said == [f"kept: snapshot {image.snapshot} and evidence {evidence}", f"kept: image {image.ami}"]
    assert get_image(aws, image.ami) == image


@pytest.mark.parametrize("step", [*STEPS, _ReleaseProvider])
def test_no_provider_removes_anything_from_the_account(step: type[_AwsStep]) -> None:
    source = inspect.getsource(step)
    assert not [word for word in ("deregister", "delete_", "terminate", "sweep(") if word in source]


# What a step does


def test_each_step_calls_its_one_function_and_returns_what_it_made(
    site: Site, project: Project, image: AmiImage, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = Root(snapshot=image.snapshot, build=image.build, completed=True)
    monkeypatch.setattr(aws_driver, "take_inventory", lambda *_: "Package: x\n")
    monkeypatch.setattr(aws_driver, "build_root", lambda *_: root)
    monkeypatch.setattr(aws_driver, "accept_ami", lambda *_: image)
    order = project.order()
    inputs = props(
        site,
        project,
        order=str(save_order(order, project.places().cache)),
        scripts="/scripts",
        recipe="web",
        snapshot=image.snapshot,
        run=image.build,
        fingerprint=image.fingerprint,
        ami=image.ami,
    )
    made = {step.__name__: step().create(inputs) for step in STEPS}
    name = f"web-{order.fingerprint[:16]}"
    assert {step: result.id for step, result in made.items()} == {
        "_InventoryProvider": f"{site.base.id}-inventory",
        "_BuildProvider": image.snapshot,
        "_RegistrationProvider": image.ami,
        "_AcceptanceProvider": f"{image.ami}-acceptance",
    }
    assert made["_InventoryProvider"].outs == {**inputs, "status": pack("Package: x\n")}
    built = {"image": name, "snapshot": image.snapshot, "run": "run-1", "evidence": f"/evidence/{name}"}
    assert made["_BuildProvider"].outs == {**inputs, **built}
    assert made["_RegistrationProvider"].outs == {**inputs, "ami": image.ami}
    assert made["_AcceptanceProvider"].outs == {**inputs, "image": image.ami, "accepted": True}


def test_a_release_marks_the_image_and_leads_the_channel_to_it_and_can_be_done_again(
    aws: Aws, site: Site, project: Project, image: AmiImage, said: list[str]
) -> None:
    for _ in range(2):
        released = release(site, project, image, channel="done")
        assert released["parameter"] == "/hallmark/web/done"
        assert get_image(aws, image.ami).released
        row = aws.ssm.get_parameter(Name="/hallmark/web/done")["Parameter"]
        assert (row["Value"], row["Type"], row["DataType"]) == (image.ami, "String", "aws:ec2:image")


def test_without_the_tag_the_channel_stays_where_it_is(
    aws: Aws, site: Site, project: Project, image: AmiImage, said: list[str]
) -> None:
    released = release(site, project, image, channel="stays")
    with pytest.raises(AwsError, match=r"^/hallmark/web/stays: CreateTags failed"):
        _ReleaseProvider().update("id", released, {**released, "ami": "ami-0123456789abcdef0"})
    assert aws.ssm.get_parameter(Name="/hallmark/web/stays")["Parameter"]["Value"] == image.ami


@pytest.mark.parametrize("accepted", [False, None, "yes"])
def test_without_a_verdict_nothing_is_released(
    aws: Aws, site: Site, project: Project, image: AmiImage, said: list[str], accepted: object
) -> None:
    with pytest.raises(RejectedError, match="expected an accepted image, got one without a verdict"):
        release(site, project, image, channel="never", accepted=accepted)
    assert not get_image(aws, image.ami).released
    assert channels_of(aws, "web", image.ami) == []


def test_a_users_mistake_is_told_without_a_traceback(
    site: Site, project: Project, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> Any:
        raise BuildError("inventory: no")

    monkeypatch.setattr(aws_driver, "take_inventory", fails)
    with pytest.raises(BuildError) as error:
        _InventoryProvider().create(props(site, project, scripts="/scripts"))
    assert str(error.value) == "inventory: no"


def test_a_dpkg_database_is_packed_for_the_state() -> None:
    text = "Package: libc6\nDescription: Grüße\n\n" * 500
    assert unpack(pack(text)) == text
    assert len(pack(text)) < len(text) / 4
