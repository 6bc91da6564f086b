"""The command `stack new`: the file of a new stack, from an example. No engine is asked, and nothing is built."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Literal

import typer

from hallmark.cli.options import Json, print_json
from hallmark.common.checkout import find_checkout
from hallmark.common.errors import SettingsError
from hallmark.common.files import write_atomic
from hallmark.config.settings import ONLY_AWS, PROJECT, Settings
from hallmark.config.stack_file import STACK_NAME, stack_file

EXAMPLE = "aws"
# What Pulumi writes into a stack's file for one state and one passphrase: of no use to another stack.
_OF_ONE_STATE = re.compile(r"(encryptionsalt|encryptedkey|secretsprovider):")

stack = typer.Typer(help="Stacks of your own.", no_args_is_help=True, rich_markup_mode=None)


@stack.command()
def new(
    name: Annotated[str, typer.Argument(help="The new stack's name: letters, digits, dots, _ and -.")],
    platform: Annotated[
        Literal["local", "aws"], typer.Option(help="Where it builds: on this machine, or on AWS.")
    ] = "local",
    as_json: Json = False,
) -> None:
    """Make the file of a new stack, with its settings as comments; `hallmark up NAME` then brings it up.

    git ignores the file: Pulumi adds a salt to it that fits this checkout's passphrase alone.
    """
    root = find_checkout()
    path = stack_file(root, name)
    if not STACK_NAME.fullmatch(name):
        raise SettingsError(f"{name!r}: expected a stack's name: letters, digits, dots, _ and -")
    if path.exists():
        raise SettingsError(f"{path}: expected no such stack yet, it is there; edit it, or choose another name")
    text = _aws_example(root) if platform == "aws" else _local_example(root, name)
    write_atomic(path, text.encode())
    if as_json:
        print_json({"stack": name, "file": str(path)})
        return
    print(f"{path}: made; git ignores it (`git add -f` shares it)\nTry next:\n  hallmark doctor --stack {name}")
    print(f"  hallmark up {name}")


def _aws_example(root: Path) -> str:
    """The example that the checkout has, without what a state has added to it."""
    path = stack_file(root, EXAMPLE)
    try:
        lines = path.read_text().splitlines()
    except OSError as problem:
        raise SettingsError(f"{path}: expected the example of a stack on AWS; `git restore {path}`") from problem
    return "".join(f"{line}\n" for line in lines if not _OF_ONE_STATE.match(line))


def _local_example(root: Path, name: str) -> str:
    """Every setting that a stack on this machine may have, as a comment with its default."""
    import yaml

    declared = yaml.safe_load((root / "Pulumi.yaml").read_text())["config"]
    aws = {Settings.model_fields[field].alias or field for field in ONLY_AWS}
    lines = [
        f"# The stack {name}: what differs from the defaults in ../Pulumi.yaml. docs/settings.md has them as a table.",
        "config:",
        f"  {PROJECT}:platform: local",
    ]
    for key, entry in declared.items():
        if key != "platform" and key not in aws:
            lines += ["", f"  # {entry['description']}", f"  # {PROJECT}:{key}: {json.dumps(entry['default'])}"]
    return "\n".join([*lines, ""])
