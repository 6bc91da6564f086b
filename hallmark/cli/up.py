"""The commands that ask the engine: `up`, `outputs`."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Annotated, Any

import typer

from hallmark.cli.options import Json, print_json, say
from hallmark.cli.stacks import is_on_aws, open_store, require_stack
from hallmark.common.checkout import find_checkout
from hallmark.common.errors import RecipeError, SettingsError
from hallmark.common.failures import RunError
from hallmark.config.disk import PLAIN
from hallmark.config.recipe import load_recipe
from hallmark.config.settings import load_settings
from hallmark.config.stack_file import read_stack_config
from hallmark.engine import plugins
from hallmark.engine.engine import Engine
from hallmark.pipeline.step import RESOURCES, SHARED_RESOURCES

_NAMES = ("id", "ami", "parameter", "disk", "evidence")


def up(
    stack: Annotated[str, typer.Argument(help="The stack to bring up.")] = "local",
    as_json: Json = False,
    recipe: Annotated[
        list[str] | None, typer.Option("--recipe", "-r", help="Only this recipe of the stack; may be given again.")
    ] = None,
) -> None:
    """Build, test and release what the stack lists: `pulumi up`, with nothing to ask and stale locks cleared."""
    engine = Engine(find_checkout(), os.environ)
    targets = _targets(stack, recipe or [])
    if is_on_aws(stack):
        plugins.install_plugins(engine)
    try:
        engine.up(stack, say, output=sys.stderr if as_json else None, targets=targets)
    except RunError as error:
        with suppress(OSError):  # nobody may be there any more to read it
            _report_failures(engine, stack, error, as_json=as_json)
        raise
    # A run that had nothing to build opened no work folder, and so swept none that a killed run had left.
    open_store(stack).store.sweep()
    images = {name: image for name, image in _images(engine, stack).items() if not recipe or name in recipe}
    following = _next_commands(stack, images)
    if as_json:
        print_json({"stack": stack, "images": images, "next": following})
        return
    _show(images)
    print("\nTry next:")
    for command, purpose in following.items():
        print(f"  {command:<40}  {purpose}")


def _targets(stack: str, recipes: list[str]) -> list[str]:
    """The URNs of these recipes' images and of what they share; none without a recipe. SettingsError for another's."""
    if not recipes:
        return []
    where = f"stacks/Pulumi.{stack}.yaml"
    listed = load_settings(read_stack_config(find_checkout(), stack), where=where).recipes
    for name in recipes:
        if name not in listed:
            raise SettingsError(
                f"{where}: hallmark: recipes: expected {name} to be listed; there are {', '.join(listed)}"
            )
    own = [f"**$**::{name}-{resource}" for name in recipes for resource in RESOURCES]
    shared = dict.fromkeys((*SHARED_RESOURCES, *map(_base_name, recipes)))
    return [f"**::{name}" for name in (*shared, *recipes)] + own


def _base_name(recipe: str) -> str:
    """What the stack calls the base of a recipe; a recipe that is wrong is told by the program."""
    try:
        return load_recipe(find_checkout() / "recipes" / f"{recipe}.toml").disk.laid_out().base_name
    except RecipeError:
        return PLAIN.base_name


def _report_failures(engine: Engine, stack: str, error: RunError, *, as_json: bool) -> None:
    """What became of the other recipes; what failed is told by the error itself, on standard error."""
    failed = {failure.recipe for failure in error.failures}
    images = {} if "" in failed or not error.failures else _images(engine, stack)
    good = {recipe: image for recipe, image in images.items() if recipe not in failed and image.get("accepted")}
    if as_json:
        failures = [failure.model_dump() for failure in error.failures]
        print_json({"stack": stack, "images": good, "failures": failures, "code": error.exit_code})
    else:
        _show(good)
    sys.stdout.flush()


def _images(engine: Engine, stack: str) -> dict[str, dict[str, Any]]:
    """Recipe → what the stack says of its image: of a recipe that has none yet, nothing."""
    found = engine.outputs(stack).get("images") or {}
    return {
        recipe: {key: value for key, value in facts.items() if value is not None} for recipe, facts in found.items()
    }


def _show(images: dict[str, dict[str, Any]]) -> None:
    for recipe, image in images.items():
        print(f"\n{recipe}: {_outcome(image)}")
        for name in _NAMES:
            if name in image:
                print(f"  {name:10}{image[name]}")


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
