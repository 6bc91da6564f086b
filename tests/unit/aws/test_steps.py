"""The steps' providers on AWS: when a step is done anew, what refresh notices, what stays when a stack goes."""

from __future__ import annotations

import inspect
import itertools
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from components.providers import GONE, StepProvider
from hallmark.aws import steps
from hallmark.aws.channel import parameter_name
from hallmark.aws.images import AmiImage, Root, get_image, register_image, set_verdict, snapshot_root
from hallmark.aws.session import Aws
from hallmark.aws.site import Site, save_site
from hallmark.aws.steps import AwsProps, pack, unpack
from hallmark.common.errors import AwsError, BuildError
from hallmark.common.fingerprint import hash_bytes
from hallmark.order.order import save_order
from tests.support.aws.strict import base_ami, site_in, strict_account, volume
from tests.support.examples import Project
from tests.support.local_steps import URN, project, said

__all__ = ["project", "said"]

JUDGED = hash_bytes(b"acceptance")
INVENTORY, BUILD = StepProvider("aws.inventory"), StepProvider("aws.build")
REGISTRATION = StepProvider("aws.registration", replace_on=("fingerprint", "snapshot"))
ACCEPTANCE = StepProvider("aws.acceptance", replace_on=("fingerprint", "ami"))
CHANNEL = StepProvider("aws.channel", replace_on=("parameter", "image"))
STEPS = [INVENTORY, BUILD, REGISTRATION, ACCEPTANCE]
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
    monkeypatch.setattr(steps, "Aws", lambda _: aws)  # a set of clients costs a second
    monkeypatch.setattr(steps, "current_settings", lambda *_: aws.settings)


@pytest.fixture
def image(aws: Aws, site: Site) -> AmiImage:
    """A registered candidate that no other test has."""
    labels = site.labels("web", "image", "run-1", hash_bytes(str(next(_numbers)).encode()))
    return register_image(aws, site.base, snapshot_root(aws, volume(aws), labels), labels)


def props(site: Site, project: Project, **more: object) -> dict[str, Any]:
    return {
        "stack": site.stack,
        "region": site.aws.region,
        "site": str(save_site(site, project.places().cache)),
        "places": project.places().model_dump_json(),
        "urn": URN,
        **more,
    }


def gone(result: Any) -> bool:
    return (result.id, result.outs) == (GONE.id, GONE.outs) == ("", {})


def test_a_base_of_our_own_is_made_anew_when_its_ami_is_gone(aws: Aws, site: Site, project: Project) -> None:
    step, ami = StepProvider("aws.base"), base_ami(aws, "own")
    known = props(site, project, fingerprint=JUDGED, plan="/plan", ami=ami)
    assert (step.read(ami, known).outs or {})["ami"] == ami
    aws.ec2.deregister_image(ImageId=ami)
    assert gone(step.read(ami, known))


# When a step is done anew


@pytest.mark.parametrize("step", STEPS)
def test_a_step_is_done_anew_when_its_fingerprint_is_another(step: StepProvider) -> None:
    diff = step.diff("id", {"fingerprint": "a"}, {"fingerprint": "b"})
    assert (diff.changes, diff.replaces) == (True, ["fingerprint"])


@pytest.mark.parametrize("step", STEPS)
def test_a_renamed_stack_and_other_credentials_are_no_reason(step: StepProvider, site: Site) -> None:
    renamed = site.model_copy(update={"stack": "production", "backend": "s3://states", "evidence": "/elsewhere"})
    olds = {"fingerprint": "a", "stack": site.stack, "site": "/1", "order": "/old", "urn": "old", "base": "ami-1"}
    news = {"fingerprint": "a", "stack": renamed.stack, "site": "/2", "order": "/new", "urn": "new", "base": "ami-2"}
    diff = step.diff("id", olds, news)
    assert (diff.changes, diff.replaces) == (False, [])


