"""Shows a resource's progress on its own row of `pulumi up`, from inside the dynamic provider's process.

`pulumi.log` is not connected there; the engine's address is the process's first argument.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import grpc
import pulumi
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

_PAUSE_SECONDS = 2.0


def urn_of(kind: str, name: str, *, parent: str | None = None) -> str:
    """The URN that a dynamic resource of this kind and name will have; `parent` is its parent's type."""
    types = f"{parent}$" if parent else ""
    return (
        f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}::{types}pulumi-python:dynamic/hallmark:{kind}::{name}"
    )


def reporter(urn: str, *, lasting: bool = False) -> Callable[[str], None]:
    """A function that shows a line on the resource's row; `lasting` lines are repeated at the end.

    Lines of one stage (up to the first number) that follow each other within two seconds are dropped.
    """
    address = sys.argv[1] if len(sys.argv) > 1 else ""
    engine = engine_pb2_grpc.EngineStub(grpc.insecure_channel(address)) if address else None
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
