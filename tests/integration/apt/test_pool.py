"""The pool: .debs that are verified, named and fetched once."""

from __future__ import annotations

from pathlib import Path

import pytest

from hallmark.common.errors import LockError
from hallmark.debian import resolve as patches
from hallmark.debian.apt import PrivateRoot
from tests.integration.apt.debian_archive import Archive, ignore, status
from tests.support.published_archive import OLD, TLS, published, resolve


def test_the_debs_of_a_lock_are_in_the_pool_under_the_names_that_the_media_use(archive: Archive, cache: Path) -> None:
    lock = resolve(published(archive), cache)
    found = patches.debs(lock, cache / "pool")
    assert sorted(found) == [
        "libtls_3.5-1+deb13u3_amd64.deb",
        "quiet_2.0-1+deb13u1_amd64.deb",
        "tls_3.5-1+deb13u3_amd64.deb",
    ]
    assert found["tls_3.5-1+deb13u3_amd64.deb"].read_bytes() == archive.deb_path(TLS).read_bytes()
    assert sorted(p.name for p in (cache / "pool").iterdir()) == sorted([".lock", *(p.name for p in found.values())])


def test_a_damaged_deb_in_the_pool_is_named_and_fetched_anew(archive: Archive, cache: Path) -> None:
    lock = resolve(published(archive), cache)
    damaged = patches.debs(lock, cache / "pool")["quiet_2.0-1+deb13u1_amd64.deb"]
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"!")
    with pytest.raises(LockError, match=r"expected quiet 2\.0-1\+deb13u1 with SHA-256 .* missing or has other bytes"):
        patches.debs(lock, cache / "pool")
    patches.fetch(lock, PrivateRoot(cache, archive.mirror()), cache / "pool", ignore)
    assert len(patches.debs(lock, cache / "pool")) == 3


def test_progress_ends_with_all_packages(archive: Archive, cache: Path) -> None:
    said: list[str] = []
    root = PrivateRoot(cache, published(archive).mirror())
    patches.resolve(status(*OLD), [], root, cache / "pool", said.append)
    assert said[-1] == "downloading 3 of 3 packages, 1 MiB of 1 MiB"


def test_what_is_in_the_pool_is_not_downloaded_again(archive: Archive, cache: Path) -> None:
    lock = resolve(published(archive), cache)
    said: list[str] = []
    patches.fetch(lock, PrivateRoot(cache, archive.mirror()), cache / "pool", said.append)
    assert said == []
