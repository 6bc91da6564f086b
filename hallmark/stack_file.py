"""A stack's own file, `stacks/Pulumi.NAME.yaml`, read without Pulumi, which takes a second to import."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

from hallmark.errors import SettingsError


def read_stack_file(root: Path, stack: str) -> dict[str, Any]:
    """The document of a stack of the checkout `root`; empty when there is no file. SettingsError when it is no YAML."""
    path = root / "stacks" / f"Pulumi.{stack}.yaml"
    yaml: Any = importlib.import_module("yaml")
    try:
        document = yaml.safe_load(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsError(f"{path}: expected a readable YAML file: {error}") from error
    return document if isinstance(document, dict) else {}


def read_stack_config(root: Path, stack: str) -> dict[str, str]:
    """A stack's configuration as a program sees it: `NAMESPACE:key` → text; what is structured is JSON, as Pulumi does.

    Without the defaults of Pulumi.yaml; what is encrypted is left out.
    """
    config = read_stack_file(root, stack).get("config") or {}
    plain = {key: value for key, value in config.items() if not (isinstance(value, dict) and "secure" in value)}
    return {str(key): value if isinstance(value, str) else json.dumps(value) for key, value in plain.items()}
