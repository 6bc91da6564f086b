"""From a recipe to an order: everything that is known before a machine runs, and so all that a preview can tell."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path

from hallmark.common.errors import HallmarkError, LockError, MirrorError, RecipeError
from hallmark.common.fingerprint import Sha256
from hallmark.config.recipe import Recipe
from hallmark.config.settings import Settings
from hallmark.controls.plan import Plan
from hallmark.debian import resolve as patches
from hallmark.debian.inventory import parse_status, without
from hallmark.debian.lock import PatchLock, load_lock
from hallmark.debian.mitigations import MirrorChangelogs, check_mitigations
from hallmark.judges.tools import Tools, check_exceptions, fetch_tools
from hallmark.order.order import ExpectedNetwork, Order, make_order, make_plan, wanted_packages
from hallmark.order.places import Places

LATEST = "latest"
_INSTALLED_KIB = re.compile(r"^Installed-Size: ([0-9]+)$", re.MULTILINE)
# Reckoned low: a package is at least three times as large when it is unpacked; and what no package counts, such as the
# initial RAM disks, the hardware database and the file system's own tables.
_UNPACKED, _BESIDES_MIB = 3, 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """What the recipes of one stack share."""

    settings: Settings
    places: Places
    root: Path
    today: date


def ask_the_mirror(context: Context) -> bool:
    """Look at the mirror, once for this run, where the patches are to be the latest; whether they are. MirrorError."""
    latest = context.settings.patches == LATEST
    if latest:
        context.places.apt_root().update()
    return latest


def resolve_lock(context: Context, recipe: Recipe, plan: Plan, status: str, say: Callable[[str], None]) -> PatchLock:
    """The patch lock for a base with this dpkg status: resolved anew, or the pinned one.

    It has what recipe and plan need. `ask_the_mirror` was called before; `say` is told how far the download of the
    packages has come. Raises MirrorError and LockError; the latter, too, when a mitigation of the recipe has expired or
    its patch has arrived, which the message names.
    """
    places = context.places
    if context.settings.patches == LATEST:
        wanted = wanted_packages(recipe, plan)
        try:
            lock = patches.resolve(status, wanted, places.apt_root(), places.pool, say, ask=False)
        except LockError as error:  # an unknown package, or one that conflicts
            raise LockError(f"{recipe.path}: {error}") from error
    else:
        lock = _pinned_lock(context, recipe, plan, status, say)
    try:
        changelogs = MirrorChangelogs(places.apt_root(), places.pool, say)
        check_mitigations(recipe.mitigation, lock, parse_status(status), context.today, changelogs)
    except HallmarkError as error:
        raise type(error)(f"{recipe.path}: {error}") from error
    return lock


def _pinned_lock(context: Context, recipe: Recipe, plan: Plan, status: str, say: Callable[[str], None]) -> PatchLock:
    """The lock that the settings name: a file, or in a folder of locks the one with the recipe's name."""
    places = context.places
    path = context.root / context.settings.patches
    if path.is_dir():
        path = path / f"{recipe.name}.json"
    lock = load_lock(path)
    inventory = parse_status(status)
    # What a lock pins is older than the archive's last index, and no newer index could change it: each package's hash
    # is the lock's. So a mirror of the archive's earlier states serves it, whose indexes have expired.
    root = places.apt_root(past=True)
    patches.verify_pinned(lock, root, inventory, where=str(path))
    known = {package.name for package in inventory.packages} | {package.name for package in lock.packages}
    asked = {name: f"the control {' and '.join(controls)} asks for" for name, controls in plan.packages.items()}
    asked |= {name: f"{recipe.path} asks for (packages[{index}])" for index, name in enumerate(recipe.packages)}
    for name, who in asked.items():
        if name not in known:
            raise LockError(
                f"{path}: packages: expected {name}, which {who}; "
                "the lock was made for another list: make a new one with hallmark:patches latest"
            )
    patches.fetch(lock, root, places.pool, say)
    return lock


@dataclass(frozen=True, kw_only=True, slots=True)
class StartingPoint:
    """What a platform builds on: base, what its machines find around them, hardware that is not the recipe's."""

    base: Sha256
    expected_network: ExpectedNetwork = "none"
    hardware: Mapping[str, str] = field(default_factory=dict)


def order_image(
    context: Context, recipe: Recipe, start: StartingPoint, status: str, say: Callable[[str], None]
) -> Order:
    """The whole order of one recipe on a base with this dpkg status. RecipeError when its disk is too small for it."""
    scripts = context.root / "image_scripts"
    plan = make_plan(recipe, scripts, context.today, start.expected_network, context.places.facts)
    check_exceptions(recipe, context.today)
    lock = resolve_lock(context, recipe, plan, without(status, plan.replaces), say)
    if context.settings.own_base:
        _need_disk(recipe, status, lock)
    return make_order(
        recipe,
        plan,
        scripts=scripts,
        base=start.base,
        inventory=parse_status(status),
        lock=lock,
        expected_network=start.expected_network,
        hardware=start.hardware,
        tools=resolve_tools(context, recipe, say),
    )


def resolve_tools(context: Context, recipe: Recipe, say: Callable[[str], None]) -> Tools | None:
    """The tools of a recipe's judges, of the same state of the mirror as its patches. MirrorError, LockError."""
    places = context.places
    past = context.settings.patches != LATEST
    roots = partial(places.apt_root, past=past)
    try:
        return fetch_tools(recipe.judge, roots, places.cache, places.pool, context.root, say)
    except (LockError, MirrorError) as error:
        raise type(error)(f"{recipe.path}: judge: {error}") from error


def _need_disk(recipe: Recipe, status: str, lock: PatchLock) -> None:
    """RecipeError when the root file system cannot hold the base and all packages, by what these say of themselves."""
    root = next(part for part in recipe.disk.laid_out().partitions if part.mount_point == "/")
    installed = sum(map(int, _INSTALLED_KIB.findall(status))) >> 10
    needed = installed + (sum(package.size for package in lock.packages) * _UNPACKED >> 20) + _BESIDES_MIB
    if needed > root.mib:
        raise RecipeError(
            f"{recipe.path}: disk: expected room for about {needed} MiB on /, which has {root.mib}; "
            "make size_gib larger, or the size of / in sizes_mib"
        )
