"""Where a stack keeps things and fetches them from: what every step needs besides its order."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from hallmark.common.validation import STRICT
from hallmark.config.settings import Settings
from hallmark.debian.apt import TRIXIE, PrivateRoot
from hallmark.debian.mirror import Mirror, find_mirror
from hallmark.debian.pool import pool_of


class Places(BaseModel):
    """The store, the cache, the mirror and how many machines may run at once; goes through Pulumi's state as JSON."""

    model_config = STRICT
    store: Path
    cache: Path
    main: str
    security: str
    keyrings: tuple[Path, ...]
    parallel: int | None

    @property
    def pool(self) -> Path:
        """Where verified .debs are kept."""
        return pool_of(self.cache)

    def apt_root(self, *suites: str) -> PrivateRoot:
        """The private root of apt for some of the suites, by default all."""
        mirror = Mirror(main=self.main, security=self.security, keyrings=self.keyrings)
        return PrivateRoot(self.cache, mirror, suites or TRIXIE)


def find_places(settings: Settings, root: Path) -> Places:
    """The places of a stack whose checkout is `root`. Raises MirrorError when no mirror is known."""
    mirror = find_mirror(settings.mirror, settings.security_mirror)
    return Places(
        store=settings.store_folder(root),
        cache=settings.cache_folder(root),
        main=mirror.main,
        security=mirror.security,
        keyrings=mirror.keyrings,
        parallel=settings.parallel,
    )
