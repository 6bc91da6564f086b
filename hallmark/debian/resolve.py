"""The patch lock: the exact packages that bring a base up to date and add the recipe's, with the CVEs that they close.

Resolved against the mirror's signed indexes (`latest`), or read from a file (pinned). The lock decides what goes on the
media; its fingerprint is part of the image's identity and does not depend on when it was made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from hallmark.common.cache import recall, remember
from hallmark.common.errors import LockError
from hallmark.common.fingerprint import fingerprint
from hallmark.debian.apt import Planned, PrivateRoot, Release
from hallmark.debian.changelog import cves_since, read_changelog
from hallmark.debian.inventory import Inventory, parse_status
from hallmark.debian.lock import FORMAT, LockedPackage, LockedSuite, PatchLock, load_lock, write_lock
from hallmark.debian.pool import in_pool, pool_path

__all__ = [
    "LockedPackage",
    "LockedSuite",
    "PatchLock",
    "debs",
    "fetch",
    "load_lock",
    "make_lock",
    "resolve",
    "verify_pinned",
    "write_lock",
]


def resolve(
    status_text: str,
    packages: Sequence[str],
    root: PrivateRoot,
    pool: Path,
    say: Callable[[str], None],
    *,
    ask: bool = True,
) -> PatchLock:
    """The lock for a base with this dpkg status: its upgrades, and the recipe's packages with all they need.

    Costs one look at the mirror when nothing has changed since the last time; none when `ask` is false, because this
    run has just asked. Raises MirrorError and LockError.
    """
    with root.locked():
        releases = root.update() if ask else root.fingerprint()
        inventory = parse_status(status_text)
        inputs = {"releases": releases, "inventory": inventory.fingerprint, "packages": sorted(packages)}
        known = root.home / "locks" / f"{fingerprint('resolution', inputs, version=FORMAT)}.json"
        lock = recall(known, load_lock)
        if lock is None:
            planned = root.simulate_install(status_text, packages, upgrade=True)
            root.download(planned, pool, say)
            lock = make_lock(planned, inventory, root.releases(), pool)
            remember(known, lock.to_json())
        return lock


def make_lock(planned: Sequence[Planned], inventory: Inventory, releases: Sequence[Release], pool: Path) -> PatchLock:
    """The lock of what apt has planned; the .debs must be in the pool, for their changelogs are read."""
    cves = _cves_by_source(planned, inventory, pool)
    return PatchLock(
        suites=tuple(
            LockedSuite(suite=r.suite, sha256=r.sha256, date=r.date, valid_until=r.valid_until) for r in releases
        ),
        packages=tuple(_locked(deb, cves.get(deb.source, ())) for deb in planned),
    )


def verify_pinned(lock: PatchLock, root: PrivateRoot, inventory: Inventory, *, where: str = "patch lock") -> None:
    """Assert that a pinned lock fits the base and that the mirror still has all of it; LockError naming what does not.

    `where` is the lock's file. MirrorError when the mirror cannot be asked.
    """
    for index, package in enumerate(lock.packages):
        installed = inventory.version_of(package.name)
        if installed != package.from_version:
            raise LockError(
                f"{where}: packages[{index}].from_version: {package.name}: the lock was made for a base with "
                f"{package.from_version or 'no such package'}, this one has {installed or 'no such package'}; "
                "pin the base too, or make a new lock with hallmark:patches latest"
            )
    with root.locked():
        root.update()
        records = root.records([(p.name, p.to_version) for p in lock.packages])
    for index, package in enumerate(lock.packages):
        record = records.get((package.name, package.to_version))
        if record is None:
            raise LockError(
                f"{where}: packages[{index}]: {package.label} is no longer on the mirror "
                f"{root.mirror.archive_of(package.suite)}; "
                "use a mirror that keeps old versions, or make a new lock with hallmark:patches latest"
            )
        if f"SHA256: {package.sha256}" not in record.text.splitlines():
            raise LockError(
                f"{where}: packages[{index}].sha256: {package.label}: the mirror's signed index has another hash; "
                "the lock was edited or made from another archive"
            )


def fetch(lock: PatchLock, root: PrivateRoot, pool: Path, say: Callable[[str], None]) -> None:
    """Bring what is missing of a lock into the pool; MirrorError when it cannot be had."""
    root.download(lock.packages, pool, say)


def debs(lock: PatchLock, pool: Path) -> dict[str, Path]:
    """The .debs of a lock by file name, each hash checked again; LockError naming the first that is wrong."""
    for package in lock.packages:
        if not in_pool(pool, package):
            raise LockError(
                f"{pool_path(pool, package)}: expected {package.label} with SHA-256 {package.sha256}, "
                "the file is missing or has other bytes; run again, it will be fetched anew"
            )
    return {package.filename: pool_path(pool, package) for package in lock.packages}


def _cves_by_source(planned: Sequence[Planned], inventory: Inventory, pool: Path) -> dict[str, tuple[str, ...]]:
    """For each source package with an older version in the base: the CVEs that its newer changelog entries name."""
    installed = {package.source: package.source_version for package in inventory.packages}
    found: dict[str, tuple[str, ...]] = {}
    for deb in sorted(planned, key=lambda deb: deb.size):
        if deb.source not in installed or deb.source in found:
            continue
        lines = read_changelog(pool_path(pool, deb))
        if lines is not None:
            found[deb.source] = cves_since(lines, installed[deb.source])
    return found


def _locked(deb: Planned, cves: tuple[str, ...]) -> LockedPackage:
    return LockedPackage(
        name=deb.name,
        architecture=deb.architecture,
        source=deb.source,
        from_version=deb.from_version,
        to_version=deb.to_version,
        suite=deb.suite,
        size=deb.size,
        sha256=deb.sha256,
        filename=deb.filename,
        cves=cves,
    )
