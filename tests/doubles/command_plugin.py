"""A double of the plugin `pulumi-resource-command`: `command.local.Command` only.

Its create command runs through `/bin/sh -c` (or `interpreter`) with the environment of the plugin and
`environment`; stdout and stderr are outputs without their last newline; a failing command fails the resource.
`triggers` and (without `update`) `create` … replace or rerun as there: a change of `triggers` replaces, another
change runs `update`, or `create` again. Source: pulumi-command, provider/pkg/provider/local/command*.go. No assets,
no archives.
"""

from __future__ import annotations

import os
import subprocess
from typing import Any

from tests.doubles.plugin import Plugin, RefusedError, Traits
from tests.doubles.wire import Values

_UNSUPPORTED = ("assetPaths", "archivePaths")


class Command:
    """A command that runs at create, and others at update and delete."""

    traits = Traits(
        replaces=frozenset({"triggers"}), outputs=frozenset({"stdout", "stderr"}), exact=frozenset({"environment"})
    )

    def problems(self, inputs: Values) -> list[str]:
        return [f"{name}: the double does not have it" for name in _UNSUPPORTED if inputs.get(name)]

    def create(self, context: Any, inputs: Values) -> tuple[str, Values]:
        return f"command-{os.urandom(8).hex()}", _run(inputs, inputs.get("create"), {})

    def read(self, context: Any, resource_id: str, state: Values) -> Values:
        return state

    def update(self, context: Any, resource_id: str, old: Values, new: Values) -> Values:
        return _run(new, new.get("update") or new.get("create"), old)

    def delete(self, context: Any, resource_id: str, state: Values) -> None:
        _run(state, state.get("delete"), state)


def _run(inputs: Values, command: str | None, old: Values) -> Values:
    if not command:
        return {"stdout": old.get("stdout", ""), "stderr": old.get("stderr", "")}
    environment = {**os.environ, **{key: str(value) for key, value in (inputs.get("environment") or {}).items()}}
    if old and inputs.get("addPreviousOutputInEnv", True):
        environment |= {"PULUMI_COMMAND_STDOUT": old.get("stdout", ""), "PULUMI_COMMAND_STDERR": old.get("stderr", "")}
    interpreter = inputs.get("interpreter") or ["/bin/sh", "-c"]
    done = subprocess.run(
        [*interpreter, command],
        env=environment,
        cwd=inputs.get("dir"),
        input=inputs.get("stdin", ""),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RefusedError(f"exit status {done.returncode}: running {command!r}:\n{done.stdout}{done.stderr}")
    return {"stdout": done.stdout.removesuffix("\n"), "stderr": done.stderr.removesuffix("\n")}


class CommandPlugin(Plugin):
    """The plugin."""

    package = "command"
    types = {"command:local:Command": Command()}  # noqa: RUF012
