"""Mitigations end when they expire, when their package is not there, and when the patch has come with lock or base."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import pytest

from hallmark.common.errors import LockError
from hallmark.debian.inventory import InstalledPackage, Inventory
from hallmark.debian.lock import LockedPackage, PatchLock
from hallmark.debian.mitigations import check_mitigations
from tests.support.examples import OPENSSL, SUITE, TODAY

LOCK = PatchLock(suites=(SUITE,), packages=(OPENSSL,))
INVENTORY = Inventory(
    packages=(
        InstalledPackage(name="openssl", version="3.5.1-1", architecture="amd64", source="openssl"),
        InstalledPackage(name="sudo", version="1.9.16p2-3", architecture="amd64", source="sudo"),
        InstalledPackage(name="libpam0g", version="1.7.0-5", architecture="amd64", source="pam"),
    )
)


@dataclass(frozen=True)
class Mitigation:
    cve: str = "CVE-2026-0009"
    package: str = "openssl"
    expires: date = TODAY


class Changelogs:
    """Every changelog names one CVE; `asked` is what of the base was looked at."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def of_lock(self, packages: Iterable[LockedPackage]) -> tuple[str, ...]:
        return ("CVE-2025-0007",)

    def of_base(self, packages: Iterable[InstalledPackage]) -> tuple[str, ...]:
        self.asked += [package.name for package in packages]
        return ("CVE-2025-0008",)


def refusal(mitigation: Mitigation) -> str:
    with pytest.raises(LockError) as refused:
        check_mitigations([mitigation], LOCK, INVENTORY, TODAY, Changelogs())
    return str(refused.value)


@pytest.mark.parametrize("package", ["openssl", "sudo", "pam", "libpam0g"])
def test_a_mitigation_holds_to_the_end_of_its_last_day(package: str) -> None:
    check_mitigations([Mitigation(package=package)], LOCK, INVENTORY, TODAY, Changelogs())


def test_an_expired_mitigation_ends_the_build_by_name() -> None:
    assert refusal(Mitigation(expires=date(2026, 11, 21))) == (
        "mitigation of CVE-2026-0009 in openssl: expired on 2026-11-21; "
        "look at it again, then patch, renew or remove it"
    )


@pytest.mark.parametrize("cve", [OPENSSL.cves[0], "CVE-2025-0007"])
def test_a_patch_that_the_lock_brings_ends_it_whether_fixed_since_the_base_or_before(cve: str) -> None:
    assert refusal(Mitigation(cve=cve)) == (
        f"mitigation of {cve} in openssl: the lock brings openssl 3.5.1-1+deb13u1, whose changelog names {cve}; "
        "remove the mitigation from the recipe, the patch takes its place"
    )


@pytest.mark.parametrize(("package", "there"), [("sudo", "sudo 1.9.16p2-3"), ("pam", "libpam0g 1.7.0-5")])
def test_a_patch_that_came_with_a_newer_base_ends_it(package: str, there: str) -> None:
    assert refusal(Mitigation(cve="CVE-2025-0008", package=package)) == (
        f"mitigation of CVE-2025-0008 in {package}: the base has {there}, whose changelog names CVE-2025-0008; "
        "remove the mitigation from the recipe, the base has the patch"
    )


def test_a_package_that_is_nowhere_is_a_mistyped_name() -> None:
    assert refusal(Mitigation(package="opensssl")) == (
        "mitigation of CVE-2026-0009 in opensssl: neither base nor lock has a package of this name, binary or source; "
        "mend the name, or remove the mitigation"
    )


def test_the_same_cve_in_another_package_is_no_concern_of_a_mitigation() -> None:
    check_mitigations([Mitigation(cve=OPENSSL.cves[0], package="sudo")], LOCK, INVENTORY, TODAY, Changelogs())


def test_the_base_is_looked_at_only_where_the_lock_brings_nothing() -> None:
    changelogs = Changelogs()
    check_mitigations([Mitigation(), Mitigation(package="pam")], LOCK, INVENTORY, TODAY, changelogs)
    assert changelogs.asked == ["libpam0g"]
