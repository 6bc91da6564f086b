"""Mitigations that have had their day: expired, of a package that is not there, or overtaken by the patch itself.

Place in the pipeline: after the patch lock. A fix can come with the lock, or with a newer base; the changelogs tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Protocol

from hallmark.common.errors import LockError
from hallmark.debian.apt import PrivateRoot
from hallmark.debian.changelog import cves_since, read_changelog
from hallmark.debian.inventory import InstalledPackage, Inventory
from hallmark.debian.lock import LockedPackage, PatchLock
from hallmark.debian.pool import in_pool, pool_path


class Mitigation(Protocol):
    """A CVE that the recipe deals with otherwise than by a patch."""

    @property
    def cve(self) -> str:
        """CVE-YEAR-NUMBER."""

    @property
    def package(self) -> str:
        """The binary or source package that has it."""

    @property
    def expires(self) -> date:
        """The last day on which it may be left unpatched."""


class Changelogs(Protocol):
    """The CVEs that changelogs name, at any version; nothing where no changelog can be had."""

    def of_lock(self, packages: Iterable[LockedPackage]) -> tuple[str, ...]:
        """Those of the lock's packages that were built from one source."""

    def of_base(self, packages: Iterable[InstalledPackage]) -> tuple[str, ...]:
        """Those of the base's packages that were built from one source."""


def check_mitigations(
    mitigations: Iterable[Mitigation], lock: PatchLock, inventory: Inventory, today: date, changelogs: Changelogs
) -> None:
    """End a build whose mitigations have had their day. LockError by name."""
    for mitigation in mitigations:
        what = f"mitigation of {mitigation.cve} in {mitigation.package}"
        if mitigation.expires < today:
            raise LockError(
                f"{what}: expired on {mitigation.expires}; look at it again, then patch, renew or remove it"
            )
        brought = [p for p in lock.packages if mitigation.package in (p.name, p.source)]
        brought.sort(key=lambda package: package.name != mitigation.package)
        there = [p for p in inventory.packages if mitigation.package in (p.name, p.source)]
        if not brought and not there:
            raise LockError(
                f"{what}: neither base nor lock has a package of this name, binary or source; "
                "mend the name, or remove the mitigation"
            )
        sources = {package.source for package in brought}
        siblings = [package for package in lock.packages if package.source in sources]
        if brought and mitigation.cve in (*brought[0].cves, *changelogs.of_lock(siblings)):
            raise LockError(
                f"{what}: the lock brings {brought[0].label}, whose changelog names {mitigation.cve}; "
                "remove the mitigation from the recipe, the patch takes its place"
            )
        if not brought and mitigation.cve in changelogs.of_base(there):
            raise LockError(
                f"{what}: the base has {there[0].name} {there[0].version}, whose changelog names {mitigation.cve}; "
                "remove the mitigation from the recipe, the base has the patch"
            )


class MirrorChangelogs:
    """Changelogs out of the .debs: the lock's are in the pool, a base's package is fetched from the mirror."""

    def __init__(self, root: PrivateRoot, pool: Path, say: Callable[[str], None]) -> None:
        self._root, self._pool, self._say = root, pool, say

    def of_lock(self, packages: Iterable[LockedPackage]) -> tuple[str, ...]:
        """All CVEs that the changelog names, of the smallest package that has one; the others link to it."""
        for deb in sorted(packages, key=lambda package: package.size):
            lines = read_changelog(pool_path(self._pool, deb)) if in_pool(self._pool, deb) else None
            if lines is not None:
                return cves_since(lines, None)
        return ()

    def of_base(self, packages: Iterable[InstalledPackage]) -> tuple[str, ...]:
        """All CVEs that the changelog names; where the mirror has none of these versions `say` is told."""
        wanted = [(package.name, package.version) for package in packages]
        for deb in self._root.available(wanted):
            self._root.download([deb], self._pool, self._say)
            lines = read_changelog(pool_path(self._pool, deb))
            if lines is not None:
                return cves_since(lines, None)
        names = ", ".join(f"{name} {version}" for name, version in wanted)
        self._say(
            f"mitigations: the mirror has no changelog of {names}: nobody can tell whether the base has the patch"
        )
        return ()
