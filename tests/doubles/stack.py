"""A small Pulumi project for tests: the real engine, a program of a few lines, the doubled plugins first on PATH."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hallmark.common.cache import user_cache
from hallmark.engine.backend import backend_in
from tests.doubles.server import BIN, Server

URN = "urn:pulumi:test::doubled"


class PulumiError(Exception):
    """The engine ended with an error; its text is all that it wrote."""


def find_engine() -> Path | None:
    """The folder with the pulumi program and its language host: on PATH, or from the tool cache of this machine."""
    if (there := shutil.which("pulumi")) and Path(there).resolve().with_name("pulumi-language-python").exists():
        return Path(there).resolve().parent
    cache = user_cache(os.environ) / "tools"
    found = sorted(cache.glob("*/bin/pulumi"), key=lambda path: path.stat().st_mtime)
    return found[-1].parent if found else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Stack:
    """The stack `test` of a project in `folder`, in the account behind `server`."""

    folder: Path
    server: Server
    engine: Path

    def prepare(self) -> None:
        """The project's file and an empty state."""
        (self.folder / "state").mkdir(parents=True)
        (self.folder / "Pulumi.yaml").write_text("name: doubled\nruntime: python\n")
        self.pulumi("stack", "init", "test")

    def up(self, program: str, *more: str) -> dict[str, Any]:
        """Write the program and run it; the outputs."""
        self.write(program)
        self.pulumi("up", "--yes", "--skip-preview", *more)
        return self.outputs()

    def write(self, program: str) -> None:
        """The program, with the usual imports."""
        head = "import pulumi\nimport pulumi_aws as aws\nimport pulumi_command as command\n"
        (self.folder / "__main__.py").write_text(head + textwrap.dedent(program))

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs, as the state has them."""
        stacks = [one for one in self._state().get("resources", []) if one["type"] == "pulumi:pulumi:Stack"]
        found: dict[str, Any] = stacks[0].get("outputs", {}) if stacks else {}
        return found

    def resources(self) -> dict[str, dict[str, Any]]:
        """Everything in the state by name, providers and the stack itself left out."""
        found = [one for one in self._state().get("resources", []) if not one["type"].startswith("pulumi:")]
        return {one["urn"].rsplit("::", 1)[1]: one for one in found}

    def _state(self) -> dict[str, Any]:
        """What the engine's file says: to ask the CLI for it costs as much as a small run."""
        text = (self.folder / "state/.pulumi/stacks/doubled/test.json").read_text()
        latest: dict[str, Any] = json.loads(text)["checkpoint"]["latest"] or {}
        return latest

    def pulumi(self, *arguments: str, **environment: str) -> str:
        """Run the engine; what it wrote to stdout."""
        scope = () if arguments[0] == "stack" else ("--color", "never", "--stack", "test")
        done = subprocess.run(
            [self.engine / "pulumi", *arguments, "--non-interactive", *scope],
            cwd=self.folder,
            env={**self._environment(), **environment},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        if done.returncode:
            raise PulumiError(f"{done.stdout}\n{done.stderr}")
        return done.stdout

    def _environment(self) -> dict[str, str]:
        return {
            **self.server.environment(),
            "PATH": os.pathsep.join([str(BIN), str(Path(sys.executable).parent), str(self.engine), "/usr/bin", "/bin"]),
            "HOME": str(self.folder),
            "PULUMI_BACKEND_URL": backend_in(self.folder / "state"),
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_HOME": str(self.folder / "home"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_ERROR_OUTPUT_STRING": "1",
        }
