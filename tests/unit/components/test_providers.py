"""The steps' providers: when a step is done anew, what refresh notices, what stays when a stack goes."""

from __future__ import annotations

import base64
import importlib
import inspect
import json
import pickle
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from pulumi.dynamic.dynamic import serialize_provider
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

from components import providers
from components.providers import GONE, StepProvider, find_step
from components.report import reporter
from hallmark.common.errors import RejectedError, StoreError
from hallmark.common.fingerprint import Sha256, hash_bytes
from hallmark.local import base, steps
from hallmark.local.base import BasePlan, save_base_plan
from hallmark.order.order import save_order
from hallmark.pipeline import step as step_module
from hallmark.pipeline.step import Made, Step, StepContext, StepProps
from hallmark.store.image import Image
from hallmark.store.store import Store
from tests.support.examples import BASE, Project

EARLIER = Path(__file__).with_name("providers_0_1_0.json")
JUDGED = hash_bytes(b"acceptance")
URN = "urn:pulumi:local::hallmark::pulumi-python:dynamic/hallmark:ImageBuild::web-build"
BASE_STEP, MEDIA, BUILD, ACCEPTANCE = (
    StepProvider(f"local.{step}") for step in ("base", "patch-media", "build", "acceptance")
)
RELEASE_STEP = StepProvider("local.release", replace_on=("recipe", "channel"), update_on=("image",))
STEPS = [BASE_STEP, MEDIA, BUILD, ACCEPTANCE]


@pytest.fixture(autouse=True)
def _no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["provider"])


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the providers tell the engine that stays on the screen."""
    lines: list[str] = []

    def recorder(urn: str, *, lasting: bool = False) -> Any:
        assert urn == URN
        return lines.append if lasting else lambda text: None

    monkeypatch.setattr(providers, "reporter", recorder)
    return lines


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def store(project: Project) -> Store:
    return Store(project.places().store)


def add(store: Store, content: str = "1") -> Image:
    with store.workdir(f"build-{content}") as work:
        (work / "disk").write_text(f"disk {content}")
        (work / "evidence").mkdir()
        fingerprint = hash_bytes(content.encode())
        return store.add_candidate(work / "disk", work / "evidence", recipe="web", fingerprint=fingerprint)


def props(project: Project, **more: object) -> dict[str, Any]:
    return {"places": project.places().model_dump_json(), "urn": URN, **more}


def build_props(project: Project, image: Image) -> dict[str, Any]:
    return props(
        project,
        fingerprint=image.fingerprint,
        order="order.json",
        image=image.id,
        disk=str(image.disk),
        evidence=str(image.evidence),
    )


def release_props(project: Project, image: Image) -> dict[str, Any]:
    return props(project, recipe="web", channel="stable", image=image.id)


# When a step is done anew.


@pytest.mark.parametrize("step", STEPS)
def test_a_step_is_done_anew_when_its_fingerprint_is_another(step: StepProvider) -> None:
    diff = step.diff("id", {"fingerprint": "a"}, {"fingerprint": "b"})
    assert (diff.changes, diff.replaces) == (True, ["fingerprint"])


@pytest.mark.parametrize("step", STEPS)
def test_a_step_stays_when_only_words_and_paths_are_others(step: StepProvider) -> None:
    olds = {"fingerprint": "a", "order": "/old", "places": "{}", "disk": "/disk", "image": "web-1"}
    diff = step.diff("id", olds, {"fingerprint": "a", "order": "/new", "places": "{ }", "patches": ["x"]})
    assert (diff.changes, diff.replaces) == (False, [])


def test_a_step_without_a_fingerprint_in_its_state_is_done_anew() -> None:
    assert BUILD.diff("id", {}, {"fingerprint": "a"}).replaces == ["fingerprint"]


RELEASE = {"recipe": "web", "channel": "stable", "image": "web-1"}


@pytest.mark.parametrize(
    ("change", "changes", "replaces"),
    [
        ({}, False, []),
        ({"image": "web-2"}, True, []),
        ({"channel": "testing"}, True, ["channel"]),
        ({"recipe": "mail"}, True, ["recipe"]),
        ({"places": "{}"}, False, []),
    ],
)
def test_a_channel_moves_in_place_and_another_channel_is_another_release(
    change: dict[str, str], changes: bool, replaces: list[str]
) -> None:
    diff = RELEASE_STEP.diff("id", RELEASE, {**RELEASE, **change})
    assert (diff.changes, diff.replaces) == (changes, replaces)


# What refresh notices.


def gone(result: Any) -> bool:
    return (result.id, result.outs) == (GONE.id, GONE.outs) == ("", {})


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


def broken(error: Exception) -> Step[StepProps]:
    def make(_props: StepProps, _context: StepContext) -> Made:
        raise error

    return Step(props=StepProps, make=make, find=lambda _: {})


def test_a_users_mistake_is_told_without_a_traceback(
    project: Project, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "STEPS", {"build": broken(RejectedError("web: rejected"))})
    with pytest.raises(RejectedError) as failed:
        BUILD.create(props(project))
    assert str(failed.value) == "web: rejected"


def test_a_bug_of_ours_is_told_with_its_traceback(
    project: Project, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "STEPS", {"build": broken(KeyError("oops"))})
    with pytest.raises(RuntimeError) as failed:
        BUILD.create(props(project))
    lines = str(failed.value).splitlines()
    assert lines[0] == "a bug in Hallmark: 'oops'"
    assert lines[1] == "Traceback (most recent call last):"


# The address: states of every version find their step.


def test_a_state_names_one_class_at_one_address_and_the_steps_name() -> None:
    for step in (*STEPS, RELEASE_STEP):
        stored = base64.b64decode(serialize_provider(step))
        assert b"components.providers" in stored
        assert b"StepProvider" in stored
        assert b"hallmark" not in stored
        found = pickle.loads(stored)  # noqa: S301 -- our own bytes
        assert vars(found) == vars(step)


def test_a_state_of_an_earlier_version_finds_its_step() -> None:
    earlier = json.loads(EARLIER.read_text())
    found = {name: pickle.loads(base64.b64decode(stored)) for name, stored in earlier.items()}  # noqa: S301
    assert all(isinstance(provider, StepProvider) for provider in found.values())
    assert [find_step(provider.step) for provider in found.values()]
    assert {name.rpartition(".")[2] for name in earlier if "local" in name} == {
        "_BaseProvider",
        "_BuildProvider",
        "_AcceptanceProvider",
        "_ReleaseProvider",
    }


def test_a_steps_module_may_move(
    project: Project, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The registry leads to it: the state of a build made before knows no module but the provider's."""
    stored = serialize_provider(BUILD)
    (tmp_path / "steps_elsewhere.py").write_text(inspect.getsource(steps))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(steps, "STEPS", importlib.import_module("steps_elsewhere").STEPS)
    image = add(store)
    provider = pickle.loads(base64.b64decode(stored))  # noqa: S301
    known = build_props(project, image)
    assert provider.read("id", known).outs == known
    image.disk.unlink()
    assert gone(provider.read("id", known))


