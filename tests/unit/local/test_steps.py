"""The steps on this machine: what they do, what refresh notices, what stays when a stack goes."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

from hallmark.base import base
from hallmark.base.base import BasePlan, save_base_plan
from hallmark.common.errors import StoreError
from hallmark.common.fingerprint import Sha256, hash_bytes
from hallmark.local import steps
from hallmark.order.order import save_order
from hallmark.pipeline import step as step_module
from hallmark.store.image import Image
from hallmark.store.store import Store
from tests.support.examples import BASE, Project
from tests.support.local_steps import (
    ACCEPTANCE,
    BASE_STEP,
    BUILD,
    MEDIA,
    RELEASE_STEP,
    STEPS,
    _no_engine,
    add,
    build_props,
    gone,
    project,
    props,
    said,
    store,
)

__all__ = ["_no_engine", "project", "said", "store"]

JUDGED = hash_bytes(b"acceptance")


def release_props(project: Project, image: Image) -> dict[str, Any]:
    return props(project, recipe="web", channel="stable", image=image.id)


# What refresh notices.


def test_an_image_that_is_there_is_read_as_it_is(project: Project, store: Store) -> None:
    known = build_props(project, add(store))
    result = BUILD.read("id", known)
    assert (result.id, result.outs) == ("id", known)


def test_an_image_whose_disk_has_vanished_is_gone(project: Project, store: Store) -> None:
    image = add(store)
    image.disk.unlink()
    assert gone(BUILD.read("id", build_props(project, image)))


def test_a_rejected_image_is_still_there_but_its_acceptance_is_not(project: Project, store: Store) -> None:
    image = add(store)
    store.reject(image.id, JUDGED, "no")
    assert not gone(BUILD.read("id", build_props(project, image)))
    assert gone(ACCEPTANCE.read("id", props(project, image=image.id, fingerprint=JUDGED, order="order.json")))


def test_an_acceptance_is_there_as_long_as_the_image_is_accepted_by_the_same_tests(
    project: Project, store: Store
) -> None:
    image = add(store)
    judged = props(project, image=image.id, fingerprint=JUDGED, order="order.json")
    assert gone(ACCEPTANCE.read("id", judged))
    store.accept(image.id, JUDGED)
    assert not gone(ACCEPTANCE.read("id", judged))
    assert gone(ACCEPTANCE.read("id", {**judged, "fingerprint": hash_bytes(b"other tests")}))
    image.disk.unlink()
    assert gone(ACCEPTANCE.read("id", judged))


def test_a_channel_that_was_moved_by_hand_is_read_as_it_is_now(project: Project, store: Store) -> None:
    first, second = add(store, "1"), add(store, "2")
    for image in (first, second):
        store.accept(image.id, JUDGED)
    known = release_props(project, first)
    assert gone(RELEASE_STEP.read("id", known))
    store.move_channel("web", "stable", second.id)
    assert RELEASE_STEP.read("id", known).outs == {**known, "image": second.id}
    second.disk.unlink()
    assert gone(RELEASE_STEP.read("id", known))


def test_media_and_base_that_have_vanished_are_gone(project: Project, tmp_path: Path) -> None:
    iso = tmp_path / "patch.iso"
    iso.write_text("iso")
    known = props(project, iso=str(iso), fingerprint=BASE, order="order.json")
    assert not gone(MEDIA.read("id", known))
    iso.unlink()
    assert gone(MEDIA.read("id", known))
    assert gone(BASE_STEP.read("id", props(project, fingerprint=BASE)))


# What stays when a stack goes.


def test_destroying_a_stack_keeps_its_images_and_says_so(project: Project, store: Store, said: list[str]) -> None:
    image = add(store)
    BUILD.delete(image.id, build_props(project, image))
    assert store.image(image.id) == image
    assert said == [f"kept in the store: image {image.id}, {image.disk} and {image.evidence}"]


def test_destroying_a_stack_keeps_its_channels_and_says_so(project: Project, store: Store, said: list[str]) -> None:
    image = add(store)
    store.accept(image.id, JUDGED)
    store.move_channel("web", "stable", image.id)
    RELEASE_STEP.delete("web/stable", release_props(project, image))
    target = store.channel_target("web", "stable")
    assert target is not None
    assert target.id == image.id
    assert said == [f"kept in the store: channel web/stable, pointing at {image.id}"]


def test_what_is_no_longer_there_is_not_said_to_be_kept(project: Project, store: Store, said: list[str]) -> None:
    image = add(store)
    image.disk.unlink()
    BUILD.delete(image.id, build_props(project, image))
    RELEASE_STEP.delete("web/stable", release_props(project, image))
    assert said == []


def test_no_step_removes_anything_from_the_store() -> None:
    source = inspect.getsource(steps)
    assert not [word for word in ("unlink", "rmtree", "remove_tree", ".gc(", "retire") if word in source]


# What a step does.


def test_a_release_moves_the_channel_and_an_update_moves_it_on(project: Project, store: Store, said: list[str]) -> None:
    first, second = add(store, "1"), add(store, "2")
    for image in (first, second):
        store.accept(image.id, JUDGED)
    made = RELEASE_STEP.create(release_props(project, first))
    assert made.id == "web/stable"
    assert store.channels() == {("web", "stable"): first.id}
    outs = RELEASE_STEP.update(made.id, release_props(project, first), release_props(project, second)).outs
    assert outs == release_props(project, second)
    assert store.channels() == {("web", "stable"): second.id}


def test_a_release_of_what_was_not_accepted_is_one_clear_error(project: Project, store: Store, said: list[str]) -> None:
    image = add(store)
    with pytest.raises(StoreError) as refused:
        RELEASE_STEP.create(release_props(project, image))
    assert str(refused.value) == (
        f"{image.id}: expected an accepted image for channel stable, got one that is candidate"
    )
    assert store.channels() == {}


def test_each_step_calls_its_one_function_and_returns_what_it_made(
    project: Project, store: Store, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    image = add(store)
    made = base.Base(fingerprint=BASE, disk=Path("/b.qcow2"), status=Path("/s"), kernel=Path("/k"))
    monkeypatch.setattr(steps, "build_base", lambda *_: made)
    monkeypatch.setattr(steps, "require_base", lambda *_: made)
    monkeypatch.setattr(step_module, "make_patch_media", lambda *_: (Path("/patch.iso"), Sha256("c" * 64)))
    monkeypatch.setattr(steps, "build_image", lambda *_: image)
    monkeypatch.setattr(steps, "accept_image", lambda *_: image)
    cache = project.places().cache
    inputs = props(
        project,
        fingerprint=BASE,
        order=str(save_order(project.order(), cache)),
        plan=str(save_base_plan(BasePlan(fingerprint=BASE, status="", epoch=0), cache)),
        image=image.id,
    )
    results = {step.step: step.create(inputs) for step in STEPS}
    assert {name: result.id for name, result in results.items()} == {
        "local.base": BASE[:16],
        "local.patch-media": "c" * 16,
        "local.build": image.id,
        "local.acceptance": f"{image.id}-acceptance",
    }
    assert results["local.base"].outs == {**inputs, "disk": "/b.qcow2"}
    assert results["local.patch-media"].outs == {**inputs, "iso": "/patch.iso", "manifest": "c" * 64}
    outputs = {"image": image.id, "disk": str(image.disk), "evidence": str(image.evidence)}
    assert results["local.build"].outs == {**inputs, **outputs}
    assert results["local.acceptance"].outs == {**inputs, "accepted": True}
