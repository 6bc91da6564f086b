"""The one dynamic provider: when a step is done anew, how errors are told, and the address that states name."""

from __future__ import annotations

import base64
import importlib
import inspect
import json
import pickle
from concurrent import futures
from pathlib import Path

import grpc
import pytest
from pulumi.dynamic.dynamic import serialize_provider

from components.providers import StepProvider
from hallmark.common.errors import RejectedError
from hallmark.common.failures import FOLDER, Failure, read_failures
from hallmark.local import steps
from hallmark.pipeline.step import Made, Step, StepContext, StepProps
from hallmark.store.store import Store
from tests.support.examples import Project
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


@pytest.mark.parametrize(
    ("step", "changed"),
    [(BASE_STEP, "cache"), (MEDIA, "cache"), (BUILD, "store"), (ACCEPTANCE, "store"), (RELEASE_STEP, "store")],
)
def test_a_step_is_done_anew_in_another_place(step: StepProvider, changed: str) -> None:
    here = {"store": "/store", "cache": "/cache", "main": "a"}
    for place in here:
        olds, news = ({"places": json.dumps(places)} for places in (here, {**here, place: "/elsewhere"}))
        replaces = [f"places.{place}"] if place == changed else []
        assert step.diff("id", olds, news).replaces == replaces


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


# What a step does.


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


def test_the_engine_gets_the_message_alone_and_no_traceback_of_grpcs(
    project: Project, said: list[str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """By Pulumi's own servicer, behind a real gRPC server."""
    monkeypatch.setattr(steps, "STEPS", {"build": broken(RejectedError("web: rejected\nwhy"))})

    def create(request: bytes, context: grpc.ServicerContext) -> bytes:
        BUILD.create(props(project))
        return request

    handler = grpc.unary_unary_rpc_method_handler(create)
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=1))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test", {"Create": handler}),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel, pytest.raises(grpc.RpcError) as failed:
            channel.unary_unary("/test/Create")(b"", timeout=20)
    finally:
        server.stop(None)
    assert failed.value.details() == "web: rejected\nwhy"
    assert caplog.records == []


def test_a_failure_is_left_for_hallmark_up_with_its_recipe(
    project: Project, said: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "failures").mkdir()
    monkeypatch.setenv(FOLDER, str(tmp_path / "failures"))
    monkeypatch.setattr(steps, "STEPS", {"build": broken(RejectedError("web: rejected"))})
    with pytest.raises(RejectedError):
        BUILD.create(props(project, recipe="web"))
    failure = Failure(recipe="web", step="local.build", code=6, message="web: rejected")
    assert read_failures(tmp_path / "failures") == [failure]


# The address: states of every version find their step.


def test_a_state_names_one_class_at_one_address_and_the_steps_name() -> None:
    for step in (*STEPS, RELEASE_STEP):
        stored = base64.b64decode(serialize_provider(step))
        assert b"components.providers" in stored
        assert b"StepProvider" in stored
        assert b"hallmark" not in stored
        found = pickle.loads(stored)  # noqa: S301 -- our own bytes
        assert vars(found) == vars(step)


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
