"""Pulumi's mocks, recording: what a program declares, without an engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.runtime import mocks, settings

AMI = "ami-0123456789abcdef0"
ROOT_VOLUME = "vol-0root"
CARRIER_VOLUME = "vol-0carrier"


@dataclass
class Recorded(mocks.Mocks):
    """Every resource that was declared: name → type and inputs, and the request that registered it."""

    resources: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        self.resources[args.name] = (args.typ, dict(args.inputs))
        outs = dict(args.inputs)
        if args.typ == "aws:ec2/instance:Instance":
            devices = [{**device, "volumeId": CARRIER_VOLUME} for device in args.inputs["ebsBlockDevices"]]
            outs["ebsBlockDevices"] = devices
            outs["rootBlockDevice"] = {**args.inputs["rootBlockDevice"], "volumeId": ROOT_VOLUME}
        if args.typ == "command:local:Command":
            outs["stdout"] = "progress done\noutcome: powered-off"
        return f"{args.name}-id", outs

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        return {}, None

    def inputs(self, name: str) -> dict[str, Any]:
        return self.resources[name][1]

    def types(self) -> list[str]:
        return sorted(kind for kind, _ in self.resources.values())

    def dependencies(self, name: str) -> set[str]:
        """The names of the resources that this one is registered as depending on."""
        return {urn.rpartition("::")[2] for urn in self.options[name].dependencies}

    def parent(self, name: str) -> str:
        return str(self.options[name].parent).rpartition("::")[2]


class _Monitor(mocks.MockMonitor):
    """Keeps the requests themselves: parents, dependencies and options are in them alone."""

    def __init__(self, recorded: Recorded) -> None:
        super().__init__(recorded)
        self._recorded = recorded

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 -- gRPC's name
        self._recorded.options[request.name] = request
        registered: Any = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        return registered


def forget(loop: asyncio.AbstractEventLoop) -> None:
    """Take from Pulumi what a program that has ended left with it, and let its loop's futures say nothing any more.

    A refused program leaves futures that nobody asks. Each complains when it is collected, during whatever test runs by
    then. Its traceback is formatted by `ast`, which cannot be entered while it parses.
    """
    settings.SETTINGS.rpc_manager.clear()
    settings.SETTINGS.outputs.clear()
    settings.set_root_resource(None)  # type: ignore[arg-type]
    loop.set_exception_handler(lambda _loop, _context: None)


def declare(program: Callable[[], Any]) -> tuple[Recorded, Any]:
    """Run a program under mocks to its end; what it declared, and what it returned, its outputs resolved."""
    recorded = Recorded()
    result: dict[str, Any] = {}
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    mocks.set_mocks(recorded, project="hallmark", stack="aws", preview=False, monitor=_Monitor(recorded))

    def wrapped() -> pulumi.Output[Any]:
        made = program()
        return pulumi.Output.from_input(made).apply(lambda value: result.update(value=value))

    try:
        pulumi.runtime.test(wrapped)()  # type: ignore[no-untyped-call]
    finally:
        forget(loop)
    return recorded, result.get("value")
