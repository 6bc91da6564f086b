"""The pool: .debs, downloaded and verified, each under its own hash, so that mirrors and versions never collide."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Protocol

from hallmark.common.fingerprint import hash_file


class Downloadable(Protocol):
    """What identifies one .deb of a mirror: a planned or a locked package."""

    @property
    def name(self) -> str:
        """The package's name."""

    @property
    def architecture(self) -> str:
        """Its architecture, or `all`."""

    @property
    def to_version(self) -> str:
        """Its whole version, with the epoch."""

    @property
    def size(self) -> int:
        """Bytes of the .deb."""

    @property
    def sha256(self) -> str:
        """Hash of the .deb."""


def pool_of(cache: Path) -> Path:
    """The pool of a cache."""
    return cache / "pool"


def file_name(sha256: str) -> str:
    """The name of the .deb with this hash."""
    return f"{sha256}.deb"


def pool_path(pool: Path, deb: Downloadable) -> Path:
    """Where a .deb is kept."""
    return pool / file_name(deb.sha256)


def in_pool(pool: Path, deb: Downloadable) -> bool:
    """Whether the pool has a .deb with just these bytes."""
    return _is_right(pool_path(pool, deb), deb)


def adopt(staging: Path, pool: Path, deb: Downloadable) -> bool:
    """Move one downloaded .deb into the pool if it is what it must be; else remove it."""
    path = staging / staged_name(deb)
    if not _is_right(path, deb):
        path.unlink(missing_ok=True)
        return False
    path.replace(pool_path(pool, deb))
    return True


def sweep(staging: Path, *, finished: bool) -> None:
    """Remove what a download left; broken-off ones are kept, to be taken up again, until all is there."""
    if finished:
        shutil.rmtree(staging)
    for path in staging.rglob("*.FAILED"):
        path.unlink(missing_ok=True)


def staged_name(deb: Downloadable) -> str:
    """The name that apt gives a downloaded .deb."""
    return f"{deb.name}_{deb.to_version.replace(':', '%3a')}_{deb.architecture}.deb"


def _is_right(path: Path, deb: Downloadable) -> bool:
    return path.is_file() and path.stat().st_size == deb.size and hash_file(path) == deb.sha256
