"""One question to the CLI: its answer, its own words when it fails, an end when it hangs; it dies with its caller."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from hallmark.common.errors import ProcessError
from hallmark.engine.command import ask_pulumi


def cli(folder: Path, body: str) -> str:
    (folder / "pulumi").write_text(f"#!{sys.executable}\nimport os, sys\n{body}\n")
    (folder / "pulumi").chmod(0o755)
    return str(folder / "pulumi")


def test_the_answer_of_a_call_in_a_folder_with_just_this_environment(tmp_path: Path) -> None:
    pulumi = cli(tmp_path, "print(sys.argv[1:], os.getcwd(), os.environ['ONE'], 'HOME' in os.environ)")
    said = ask_pulumi(pulumi, ["stack", "ls"], environment={"ONE": "1"}, folder=tmp_path)
    assert said == f"['stack', 'ls'] {tmp_path} 1 False\n"


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["whoami", "--json"], "pulumi whoami"),
        (["stack", "export", "--stack", "x"], "pulumi stack export"),
        (["plugin", "install", "resource", "aws"], "pulumi plugin install"),
    ],
)
def test_a_call_that_fails_is_named_with_the_cli_s_own_words(tmp_path: Path, words: list[str], named: str) -> None:
    pulumi = cli(tmp_path, "sys.exit('no such thing')")
    with pytest.raises(ProcessError, match=f"^{named}: no such thing$"):
        ask_pulumi(pulumi, words, environment={}, folder=tmp_path)


def test_a_call_that_hangs_is_ended_and_named(tmp_path: Path) -> None:
    pulumi = cli(tmp_path, "import time\ntime.sleep(60)")
    with pytest.raises(ProcessError, match=r"^pulumi stack export: did not end within 1 s$"):
        ask_pulumi(pulumi, ["stack", "export"], environment={}, folder=tmp_path, timeout=1)


def test_it_dies_with_its_caller(tmp_path: Path) -> None:
    asks = "import ctypes\nn = ctypes.c_int()\nctypes.CDLL(None).prctl(2, ctypes.byref(n))\nprint(n.value)"
    said = ask_pulumi(cli(tmp_path, asks), ["whoami"], environment={}, folder=tmp_path)
    assert int(said) == signal.SIGKILL
