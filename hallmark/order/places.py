"""Where a stack keeps things and fetches them from: what every step needs besides its order."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from hallmark.common.errors import SettingsError
from hallmark.common.files import why_unwritable
from hallmark.common.validation import STRICT
from hallmark.config.settings import PROJECT, Settings
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

    @property
    def facts(self) -> dict[str, str]:
        """What controls can take over: the mirrors' URIs, empty where a server could not or should not ask them."""
        return {"mirror": _for_servers(self.main), "security_mirror": _for_servers(self.security)}

    def apt_root(self, *suites: str, past: bool = False) -> PrivateRoot:
        """The private root of apt for some of the suites, by default all; `past` takes expired indexes too."""
        mirror = Mirror(main=self.main, security=self.security, keyrings=self.keyrings)
        return PrivateRoot(self.cache, mirror, suites or TRIXIE, past=past)


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


def check_places(places: Places, *, where: str) -> None:
    """SettingsError, naming `where` and the setting, when the store or the cache cannot be written."""
    for key, folder in (("store", places.store), ("cache", places.cache)):
        if why := why_unwritable(folder):
            raise SettingsError(f"{where}: {PROJECT}: {key}: {folder}: expected a folder that can be written: {why}")


def _for_servers(uri: str) -> str:
    """A mirror that is a folder of this machine is none for servers; nor is one whose URI holds a password."""
    return uri if uri.startswith(("http://", "https://")) and "@" not in uri else ""
