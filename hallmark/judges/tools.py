"""The judges' tools: fetched through the mirror's signed indexes, unpacked into one tree, and never installed.

Tools of Debian 13 are the mirror's latest. The SCAP Security Guide knows Debian 13 only from a later release on: its
packages are pinned in a lock of this checkout, which `hallmark lock` renews.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pydantic import BaseModel

from hallmark.common.errors import LockError, MirrorError, RecipeError
from hallmark.common.fingerprint import Sha256
from hallmark.common.validation import STRICT
from hallmark.config.recipe import Judge, Recipe
from hallmark.debian import resolve as patches
from hallmark.debian.apt import PrivateRoot
from hallmark.debian.inventory import Inventory
from hallmark.debian.lock import PatchLock, load_lock
from hallmark.debian.pool import Downloadable, in_pool, pool_path
from hallmark.judges.tree import make_tree

LOCK = "judges-lock.json"
"""The lock of the guide, in the top folder of the checkout."""
GUIDE = "ssg-debian"
GUIDE_SUITE = "forky"
"""The suite that has the guide for Debian 13, by its code name."""
DATASTREAM = "ssg-debian13-ds.xml"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Tool:
    """A judge's package, and whether what it depends on comes along or is the image's own."""

    package: str
    whole: bool


_TOOLS: Mapping[str, _Tool] = {
    "lynis": _Tool(package="lynis", whole=False),
    "openscap": _Tool(package="openscap-scanner", whole=True),
    "ssh-audit": _Tool(package="ssh-audit", whole=False),
}


class Tools(BaseModel):
    """The tree of some judges: a tar on this host, its hash, and the Debian version of each judge's packages."""

    model_config = STRICT
    tree: Path
    sha256: Sha256
    versions: dict[str, str]

    def version_of(self, judge: Judge) -> str:
        """What the judge must call itself in its report: the version of its package without Debian's own parts."""
        package = GUIDE if judge.name == "openscap" else _TOOLS[judge.name].package
        return self.versions[package].rpartition(":")[2].partition("-")[0].partition("+")[0]


def check_exceptions(recipe: Recipe, today: date) -> None:
    """RecipeError for an exception whose last day has passed."""
    for index, judge in enumerate(recipe.judge):
        for number, exception in enumerate(judge.exceptions):
            if exception.expires < today:
                raise RecipeError(
                    f"{recipe.path}: judge[{index}].exceptions[{number}].expires: the exception of {exception.rule} "
                    f"expired on {exception.expires}; look at it again, then mend the image, renew or remove it"
                )


def fetch_tools(
    judges: Sequence[Judge],
    roots: Callable[..., PrivateRoot],
    cache: Path,
    pool: Path,
    checkout: Path,
    say: Callable[[str], None],
) -> Tools | None:
    """The tools that these judges need, from the cache or the mirror; None for no judge.

    `roots` makes apt's private root for some suites, as `Places.apt_root` does; the mirror was asked for Debian 13's
    before. Raises MirrorError, and LockError for a lock that is damaged or whose packages the mirror no longer has.
    """
    if not judges:
        return None
    packages: dict[str, Downloadable] = {}
    versions = {}
    for name in dict.fromkeys(judge.name for judge in judges):
        tool, root = _TOOLS[name], roots()
        found = root.simulate_install("", [tool.package], upgrade=False)
        wanted = [each for each in found if tool.whole or each.name == tool.package]
        root.download(wanted, pool, say)
        packages |= {each.name: each for each in wanted}
        versions[tool.package] = next(each.to_version for each in wanted if each.name == tool.package)
    if any(judge.name == "openscap" for judge in judges):
        guide = _fetch_guide(checkout / LOCK, roots, pool, say)
        packages |= {each.name: each for each in guide.packages}
        versions[GUIDE] = next(each.to_version for each in guide.packages if each.name == GUIDE)
    tree, sha256 = make_tree([pool_path(pool, each) for _, each in sorted(packages.items())], cache)
    return Tools(tree=tree, sha256=sha256, versions=versions)


def renew_lock(roots: Callable[..., PrivateRoot], pool: Path, say: Callable[[str], None]) -> PatchLock:
    """The lock of the newest guide. Raises MirrorError and LockError."""
    root = roots(GUIDE_SUITE)
    with root.locked():
        root.update()
        planned = root.simulate_install("", [GUIDE], upgrade=False)
        root.download(planned, pool, say)
        return patches.make_lock(planned, Inventory(packages=()), root.releases(), pool)


def _fetch_guide(path: Path, roots: Callable[..., PrivateRoot], pool: Path, say: Callable[[str], None]) -> PatchLock:
    """The guide's packages, which the lock names by hash. An index that has expired can change nothing of that."""
    lock = load_lock(path)
    if GUIDE not in {package.name for package in lock.packages}:
        raise LockError(f"{path}: packages: expected {GUIDE}; `hallmark lock` makes the lock anew")
    if missing := _missing(lock.packages, pool):
        root = roots(GUIDE_SUITE, past=True)
        root.update()
        try:
            root.download(missing, pool, say)
        except MirrorError as error:
            raise LockError(
                f"{path}: {', '.join(package.to_version for package in missing)}: {error}; where the mirror has a "
                "newer one only, `hallmark lock` pins that"
            ) from error
    return lock


def _missing(packages: Iterable[Downloadable], pool: Path) -> list[Downloadable]:
    return [package for package in packages if not in_pool(pool, package)]
