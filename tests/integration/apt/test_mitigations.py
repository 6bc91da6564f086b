"""Mitigations against a real archive: they end when the patch is there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from hallmark.common.errors import LockError
from hallmark.debian.apt import PrivateRoot
from hallmark.debian.inventory import parse_status
from hallmark.debian.mitigations import MirrorChangelogs, check_mitigations
from tests.integration.apt.debian_archive import Archive, Deb, ignore, status
from tests.support.published_archive import LIBWEB, OLD, WEB, published, resolve


@dataclass(frozen=True)
class Mitigation:
    cve: str
    package: str
    expires: date


@pytest.mark.parametrize(
    ("cve", "package", "base", "words"),
    [
        ("CVE-2024-0001", "web", status(*OLD), r"the lock brings web 1\.0-1, whose changelog"),
        ("CVE-2024-0001", "web", status(*OLD, WEB, LIBWEB), r"the base has (lib)?web 1\.0-1, whose changelog"),
        ("CVE-2025-1111", "libtls", status(*OLD), r"the lock brings libtls 1:3\.5-1\+deb13u3, whose changelog"),
    ],
    ids=["new", "in the base", "before the base"],
)
def test_a_mitigation_ends_when_lock_or_base_have_the_patch(
    archive: Archive, cache: Path, cve: str, package: str, base: str, words: str
) -> None:
    lock = resolve(published(archive), cache, "web", base=base)
    changelogs = MirrorChangelogs(PrivateRoot(cache, archive.mirror()), cache / "pool", ignore)
    mitigation = Mitigation(cve=cve, package=package, expires=date(2999, 1, 1))
    with pytest.raises(LockError, match=rf"mitigation of {cve} in {package}: {words}"):
        check_mitigations([mitigation], lock, parse_status(base), date(2026, 11, 22), changelogs)


def test_a_base_of_which_the_mirror_has_no_changelog_is_said(archive: Archive, cache: Path) -> None:
    said: list[str] = []
    root = PrivateRoot(cache, published(archive).mirror())
    lock = resolve(archive, cache)
    base = parse_status(status(*OLD, Deb(name="gone", version="0.9")))
    mitigation = Mitigation(cve="CVE-2024-0001", package="gone", expires=date(2999, 1, 1))
    check_mitigations([mitigation], lock, base, date(2026, 11, 22), MirrorChangelogs(root, cache / "pool", said.append))
    assert said == [
        "mitigations: the mirror has no changelog of gone 0.9: nobody can tell whether the base has the patch"
    ]
