"""Pulumi's two plugins for AWS: found, or fetched when a stack on AWS is brought up, and never for any other stack.

Pulumi would fetch the plugins of all packages in the environment for each stack (200 MB that a local one does not
need, and on a machine without a network a wait for nothing), so that is switched off (engine.py, `env`).
`python -m hallmark.engine.plugins` is what `make aws-plugins` runs.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from hallmark.common.errors import HallmarkError, PrerequisiteError

if TYPE_CHECKING:
    from hallmark.engine.engine import Engine

NAMES = ("aws", "command")


def missing_plugins(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Name and version of each plugin that is neither on PATH nor in Pulumi's own folder."""
    home = Path(environment.get("PULUMI_HOME") or Path(environment.get("HOME") or Path.home()) / ".pulumi")
    for name in NAMES:
        wanted = version(f"pulumi-{name}")
        on_path = shutil.which(f"pulumi-resource-{name}", path=environment.get("PATH"))
        if on_path is None and not (home / "plugins" / f"resource-{name}-v{wanted}").is_dir():
            yield name, wanted


def need_plugins(environment: Mapping[str, str]) -> None:
    """PrerequisiteError when one is missing, before anything is made."""
    for name, wanted in missing_plugins(environment):
        raise PrerequisiteError(
            f"pulumi-resource-{name} {wanted}: not found on this machine; `make aws-plugins` fetches it"
        )


def install_plugins(engine: Engine) -> None:
    """Fetch what is missing, and say so. ProcessError when it cannot be had."""
    for name, wanted in list(missing_plugins(engine.environment())):
        print(f"fetching Pulumi's plugin {name} {wanted}", file=sys.stderr, flush=True)
        engine.install_plugin(name, wanted)


def main() -> int:
    """Fetch what is missing with the engine of this checkout."""
    from hallmark.common.checkout import find_checkout
    from hallmark.engine.engine import Engine

    engine = Engine(find_checkout(), os.environ)
    try:
        install_plugins(engine)
    except HallmarkError as error:
        print(f"hallmark: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
