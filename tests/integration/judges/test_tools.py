"""The judges' tools, fetched by the real apt from a signed archive."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from hallmark.common.errors import LockError, MirrorError
from hallmark.config.recipe import Judge
from hallmark.debian.apt import TRIXIE, PrivateRoot
from hallmark.debian.lock import load_lock, write_lock
from hallmark.judges.tools import GUIDE_SUITE, LOCK, Tools, fetch_tools, renew_lock
from tests.integration.apt.debian_archive import Archive, Deb, ignore

LYNIS = Judge(name="lynis", least_score=0)
CIS = Judge(name="openscap", profile="cis_level1_server", least_score=0)
DEBS = (
    Deb(name="lynis", version="3.1.4-1", fields={"Depends": "e2fsprogs"}),
    Deb(name="e2fsprogs", version="1.47"),
    Deb(name="openscap-scanner", version="1.4.2+dfsg-1", fields={"Depends": "libopenscap33"}),
    Deb(name="libopenscap33", version="1.4.2+dfsg-1"),
)
GUIDE = Deb(name="ssg-debian", version="0.1.82-1")


class Site:
    """A checkout, a cache, and the archive that they are fetched from."""

    def __init__(self, archive: Archive, folder: Path) -> None:
        self.checkout, self.cache = folder, folder / "cache"
        self._mirror = archive.mirror()
        archive.publish({"trixie": DEBS})
        archive.write_suite(GUIDE_SUITE, (GUIDE,))
        self.root().update()

    def root(self, *suites: str, past: bool = False) -> PrivateRoot:
        return PrivateRoot(self.cache, self._mirror, suites or TRIXIE, past=past)

    def renew(self) -> None:
        write_lock(renew_lock(self.root, self.cache / "pool", ignore), self.checkout / LOCK)

    def fetch(self, *judges: Judge) -> Tools | None:
        return fetch_tools(judges, partial(self.root), self.cache, self.cache / "pool", self.checkout, ignore)


@pytest.fixture
def site(archive: Archive, tmp_path: Path) -> Site:
    return Site(archive, tmp_path)


def test_without_a_judge_nothing_is_fetched(site: Site) -> None:
    assert site.fetch() is None


def test_a_judge_that_uses_the_images_programs_comes_alone(site: Site) -> None:
    tools = site.fetch(LYNIS)
    assert tools is not None
    assert tools.versions == {"lynis": "3.1.4-1"}


def test_openscap_brings_its_libraries_and_the_guide_of_the_lock(site: Site) -> None:
    site.renew()
    tools = site.fetch(LYNIS, CIS)
    assert tools is not None
    assert tools.versions == {"lynis": "3.1.4-1", "openscap-scanner": "1.4.2+dfsg-1", "ssg-debian": "0.1.82-1"}
    pool = {path.name for path in (site.cache / "pool").glob("*.deb")}
    assert len(pool) == 4  # without what lynis depends on


def test_a_guide_that_is_not_the_locks_is_refused(site: Site, archive: Archive) -> None:
    site.renew()
    for deb in (site.cache / "pool").glob("*.deb"):
        deb.unlink()
    archive.write_suite(GUIDE_SUITE, (Deb(name="ssg-debian", version="0.1.83-1"),))
    with pytest.raises(LockError, match=r"(?s)judges-lock\.json: 0\.1\.82-1: .*`hallmark lock` pins that"):
        site.fetch(CIS)
    site.renew()
    tools = site.fetch(CIS)
    assert tools is not None
    assert tools.versions["ssg-debian"] == "0.1.83-1"


def test_other_bytes_than_the_locks_are_refused(site: Site) -> None:
    site.renew()
    for deb in (site.cache / "pool").glob("*.deb"):
        deb.unlink()
    lock = load_lock(site.checkout / LOCK)
    others = lock.packages[0].model_copy(update={"sha256": "0" * 64})
    write_lock(lock.model_copy(update={"packages": (others,)}), site.checkout / LOCK)
    with pytest.raises(LockError, match=r"judges-lock\.json"):
        site.fetch(CIS)


def test_a_missing_lock_says_where_it_comes_from(site: Site) -> None:
    with pytest.raises(LockError, match=r"judges-lock\.json"):
        site.fetch(CIS)


def test_a_renewed_lock_is_not_taken_from_an_expired_index(site: Site, archive: Archive) -> None:
    archive.write_suite(GUIDE_SUITE, (GUIDE,), valid_for=timedelta(hours=-1), made=timedelta(days=-2))
    with pytest.raises(MirrorError, match="expired"):
        site.renew()
