"""A trivial inner program for tests: resources that are files, one of them slow or failing when asked."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, ReadResult, Resource, ResourceProvider

from hallmark.common.errors import AwsError


class _FileProvider(ResourceProvider):
    def create(self, props: dict[str, Any]) -> CreateResult:
        path = Path(props["path"])
        if props["fails"]:
            raise RuntimeError(f"{path.name} cannot be made")
        path.write_text(" ".join(sorted(os.environ)))
        time.sleep(float(props["seconds"]))
        return CreateResult(str(path), props)

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        return ReadResult(id_, props) if Path(id_).exists() else ReadResult("", {})

    def delete(self, id_: str, _props: dict[str, Any]) -> None:
        Path(id_).unlink(missing_ok=True)


class File(Resource, module="hallmark", name="File"):
    def __init__(self, name: str, folder: str, fails: bool, seconds: float, opts: pulumi.ResourceOptions) -> None:
        props = {"path": f"{folder}/{name}", "fails": fails, "seconds": seconds}
        super().__init__(_FileProvider(), name, props, opts)


def program(arguments: dict[str, Any]) -> dict[str, Any]:
    print("what a program prints is no answer")
    folder = arguments["folder"]
    first = File("first", folder, False, 0, pulumi.ResourceOptions())
    later = pulumi.ResourceOptions(depends_on=[first])
    second = File("second", folder, arguments.get("fails", False), arguments.get("seconds", 0), later)
    return {"first": first.id, "second": second.id, "config": sorted(pulumi.runtime.config.CONFIG.get() or {})}


def sweep(arguments: dict[str, Any], say: Any) -> None:
    """Remove all that any run has made, whether a state knows of it or not."""
    for path in Path(arguments["folder"]).iterdir():
        say(f"removing {path.name}")
        path.unlink()


def clear(arguments: dict[str, Any], say: Any) -> None:
    """Remove what a stranger has put beside what the run made, while that still stands."""
    folder = Path(arguments["folder"])
    assert (folder / "first").exists()
    (folder / "stranger").unlink(missing_ok=True)
    say("the stranger is gone")


def fail_to_sweep(arguments: dict[str, Any], say: Any) -> None:
    raise AwsError("not today")
