"""The commands that ask the engine: `up`, `outputs`."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any

import typer

from hallmark.cli.options import Json, print_json, say
from hallmark.cli.stacks import is_on_aws, open_store, require_stack
from hallmark.common.checkout import find_checkout
from hallmark.engine import plugins
from hallmark.engine.engine import Engine

_NAMES = ("id", "ami", "parameter", "disk", "evidence")


def up(
    stack: Annotated[str, typer.Argument(help="The stack to bring up.")] = "local",
    as_json: Json = False,
) -> None:
    """Build, test and release what the stack lists: `pulumi up`, with nothing to ask and stale locks cleared."""
    engine = Engine(find_checkout(), os.environ)
    if is_on_aws(stack):
        plugins.install_plugins(engine)
    engine.up(stack, say, output=sys.stderr if as_json else None)
    # A run that had nothing to build opened no work folder, and so swept none that a killed run had left.
    open_store(stack).store.sweep()
    images = engine.outputs(stack).get("images", {})
    following = _next_commands(stack, images)
    if as_json:
        print_json({"stack": stack, "images": images, "next": following})
        return
    for recipe, image in images.items():
        print(f"\n{recipe}: {_outcome(image)}")
        for name in _NAMES:
            if name in image:
                print(f"  {name:10}{image[name]}")
    print("\nTry next:")
    for command, purpose in following.items():
        print(f"  {command:<40}  {purpose}")


def outputs(
    stack: Annotated[str, typer.Argument(help="The stack to ask.")] = "local",
    as_json: Json = True,
) -> None:
    """Print the stack's outputs as JSON."""
    require_stack(stack)
    print_json(Engine(find_checkout(), os.environ).outputs(stack))


def _outcome(image: dict[str, Any]) -> str:
    return f"released on channel {image.get('channel')}" if image.get("accepted") else "not released"


def _next_commands(stack: str, images: dict[str, Any]) -> dict[str, str]:
    """Command → what it is for."""
    option, variable = ("", "") if stack == "local" else (f" --stack {stack}", f" STACK={stack}")
    shows = {f"hallmark show {recipe}{option}": "what is known about it (after `. ./env`)" for recipe in images}
    runs = {f"make run{variable}": "boot it and sign in by SSH"} if any("disk" in i for i in images.values()) else {}
    return {**runs, **shows, f"make -s outputs{variable}": "the stack's outputs as JSON"}
