"""What the program needs of Pulumi: the stack's configuration, its recipes and their platforms."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping

import pulumi

from components.step import Platform
from hallmark.base.base import check_disk
from hallmark.common.checkout import ROOT
from hallmark.common.errors import HallmarkError
from hallmark.config.disk import PLAIN, Layout
from hallmark.config.recipe import Recipe, load_recipe
from hallmark.config.settings import load_settings
from hallmark.engine.lifeline import die_with_engine
from hallmark.order.places import check_places, find_places
from hallmark.order.resolve import Context


def load_context() -> Context:
    """The stack's settings and places. Raises SettingsError and MirrorError."""
    die_with_engine()
    config = pulumi.runtime.config.CONFIG.get()
    settings = load_settings(config, where=_where())
    today = dt.datetime.now(dt.UTC).date()
    places = find_places(settings, ROOT)
    check_places(places, where=_where())
    return Context(settings=settings, places=places, root=ROOT, today=today)


def load_recipes(context: Context) -> dict[str, Recipe | HallmarkError]:
    """The stack's recipes by name. One that is wrong ends a preview; in an `up` the others go on without it."""
    found: dict[str, Recipe | HallmarkError] = {}
    for name in context.settings.recipes:
        try:
            recipe = load_recipe(context.root / "recipes" / f"{name}.toml")
            check_disk(recipe, context.settings)
            found[name] = recipe
        except HallmarkError as error:
            if pulumi.runtime.is_dry_run():
                raise
            found[name] = error
    return found


def choose_platform(context: Context, recipes: Mapping[str, Recipe | HallmarkError]) -> dict[str, Platform]:
    """Each recipe's platform, which is the one that the settings name, with the base for the recipe's disk.

    The bases are planned and declared, one for each disk. Raises HallmarkError.
    """
    wanted = {name: PLAIN if isinstance(one, HallmarkError) else one.disk.laid_out() for name, one in recipes.items()}
    layouts = dict.fromkeys(wanted.values())
    made: Mapping[Layout, Platform]
    if context.settings.platform == "aws":
        from components.aws.platform import aws_platforms
        from hallmark.aws.settings import load_aws_settings

        config = pulumi.runtime.config.CONFIG.get()
        settings = load_aws_settings(config, where=_where(), environment=os.environ)
        made = aws_platforms(context, settings, layouts)
    else:
        from components.local.platform import local_platforms

        made = local_platforms(context, layouts)
    return {name: made[layout] for name, layout in wanted.items()}


def _where() -> str:
    """Where the settings stand, for messages."""
    stack = pulumi.get_stack()
    return f"stack {stack} (stacks/Pulumi.{stack}.yaml)"
