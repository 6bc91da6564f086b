"""image_scripts/people.py: whom user data has made, in all forms that cloud-init takes."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "image_scripts" / "people.py"
SPEC = importlib.util.spec_from_file_location("people", SCRIPT)
assert SPEC is not None
assert SPEC.loader is not None
MODULE = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(MODULE)


@pytest.mark.parametrize(
    ("config", "found"),
    [
        ({"users": [{"name": "ada", "groups": ["sudo", "ssh-users"]}]}, {"ada": ["sudo", "ssh-users"]}),
        ({"users": [{"name": "ada", "groups": "sudo, ssh-users"}]}, {"ada": ["sudo", "ssh-users"]}),
        ({"users": [{"name": "ada", "groups": {"sudo": []}, "primary_group": "staff"}]}, {"ada": ["sudo", "staff"]}),
        ({"users": ["default", "bob"]}, {"bob": []}),
        ({"users": "bob"}, {"bob": []}),
        ({"users": [{"name": "a b\nroot sudo"}, {"name": 7}, 7, None, {"groups": "sudo"}]}, {}),
        ({"users": None}, {}),
        ({}, {}),
        (None, {}),
        ("text", {}),
    ],
)
def test_accounts_and_their_groups(config: object, found: dict[str, list[str]]) -> None:
    assert MODULE.people(config) == found
