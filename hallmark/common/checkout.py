"""The checkout that this code runs from: Pulumi's project, the recipes, the guest's scripts."""

from __future__ import annotations

from pathlib import Path

from hallmark.common.errors import SettingsError

ROOT = Path(__file__).resolve().parents[2]


def find_checkout(start: Path | None = None) -> Path:
    """The checkout's folder; SettingsError when there is no Pulumi.yaml in it."""
    root = start or ROOT
    if not (root / "Pulumi.yaml").is_file():
        raise SettingsError(f"{root}: expected a checkout of Hallmark with its Pulumi.yaml; clone it again")
    return root
