"""Runs a Pulumi program against mocks and keeps what it declared: inputs, parents, dependencies, order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.runtime import rpc, set_mocks, settings
from pulumi.runtime.mocks import MockMonitor, MockResourceArgs, Mocks
from pulumi.runtime.stack import Stack, run_pulumi_func

from tests.support.recorded import forget

STACK, PROJECT = "local", "hallmark"
# What each step's provider would return besides its inputs.
OUTPUTS: dict[str, dict[str, Any]] = {
    "Base": {"disk": "/cache/base.qcow2"},
    "PatchMedia": {"iso": "/cache/patch.iso", "manifest": "m" * 64},
    "ImageBuild": {"image": "web-0123456789abcdef", "disk": "/store/disk.qcow2", "evidence": "/store/evidence"},
    "Acceptance": {"accepted": True},
    "Release": {},
}


@dataclass(frozen=True, kw_only=True)
class Declared:
    """One resource as the engine was told of it."""

    kind: str
    urn: str
    parent: str
    inputs: dict[str, Any]
    dependencies: frozenset[str]
    provider: str = ""


@dataclass(kw_only=True)
class Program:
    """All that a program declared, by name, in order; what it exported; what it logged."""

    resources: dict[str, Declared] = field(default_factory=dict)
    exports: dict[str, Any] = field(default_factory=dict)


class Answers(Mocks):
    """What each resource comes to: its inputs, and OUTPUTS of its kind."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        return f"{args.name}-id", {**args.inputs, **OUTPUTS.get(args.typ.rpartition(":")[2], {})}

    def call(self, args: Any) -> tuple[dict[Any, Any], None]:
        raise AssertionError(f"no call was expected, got {args.token}")


class _Monitor(MockMonitor):
    def __init__(self, program: Program) -> None:
        super().__init__(Answers())
        self._program = program

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 -- gRPC's name
        response = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        self._program.resources[request.name] = Declared(
            kind=request.type.rpartition(":")[2],
            urn=_urn(request),
            parent=request.parent.rpartition("::")[2],
            inputs=rpc.deserialize_properties(request.object),
            dependencies=frozenset(urn.rpartition("::")[2] for urn in request.dependencies),
            provider=request.provider,
        )
        return response


def _urn(request: Any) -> str:
    """The URN that the engine gives: types from below the stack down, then the name."""
    above = request.parent.split("::")[2].rpartition("pulumi:pulumi:Stack")[2].lstrip("$") if request.parent else ""
    types = f"{above}${request.type}" if above else request.type
    return f"urn:pulumi:{STACK}::{PROJECT}::{types}::{request.name}"


def run_program(body: Callable[[], object], *, config: dict[str, str] | None = None, preview: bool = False) -> Program:
    """Run `body` as a Pulumi program and return what it declared."""
    program = Program()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        set_mocks(Answers(), project=PROJECT, stack=STACK, preview=preview, monitor=_Monitor(program))
        pulumi.runtime.set_all_config(config or {})
        loop.run_until_complete(run_pulumi_func(lambda: _run(body, program)))
    finally:
        forget(loop)
        loop.close()
        asyncio.set_event_loop(asyncio.new_event_loop())
    return program


def _run(body: Callable[[], object], program: Program) -> None:
    body()
    stack = settings.get_root_resource()
    assert isinstance(stack, Stack)
    pulumi.Output.from_input(stack.outputs).apply(program.exports.update)
