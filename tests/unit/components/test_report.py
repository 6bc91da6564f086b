"""Progress on a resource's own row: what is shown and what is left out; and the end that a user's mistake makes."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pulumi
import pytest
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

from components.report import reporter, stopping_cleanly
from hallmark.common.errors import LockError
from tests.support.local_steps import URN, _no_engine

__all__ = ["_no_engine"]


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


def test_a_users_mistake_ends_the_program_with_its_message_alone(
    monkeypatch: pytest.MonkeyPatch,
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
