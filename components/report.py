"""Shows a resource's progress on its own row of `pulumi up`, from a dynamic provider's process or from the program.

It also ends the program on a user's mistake.

In a provider `pulumi.log` is not connected; the engine's address is the process's first argument. In the program
`pulumi.log` shows a resource's lines only when the event loop is free, which a download in an `apply` keeps busy.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import grpc
import pulumi
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

from hallmark.common.errors import HallmarkError
from hallmark.common.failures import tell

_PAUSE_SECONDS = 2.0
# To Pulumi's language host this exit code says that the message has been shown.
_SHOWN = 32


def urn_of(kind: str, name: str, *, parent: str | None = None) -> str:
    """The URN that a dynamic resource of this kind and name will have; `parent` is its parent's type."""
    types = f"{parent}$" if parent else ""
    return (
        f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}::{types}pulumi-python:dynamic/hallmark:{kind}::{name}"
    )


def reporter(
    urn: str, *, lasting: bool = False, engine: engine_pb2_grpc.EngineStub | None = None
) -> Callable[[str], None]:
    """A function that shows a line on the resource's row, from any thread; `lasting` lines are repeated at the end.

    The program hands over its `engine`; a provider finds it. Lines of one stage (up to the first number) that follow
    each other within two seconds are dropped.
    """
    if engine is None and len(sys.argv) > 1:
        engine = engine_pb2_grpc.EngineStub(grpc.insecure_channel(sys.argv[1]))
    last: tuple[str, float] = ("", 0.0)

    def say(text: str) -> None:
        nonlocal last
        stage = text.rstrip("0123456789").split(" of ")[0].rstrip("0123456789")
        now = time.monotonic()
        if stage == last[0] and now - last[1] < _PAUSE_SECONDS:
            return
        last = (stage, now)
        if engine is not None:
            request = engine_pb2.LogRequest(
                severity=engine_pb2.INFO, message=text, urn=urn, streamId=0, ephemeral=not lasting
            )
            try:
                engine.Log(request)
            except grpc.RpcError:
                return  # the engine is going away: there is nobody to tell

    return say


@contextmanager
def stopping_cleanly() -> Iterator[None]:
    """Ends the program on a user's mistake with its message alone, before or inside an `apply`."""
    try:
        yield
    except HallmarkError as error:
        warnings.filterwarnings("ignore", message=".*was never awaited")
        pulumi.log.error(tell(error, step="program"))
        sys.exit(_SHOWN)
