"""The commands about images: `images`, `show`, `retry`, `gc`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from hallmark.cli.options import DryRun, Folder, Json, Name, Stack, print_facts, print_json, print_removed
from hallmark.cli.stacks import open_catalogue
from hallmark.common.files import mebibytes
from hallmark.evidence.index import INDEX, describe
from hallmark.evidence.summary import JudgeSummary


def images(stack: Stack = "local", store_folder: Folder = None, as_json: Json = False) -> None:
    """List the images of a stack, the newest first."""
    catalogue = open_catalogue(stack, store_folder)
    found, last = catalogue.images(), catalogue.last_column
    if as_json:
        print_json(found)
        return
    if not found:
        print(f"no images in {catalogue.where}; `hallmark up` makes one")
        return
    table = Table("id", "state", "channels", "created", last, box=None, pad_edge=False)
    for image in found:
        size = mebibytes(image[last]) if last == "size" else image[last]
        table.add_row(image["id"], image["state"], ", ".join(image["channels"]), image["created"], size)
    _console().print(table)


def show(name: Name, stack: Stack = "local", store_folder: Folder = None, as_json: Json = False) -> None:
    """Show one image: its state, where it is, and what its evidence holds."""
    facts = open_catalogue(stack, store_folder).show(name)
    if as_json:
        print_json(facts)
        return
    files, summary = facts.pop("files", None), facts.pop("summary", None)
    print_facts(facts)
    for judge in (summary or {}).get("judges", ()):
        print("\n".join(JudgeSummary.model_validate(judge).lines()))
    if files is None:
        return
    index = Path(facts["evidence"]) / INDEX
    if index.exists():
        print(f"\nread first   {index}")
    for file in files:
        if "/" not in file:
            print(f"  {file:<32} {describe(file)[1]}")


def retry(
    name: Annotated[str, typer.Argument(help="The id of a rejected image.")],
    stack: Stack = "local",
    store_folder: Folder = None,
    as_json: Json = False,
) -> None:
    """Make a rejected image a candidate again, so that the next `hallmark up` tests it anew."""
    facts = open_catalogue(stack, store_folder).retry(name)
    if as_json:
        print_json(facts)
        return
    print(f"{facts['id']}: a candidate again; `hallmark up` tests it anew")


def gc(
    keep: Annotated[int, typer.Option(help="How many of each recipe's newest accepted images stay.", min=0)] = 3,
    dry_run: DryRun = False,
    stack: Stack = "local",
    store_folder: Folder = None,
    as_json: Json = False,
) -> None:
    """Remove old images; never one that a channel points at or that a machine uses."""
    removed = open_catalogue(stack, store_folder).gc(keep, dry_run=dry_run)
    print_removed(removed, dry_run=dry_run, as_json=as_json)


def _console() -> Console:
    """Wide enough for whole ids when nobody watches."""
    return Console() if sys.stdout.isatty() else Console(width=200)
