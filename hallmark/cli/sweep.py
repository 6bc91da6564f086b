"""The command `sweep`: what killed runs have left on AWS."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from hallmark.cli.options import DryRun, Json, print_removed, say
from hallmark.cli.stacks import is_on_aws, open_account
from hallmark.config.settings import PROJECT


def sweep(
    stack: Annotated[
        str, typer.Option("--stack", "-s", help="The stack whose leftovers go; its account and region.")
    ] = "aws",
    everything: Annotated[
        bool, typer.Option("--all", help="Leftovers of any stack in that account and region.")
    ] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Remove from AWS what killed runs left, once its time has passed; never an image, nor what an image needs."""
    removed: list[str] = []
    if is_on_aws(stack):
        removed = _sweep(None if everything else (PROJECT, stack), stack, dry_run=dry_run)
    else:
        say(f"stack {stack} builds on this machine: nothing there outlives a run, there is nothing to sweep")
    print_removed(removed, dry_run=dry_run, as_json=as_json)


def _sweep(scope: tuple[str, str] | None, stack: str, *, dry_run: bool) -> list[str]:
    from hallmark.aws.sweep import sweep as sweep_account

    return list(sweep_account(open_account(stack), scope=scope, now=datetime.now(UTC), say=say, dry_run=dry_run))
