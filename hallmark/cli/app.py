"""`hallmark`, the command line: bring a stack up, look at images, boot one, retry, clean up.

Exit codes: 0 done; 1 a program or the Pulumi run failed; 2 wrong settings, recipe, control or usage; 3 something is
missing on this host; 4 mirror, patch lock or media; 5 machine, build or results; 6 the candidate was rejected; 7 the
image store; 8 AWS; 9 a machine that cannot be looked at; 10 drift; 130 interrupted. Each error is one message on
standard error. With `--json` standard output holds one JSON document alone.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Annotated, NoReturn

import typer

from hallmark.cli.check import check
from hallmark.cli.completion import PROGRAM, completion, know_the_shells
from hallmark.cli.doctor import doctor
from hallmark.cli.images import gc, images, retry, show
from hallmark.cli.judge import judge
from hallmark.cli.lock import lock
from hallmark.cli.run import run
from hallmark.cli.stack import stack
from hallmark.cli.sweep import sweep
from hallmark.cli.up import outputs, up
from hallmark.common.errors import HallmarkError
from hallmark.common.failures import INTERRUPTED
from hallmark.common.version import read_version

app = typer.Typer(
    name="hallmark",
    help=__doc__,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for _command in (up, outputs, images, show, run, check, judge, lock, retry, gc, sweep, doctor, completion):
    app.command()(_command)
app.add_typer(stack, name="stack")


def _print_version(asked: bool) -> None:
    if asked:
        print(f"{PROGRAM} {read_version()}")
        raise typer.Exit


@app.callback()
def _before_any_command(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print version and commit.")
    ] = False,
) -> None:
    """The options that stand before a command."""


def main() -> None:
    """Run the command line; what a user can mend becomes one message on standard error and an exit code."""
    know_the_shells()
    try:
        app()
    except HallmarkError as problem:
        with suppress(OSError):
            print(f"hallmark: {problem}", file=sys.stderr)
        _end(problem.exit_code)
    except BrokenPipeError:
        _end(1)
    except KeyboardInterrupt:
        _end(INTERRUPTED)


def _end(code: int) -> NoReturn:
    """End with this code, though nobody reads any more what is still to be printed."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    sys.exit(code)
