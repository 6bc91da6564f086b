"""`hallmark completion`: a shell that sources the script completes commands and options."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hallmark.cli.completion import ASKING
from tests.support.command_line import call, hallmark
from tests.support.small_disk import CHECKOUT


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A folder with `hallmark` in it, as set-up installs it."""
    path = tmp_path / "hallmark"
    path.write_text(f"#!{sys.executable}\nfrom hallmark.cli.app import main\nmain()\n")
    path.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize(
    ("typed", "fitting"),
    [
        ("hallmark im", ["images"]),
        ("hallmark stack n", ["new"]),
        ("hallmark run --pub", ["--publish"]),
        ("hallmark completion ba", ["bash"]),
    ],
)
def test_bash_completes_what_fits(program: Path, typed: str, fitting: list[str]) -> None:
    script = f"""
        eval "$(hallmark completion bash)"
        COMP_WORDS=({typed}) COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
        _hallmark_completion hallmark
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(
        ["bash", "-euc", script],
        env={"PATH": f"{program}:{os.environ['PATH']}", "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.split() == fitting


@pytest.mark.parametrize(
    ("shell", "word"), [("bash", "complete -o"), ("zsh", "compdef"), ("fish", "complete --command")]
)
def test_each_shell_has_a_script_that_asks_hallmark(shell: str, word: str) -> None:
    script = call("completion", shell)
    assert word in script
    assert f"{ASKING}=complete_{shell}" in script


def test_another_shell_is_wrong_usage() -> None:
    done = hallmark("completion", "tcsh")
    assert done.returncode == 2
    assert "'bash', 'zsh', 'fish'" in done.stderr
