"""A stack's own file, `stacks/Pulumi.NAME.yaml`, read without Pulumi, which takes a second to import."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

from hallmark.common.errors import SettingsError
from hallmark.common.validation import show

STACK_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
DEFAULT_STACK = "local"
"""The one stack that needs no file: all its settings may be the defaults."""


def known_stacks(root: Path) -> tuple[str, ...]:
    """The stacks of the checkout `root`: those that have a file, and the default one."""
    files = (root / "stacks").glob("Pulumi.*.yaml")
    return tuple(sorted({DEFAULT_STACK, *(path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in files)}))


def stack_file(root: Path, stack: str) -> Path:
    """Where the configuration of a stack of the checkout `root` is."""
    return root / "stacks" / f"Pulumi.{stack}.yaml"


def read_stack_file(root: Path, stack: str) -> dict[str, Any]:
    """The document; empty when there is no file. SettingsError when it cannot be read, or is no mapping."""
    import yaml

    path = stack_file(root, stack)
    try:
        document = yaml.safe_load(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsError(f"{path}: expected YAML: {error}") from error
    return _mapping(document, str(path))


def read_stack_config(root: Path, stack: str) -> dict[str, str]:
    """A stack's configuration as Pulumi hands it to programs: `NAMESPACE:key` → text, JSON for what is structured.

    Without the defaults of Pulumi.yaml. What is encrypted is left out: none of it is a setting of ours.
    """
    config = _mapping(read_stack_file(root, stack).get("config"), f"{stack_file(root, stack)}: config")
    plain = {key: value for key, value in config.items() if not _is_secret(value)}
    return {str(key): value if isinstance(value, str) else _as_text(value) for key, value in plain.items()}


def _mapping(value: Any, where: str) -> dict[str, Any]:
    """The mapping that YAML says it is, empty when it says nothing."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise SettingsError(f"{where}: expected keys and values, got {show(value)}")
    return value


def _as_text(value: Any) -> str:
    """JSON, but for YAML's dates: Pulumi knows none."""
    return str(value) if isinstance(value, date) else json.dumps(value, default=str)


def _is_secret(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"secure"}