@pytest.mark.parametrize(
    ("step", "key", "replaces"),
    [
        (REGISTRATION, "snapshot", ["snapshot"]),
        (ACCEPTANCE, "ami", ["ami"]),
        (BUILD, "media", []),
        (ACCEPTANCE, "snapshot", []),
    ],
)
def test_another_snapshot_is_another_image_and_another_image_is_judged_anew(
    step: StepProvider, key: str, replaces: list[str]
) -> None:
    diff = step.diff("id", {"fingerprint": "a", key: "1"}, {"fingerprint": "a", key: "2"})
    assert (diff.changes, diff.replaces) == (bool(replaces), replaces)


@pytest.mark.parametrize(
    ("key", "replaces"), [("image", ["image"]), ("parameter", ["parameter"]), ("site", []), ("stack", [])]
)
def test_another_image_and_another_channel_are_read_back_anew(key: str, replaces: list[str]) -> None:
    diff = CHANNEL.diff("id", {key: "1"}, {key: "2"})
    assert (diff.changes, diff.replaces) == (bool(replaces), replaces)


# What refresh notices


def test_what_was_found_in_an_ami_stays_true_of_it(site: Site, project: Project) -> None:
    known = props(site, project, status=pack("x"), scripts="/scripts")
    result = INVENTORY.read("id", known)
    assert (result.id, result.outs) == ("id", known)


def test_a_root_snapshot_that_has_vanished_is_noticed(aws: Aws, site: Site, project: Project, image: AmiImage) -> None:
    known = props(site, project, snapshot=image.snapshot, order="order.json")
    result = BUILD.read("id", known)
    assert (result.id, result.outs) == ("id", known)
    aws.ec2.deregister_image(ImageId=image.ami)
    assert not gone(BUILD.read("id", known))
    aws.ec2.delete_snapshot(SnapshotId=image.snapshot)
    assert gone(BUILD.read("id", known))


def known_of(image: AmiImage, site: Site, project: Project) -> dict[str, Any]:
    """What the state knows of an image that was judged."""
    return props(
        site,
        project,
        ami=image.ami,
        fingerprint=JUDGED,
        order="order.json",
        recipe="web",
        snapshot=image.snapshot,
        run="run-1",
    )


def test_an_image_that_has_vanished_is_noticed_with_its_acceptance(
    aws: Aws, site: Site, project: Project, image: AmiImage
) -> None:
    set_verdict(aws, image.ami, "accepted", JUDGED)
    known = known_of(image, site, project)
    assert not gone(REGISTRATION.read("id", known))
    assert not gone(ACCEPTANCE.read("id", known))
    aws.ec2.deregister_image(ImageId=image.ami)
    assert gone(REGISTRATION.read("id", known))
    assert gone(ACCEPTANCE.read("id", known))


def test_a_verdict_that_has_vanished_or_is_another_is_noticed(
    aws: Aws, site: Site, project: Project, image: AmiImage
) -> None:
    known = known_of(image, site, project)
    assert gone(ACCEPTANCE.read("id", known))
    set_verdict(aws, image.ami, "accepted", JUDGED)
    assert not gone(ACCEPTANCE.read("id", known))
    assert gone(ACCEPTANCE.read("id", {**known, "fingerprint": hash_bytes(b"other tests")}))
    set_verdict(aws, image.ami, "rejected", JUDGED)
    assert gone(ACCEPTANCE.read("id", known))
    assert not gone(REGISTRATION.read("id", known))


def release(aws: Aws, ami: str, parameter: str) -> None:
    """What components/aws/release.py declares, made by hand."""
    aws.ec2.create_tags(Resources=[ami], Tags=[{"Key": "hallmark:status", "Value": "released"}])
    aws.ssm.put_parameter(Name=parameter, Value=ami, Type="String", DataType="aws:ec2:image", Overwrite=True)


def test_a_channel_that_has_gone_or_moved_or_cannot_be_launched_is_noticed(
    aws: Aws, site: Site, project: Project, image: AmiImage, said: list[str]
) -> None:
    parameter = parameter_name("web", "noticed")
    release(aws, image.ami, parameter)
    inputs = props(site, project, parameter=parameter, image=image.ami)
    made = CHANNEL.create(inputs)
    assert (made.id, made.outs) == (f"{parameter}={image.ami}", inputs)
    refreshed = CHANNEL.read("id", inputs)
    assert (refreshed.id, refreshed.outs) == ("id", inputs)
    aws.ec2.delete_tags(Resources=[image.ami], Tags=[{"Key": "hallmark:status"}])
    assert gone(CHANNEL.read("id", inputs))
    release(aws, image.ami, parameter)
    aws.ssm.put_parameter(Name=parameter, Value=base_ami(aws, "a-strangers"), Overwrite=True)
    assert gone(CHANNEL.read("id", inputs))
    aws.ssm.delete_parameter(Name=parameter)
    assert gone(CHANNEL.read("id", inputs))


