"""What a guest says of its task: its text is safe to print, and its end is checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from hallmark.common.errors import MachineError
from hallmark.guest.task import check_finished, read_text
from tests.support.written_results import ESCAPE, write


def test_text_of_a_guest_is_safe_to_print_and_keeps_its_lines(tmp_path: Path) -> None:
    write(tmp_path / "guest.log", f"one{ESCAPE}\n\ttwo\r\nthr\u202eee\n".encode() + b"\xff\x9b31m\n")
    text = read_text(tmp_path, "guest.log")
    assert text == "one0;owned\ntwo\nthree\n\ufffd\ufffd31m"


def test_a_script_that_ran_to_its_end_is_finished(tmp_path: Path) -> None:
    write(tmp_path / "exit", "0\n")
    write(tmp_path / "stage", "done\n")
    check_finished(tmp_path, Path("console.log"), what="build")


@pytest.mark.parametrize(
    ("code", "stage", "said"),
    [
        ("0", "seal", "build: stage seal: exit code 0"),
        ("1", "patch", "build: stage patch: exit code 1"),
        ("1", "done", "build: stage done: exit code 1"),
        (None, "harden", "build: stage harden: exit code unknown"),
        (None, None, "build: stage media: exit code unknown"),
    ],
)
def test_a_script_that_did_not_is_told_with_its_stage_and_last_words(
    tmp_path: Path, code: str | None, stage: str | None, said: str
) -> None:
    write(tmp_path / "guest.log", "".join(f"line {number}{ESCAPE}\n" for number in range(20)))
    for name, text in (("exit", code), ("stage", stage)):
        if text is not None:
            write(tmp_path / name, f"{text}\n")
    with pytest.raises(MachineError) as failed:
        check_finished(tmp_path, Path("console.log"), what="build")
    lines = str(failed.value).splitlines()
    assert lines[0] == said
    assert lines[1:-1] == [f"line {number}0;owned" for number in range(8, 20)]
    assert lines[-1] == "console log: console.log"
