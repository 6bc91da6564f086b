"""The state's URL leaves out what a kill could cut short, and keeps all else that was given."""

from __future__ import annotations

from pathlib import Path

import pytest

from hallmark.file_backend import backend_in, without_notes


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
