"""The commands of `hallmark` that need an AWS account; `register` hangs them onto the command line of cli.py."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

import typer

from hallmark.engine import find_checkout
from hallmark.settings import PROJECT
from hallmark.stack_file import read_stack_config

_PLATFORM = f"{PROJECT}:platform"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(sweep)


def sweep(
    stack: Annotated[
        str, typer.Option("--stack", "-s", help="The stack whose leftovers go; its account and region.")
    ] = "aws",
    everything: Annotated[
        bool, typer.Option("--all", help="Leftovers of any stack in that account and region.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")] = False,
) -> None:
    """Remove from AWS what killed runs left, once its time has passed; never an image, nor what an image needs."""
    config = read_stack_config(find_checkout(), stack)
    if config.get(_PLATFORM) != "aws":
        _say(f"stack {stack} builds on this machine: nothing there outlives a run, there is nothing to sweep")
        removed: tuple[str, ...] = ()
    else:
        removed = _sweep(config, None if everything else (PROJECT, stack), stack, dry_run=dry_run)
    if as_json:
        print(json.dumps({"removed": list(removed), "dry_run": dry_run}, indent=2), flush=True)
        return
    for name in removed:
        print(f"{'would remove' if dry_run else 'removed'} {name}")
    if not removed:
        print("nothing to remove")


def _sweep(config: Mapping[str, str], scope: tuple[str, str] | None, stack: str, *, dry_run: bool) -> tuple[str, ...]:
    from hallmark.aws_session import Aws
    from hallmark.aws_settings import load_aws_settings
    from hallmark.aws_sweep import sweep as sweep_account

    settings = load_aws_settings(config, where=f"stacks/Pulumi.{stack}.yaml", environment=os.environ)
    return sweep_account(Aws(settings), scope=scope, now=datetime.now(UTC), say=_say, dry_run=dry_run)


def _say(text: str) -> None:
    print(f"hallmark: {text}", file=sys.stderr, flush=True)
