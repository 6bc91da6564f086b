"""What a stack's configuration says of its store."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hallmark.cli import stacks
from hallmark.config.stack_file import known_stacks
from hallmark.store.store import Store
from tests.support.command_line import call, hallmark, store
from tests.support.small_disk import CHECKOUT

__all__ = ["store"]


def test_the_store_of_a_stack_is_where_its_configuration_says(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(stacks, "find_checkout", lambda: tmp_path)
    assert json.loads(call("images", "--json")) == []
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks/Pulumi.local.yaml").write_text(f"config:\n  hallmark:store: {store.root}\n")
    assert len(json.loads(call("images", "--json"))) == 3


@pytest.mark.parametrize(
    "words",
    [
        ("up", "nosuch"),
        ("outputs", "nosuch"),
        ("images", "--stack", "nosuch"),
        ("show", "web", "--stack", "nosuch"),
        ("run", "--stack", "nosuch"),
        ("check", "web-0123456789abcdef", "--stack", "nosuch"),
        ("retry", "web-0123456789abcdef", "--stack", "nosuch"),
        ("gc", "--stack", "nosuch"),
        ("judge", "web", "--stack", "nosuch"),
        ("lock", "--stack", "nosuch"),
        ("sweep", "--stack", "nosuch"),
        ("doctor", "--stack", "nosuch"),
        ("up", "../evil"),
    ],
)
def test_a_stack_that_is_not_there_is_an_error_with_those_that_are(words: tuple[str, ...]) -> None:
    before = sorted((CHECKOUT / "stacks").iterdir())
    done = hallmark(*words)
    stack = words[-1]
    there = ", ".join(known_stacks(CHECKOUT))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"hallmark: stack {stack}: expected one of {there}, there is no such stack; "
        f"`hallmark stack new {stack}` makes it\n"
    )
    assert sorted((CHECKOUT / "stacks").iterdir()) == before


def test_the_stack_local_needs_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stacks, "find_checkout", lambda: tmp_path)
    assert known_stacks(tmp_path) == ("local",)
    stacks.require_stack("local")
