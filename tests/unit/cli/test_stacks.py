"""What a stack's configuration says of its store."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hallmark.cli import stacks
from hallmark.store.store import Store
from tests.support.command_line import call, store

__all__ = ["store"]


def test_the_store_of_a_stack_is_where_its_configuration_says(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(stacks, "find_checkout", lambda: tmp_path)
    assert json.loads(call("images", "--json")) == []
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks/Pulumi.local.yaml").write_text(f"config:\n  hallmark:store: {store.root}\n")
    assert len(json.loads(call("images", "--json"))) == 3
    assert json.loads(call("images", "--json", "--stack", "other")) == []
