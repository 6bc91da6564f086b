"""What all commands share: their options, and how they print."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Stack = Annotated[str, typer.Option("--stack", "-s", help="The stack whose images are meant.")]
Folder = Annotated[Path | None, typer.Option("--store", help="The store's folder, instead of the stack's.")]
Name = Annotated[str, typer.Argument(help="An image's id, or a recipe's name (its released image).")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")]


def print_json(value: object) -> None:
    """One JSON document, on standard output."""
    print(json.dumps(value, indent=2, ensure_ascii=False), flush=True)


def print_facts(facts: dict[str, Any]) -> None:
    """A line for each fact that there is."""
    for key, value in facts.items():
        if value not in (None, []):
            print(f"{key:12} {', '.join(value) if isinstance(value, list) else value}")


def print_removed(removed: list[str], *, dry_run: bool, as_json: bool) -> None:
    """What was removed, or would be."""
    if as_json:
        print_json({"removed": removed, "dry_run": dry_run})
        return
    for name in removed:
        print(f"{'would remove' if dry_run else 'removed'} {name}")
    if not removed:
        print("nothing to remove")


def say(text: str) -> None:
    """A line for people, on standard error."""
    print(f"hallmark: {text}", file=sys.stderr, flush=True)