# Progress on the resource's row.


class _Engine(engine_pb2_grpc.EngineServicer):
    """The engine's end: keeps what it is told."""

    def __init__(self) -> None:
        self.log: list[tuple[str, str, bool]] = []

    def Log(self, request: Any, context: Any) -> Any:  # noqa: N802 -- gRPC's name
        self.log.append((request.urn, request.message, request.ephemeral))
        return engine_pb2.GetRootResourceResponse()  # an empty message, as the engine's is


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Engine]:
    servicer = _Engine()
    server = grpc.server(ThreadPoolExecutor(max_workers=1))
    engine_pb2_grpc.add_EngineServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    monkeypatch.setattr(sys, "argv", ["provider", f"127.0.0.1:{port}"])
    try:
        yield servicer
    finally:
        server.stop(0).wait()


def test_progress_is_shown_on_the_resources_own_row(engine: _Engine) -> None:
    reporter(URN)("build: power-on (tcg)")
    reporter(URN, lasting=True)("kept in the store")
    assert engine.log == [(URN, "build: power-on (tcg)", True), (URN, "kept in the store", False)]


def test_steps_of_one_stage_that_follow_each_other_quickly_are_left_out(
    engine: _Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    say = reporter(URN)
    for after, text in [
        (0.0, "build: patch 1 of 24: openssl"),
        (0.5, "build: patch 2 of 24: curl"),
        (2.1, "build: patch 3 of 24: vim"),
        (0.1, "build: seal"),
    ]:
        now[0] += after
        say(text)
    assert [message for _, message, _ in engine.log] == [
        "build: patch 1 of 24: openssl",
        "build: patch 3 of 24: vim",
        "build: seal",
    ]


def test_an_engine_that_is_gone_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["provider", "127.0.0.1:9"])
    started = time.monotonic()
    reporter(URN)("build: power-on (tcg)")
    assert time.monotonic() - started < 10


def test_without_an_engine_nothing_is_said() -> None:
    reporter(URN)("build: power-on (tcg)")
