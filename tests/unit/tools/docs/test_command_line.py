"""docs/cli.md has every command, and of each every argument and option that its help has."""

from __future__ import annotations

import re

import typer

from hallmark.cli.app import app
from tools.docs.command_line import render

PAGE = render()


def section(command: str) -> str:
    return PAGE.partition(f"\n## {command}\n")[2].partition("\n## ")[0]


def test_every_command_is_there_once_and_in_order() -> None:
    found = re.findall(r"^## hallmark (.+)$", PAGE, re.MULTILINE)
    names = list(getattr(typer.main.get_command(app), "commands", {}))
    assert found == [name if name != "stack" else "stack new" for name in names]


def test_a_command_says_what_it_does_how_it_is_called_and_what_it_takes() -> None:
    run = section("hallmark run")
    assert "Boot an image (changes are thrown away)" in run
    assert "`hallmark run [OPTIONS] [name]`" in run
    for option in ("--port", "--publish", "--data", "--console", "-s, --stack", "--json"):
        assert f"| `{option}" in run
    assert "[default: 2048; x>=512]" in run
    assert "--platform" in section("hallmark stack new")


def test_exit_codes_and_version_stand_at_the_top() -> None:
    top = PAGE.partition("\n## ")[0]
    assert "130 interrupted" in top
    assert "| `--version` |" in top


def test_no_line_of_a_docstring_breaks_a_paragraph_or_a_table() -> None:
    assert all(
        line.startswith(("#", "|", "`")) or line == "" or line.endswith((".", ":")) for line in PAGE.splitlines()
    )
