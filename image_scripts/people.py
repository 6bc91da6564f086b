"""Whom a live server's user data has made: `name` a line, then the groups that user data put them in.

run_checks.py asks for it, once for all checks.

What root of this server may change, this reads: it tells expected life from drift, and proves nothing.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

USER_DATA = Path("/var/lib/cloud/instance/cloud-config.txt")
_NAME = re.compile(r"[a-z_][a-z0-9_-]{0,31}")


def people(config: object) -> dict[str, list[str]]:
    """Account → groups, for whatever forms cloud-init takes; what is no plain name is left out."""
    users = config.get("users") if isinstance(config, dict) else None
    entries = users if isinstance(users, list) else [users]
    found = {}
    for entry in entries:
        name, groups = (entry.get("name"), _groups(entry)) if isinstance(entry, dict) else (entry, [])
        if isinstance(name, str) and name != "default" and _NAME.fullmatch(name):
            found[name] = groups
    return found


def _groups(entry: dict[str, Any]) -> list[str]:
    """A list, a mapping or words with commas between; and the primary group."""
    groups = entry.get("groups") or []
    words = groups.split(",") if isinstance(groups, str) else list(groups)
    words.append(entry.get("primary_group") or entry.get("primary-group") or "")
    return [word.strip() for word in words if isinstance(word, str) and _NAME.fullmatch(word.strip())]


def of_user_data() -> str:
    """A line for each account of cloud-init's merged user data; nothing where there is none that can be read."""
    try:
        text = USER_DATA.read_text()
    except OSError:
        return ""
    import yaml  # type: ignore[import-untyped,unused-ignore] # cloud-init brings it

    try:
        config = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - a safe one
    except (yaml.YAMLError, RecursionError):
        return ""
    return "\n".join(" ".join([name, *groups]) for name, groups in people(config).items())