# What stays when a stack goes


def test_a_release_that_an_earlier_version_made_is_kept_and_named(
    site: Site, project: Project, image: AmiImage, said: list[str]
) -> None:
    known = {
        "site": site.model_dump_json(),
        "places": project.places().model_dump_json(),
        "urn": URN,
        "parameter": "/hallmark/web/kept",
        "ami": image.ami,
    }
    earlier = StepProvider("aws.release")
    assert earlier.read("id", known).outs == known
    earlier.delete("id", known)
    assert said == [f"kept: channel /hallmark/web/kept, leading to {image.ami}"]
    with pytest.raises(AwsError, match="earlier version"):
        earlier.create(known)


def test_a_state_of_an_earlier_version_holds_the_site_itself(site: Site, project: Project) -> None:
    known = {"site": site.model_dump_json(), "places": project.places().model_dump_json()}
    found = AwsProps.model_validate(known)
    assert (found.stack, found.region) == (site.stack, site.aws.region)


def test_destroying_a_stack_keeps_its_images_and_says_so(
    aws: Aws, site: Site, project: Project, image: AmiImage, said: list[str]
) -> None:
    evidence = f"/evidence/{image.id}"
    known = props(
        site,
        project,
        snapshot=image.snapshot,
        ami=image.ami,
        evidence=evidence,
        fingerprint=JUDGED,
        order="order.json",
        scripts="/scripts",
        recipe="web",
        run="run-1",
    )
    for step in STEPS:
        step.delete("id", known)
    assert said == [f"kept: snapshot {image.snapshot} and evidence {evidence}", f"kept: image {image.ami}"]
    assert get_image(aws, image.ami) == image


def test_no_step_removes_anything_from_the_account() -> None:
    source = inspect.getsource(steps)
    assert not [word for word in ("deregister", "delete_", "terminate", "sweep(") if word in source]


# What a step does


def test_each_step_calls_its_one_function_and_returns_what_it_made(
    site: Site, project: Project, image: AmiImage, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = Root(snapshot=image.snapshot, build=image.build, completed=True)
    monkeypatch.setattr(steps, "take_inventory", lambda *_: "Package: x\n")
    monkeypatch.setattr(steps, "build_image", lambda *_: root)
    monkeypatch.setattr(steps, "accept_image", lambda *_: image)
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
    made = {step.step: step.create(inputs) for step in STEPS}
    name = f"web-{order.fingerprint[:16]}"
    assert {step: result.id for step, result in made.items()} == {
        "aws.inventory": f"{site.base.id}-inventory",
        "aws.build": image.snapshot,
        "aws.registration": image.ami,
        "aws.acceptance": f"{image.ami}-acceptance",
    }
    assert made["aws.inventory"].outs == {**inputs, "status": pack("Package: x\n")}
    built = {"image": name, "snapshot": image.snapshot, "run": "run-1", "evidence": f"/evidence/{name}"}
    assert made["aws.build"].outs == {**inputs, **built}
    assert made["aws.registration"].outs == {**inputs, "ami": image.ami}
    assert made["aws.acceptance"].outs == {**inputs, "image": image.ami, "accepted": True}


def test_a_users_mistake_is_told_without_a_traceback(
    site: Site, project: Project, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> Any:
        raise BuildError("inventory: no")

    monkeypatch.setattr(steps, "take_inventory", fails)
    with pytest.raises(BuildError) as error:
        INVENTORY.create(props(site, project, scripts="/scripts"))
    assert str(error.value) == "inventory: no"


def test_a_dpkg_database_is_packed_for_the_state() -> None:
    text = "Package: libc6\nDescription: Grüße\n\n" * 500
    assert unpack(pack(text)) == text
    assert len(pack(text)) < len(text) / 4
