"""The command `completion`: the script by which a shell completes `hallmark`'s words."""

from __future__ import annotations

import os
from typing import Annotated, Literal

import typer

PROGRAM = "hallmark"
ASKING = "_HALLMARK_COMPLETE"
"""The variable by which that script asks `hallmark` for the words that fit."""


def completion(
    shell: Annotated[Literal["bash", "zsh", "fish"], typer.Argument(help="The shell that is to complete words.")],
) -> None:
    """Print the script by which a shell completes commands and options, such as for ~/.bashrc."""
    from typer._completion_shared import get_completion_script

    print(get_completion_script(prog_name=PROGRAM, complete_var=ASKING, shell=shell))


def know_the_shells() -> None:
    """Prepare for the question of a shell, where this is one: typer does so only for options of its own."""
    if ASKING in os.environ:
        from typer._completion_classes import completion_init

        completion_init()
