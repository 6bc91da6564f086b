"""The state's URL leaves out what a kill could cut short, and keeps all else that was given."""

from __future__ import annotations

from pathlib import Path

import pytest

from hallmark.engine.backend import backend_in, remove_unfinished, without_notes


def test_a_state_in_a_folder() -> None:
    assert backend_in(Path("/a/state")) == "file:///a/state?metadata=skip"


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("file:///a/state", "file:///a/state?metadata=skip"),
        ("file:///a/state?no_tmp_dir=false", "file:///a/state?no_tmp_dir=false&metadata=skip"),
        ("file:///a/state?metadata=skip", "file:///a/state?metadata=skip"),
        ("s3://states?region=eu-west-1", "s3://states?region=eu-west-1"),
    ],
)
def test_any_state_on_this_machine(given: str, used: str) -> None:
    assert without_notes(given) == used


def test_what_a_killed_engine_had_begun_to_write_is_removed_and_nothing_else(tmp_path: Path) -> None:
    stacks = tmp_path / ".pulumi/stacks/hallmark"
    stacks.mkdir(parents=True)
    names = ["web.json", "web.json.bak", "web.json.18cf2a.tmp", "web-2.json.18cf2a.tmp", "web.json.tmp"]
    for name in names:
        (stacks / name).touch()
    remove_unfinished(backend_in(tmp_path), "hallmark", "web")
    assert sorted(path.name for path in stacks.iterdir()) == sorted(set(names) - {"web.json.18cf2a.tmp"})
    remove_unfinished("s3://states", "hallmark", "web")
    remove_unfinished(backend_in(tmp_path / "none"), "hallmark", "web")
