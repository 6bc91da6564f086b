"""From a recipe to an order: everything that is known before a machine runs, and so all that a preview can tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from hallmark import patches
from hallmark.base import SUITE, BasePlan, plan_base, plan_named_base
from hallmark.errors import HallmarkError
from hallmark.inventory import parse_status
from hallmark.order import Order, make_order
from hallmark.patch_lock import PatchLock, load_lock
from hallmark.places import Places
from hallmark.recipe import Recipe
from hallmark.settings import Settings

LATEST = "latest"


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """What the recipes of one stack share."""

    settings: Settings
    places: Places
    root: Path
    today: date


def plan_the_base(context: Context) -> BasePlan:
    """The base that this stack's images start from. Raises MirrorError, LockError, SettingsError.

    With patches `latest` it asks the mirror for all suites at once: that is this run's one look at it.
    """
    latest = context.settings.patches == LATEST
    if latest:
        context.places.apt_root().update()
    if context.settings.base is not None:
        return plan_named_base(context.settings.base, context.places.cache)
    return plan_base(context.places.apt_root(SUITE), ask=not latest)


def resolve_lock(context: Context, recipe: Recipe, status: str, say: Callable[[str], None]) -> PatchLock:
    """The patch lock for a base with this dpkg status: resolved anew, or the pinned one. Raises MirrorError, LockError.

    `plan_the_base` has asked the mirror before. Ends by name what the recipe's mitigations no longer justify.
    """
    places = context.places
    if context.settings.patches == LATEST:
        lock = patches.resolve(status, recipe.packages, places.apt_root(), places.pool, ask=False)
    else:
        path = context.root / context.settings.patches
        lock = load_lock(path)
        patches.verify_pinned(lock, places.apt_root(), parse_status(status), where=str(path))
        patches.fetch(lock, places.apt_root(), places.pool)
    try:
        patches.check_mitigations(recipe.mitigation, lock, context.today, places.pool)
    except HallmarkError as error:
        raise type(error)(f"{recipe.path}: {error}") from error
    say(f"{len(lock.packages)} packages, {len({c for p in lock.packages for c in p.cves})} CVEs")
    return lock


def order_image(context: Context, recipe: Recipe, base: BasePlan, status: str, say: Callable[[str], None]) -> Order:
    """The whole order of one recipe."""
    lock = resolve_lock(context, recipe, status, say)
    return make_order(
        recipe,
        scripts=context.root / "image_scripts",
        base=base.fingerprint,
        inventory=parse_status(status),
        lock=lock,
        today=context.today,
    )
