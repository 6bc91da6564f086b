from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from debian.debian_support import NativeVersion
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hallmark.common.errors import LockError
from hallmark.debian.changelog import cves_since, read_changelog

CHANGES = """\
tls (3.5-1+deb13u3) trixie-security; urgency=high

  * Fix CVE-2026-20001, CVE-2026-9 is no identifier; XCVE-2026-1111 neither.
  * CVE-2026-20001 again (CVE-2026-3000000)

 -- A <a@hallmark.test>  Mon, 02 Nov 2026 10:00:00 +0000

tls (3.5-1+deb13u2) trixie; urgency=medium

  * CVE-2025-0100

 -- A <a@hallmark.test>  Mon, 01 Dec 2025 10:00:00 +0000

tls (3.5-1) unstable; urgency=medium

  * CVE-2020-0001
""".splitlines()


def test_the_cves_of_newer_entries_are_named_once_in_order() -> None:
    assert cves_since(CHANGES, "3.5-1") == ("CVE-2025-0100", "CVE-2026-20001", "CVE-2026-3000000")
    assert cves_since(CHANGES, "3.5-1+deb13u2") == ("CVE-2026-20001", "CVE-2026-3000000")
    assert cves_since(CHANGES, "3.5-1+deb13u3") == ()


def test_a_version_between_entries_ends_the_reading_too() -> None:
    assert cves_since(CHANGES, "3.5-1+deb13u1") == ("CVE-2025-0100", "CVE-2026-20001", "CVE-2026-3000000")


def test_without_a_version_all_entries_count() -> None:
    assert "CVE-2020-0001" in cves_since(CHANGES, None)


def test_a_file_that_is_no_deb_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.deb"
    path.write_bytes(b"no deb")
    with pytest.raises(LockError, match=r"x\.deb: expected a Debian package"):
        read_changelog(path)


ORDERED = [
    "1~~",
    "1~~a",
    "1~",
    "1",
    "1+b1",
    "1.0~rc1-1",
    "1.0-1~bpo1",
    "1.0-1",
    "1.0-1+deb13u1",
    "1.0-10",
    "1.0.1-1",
    "1:0",
]


def test_versions_sort_as_dpkg_sorts_them() -> None:
    assert [str(version) for version in sorted(map(NativeVersion, reversed(ORDERED)))] == ORDERED


@pytest.mark.parametrize(("a", "b"), [("1", "1-0"), ("0:1", "1"), ("1.00", "1.0"), ("1.", "1.0"), ("1a", "1a0")])
def test_versions_that_dpkg_holds_for_equal(a: str, b: str) -> None:
    assert NativeVersion(a) == NativeVersion(b)


epochs = st.sampled_from(["", "0:", "1:", "10:"])
parts = st.text("019.+~abZ-", max_size=6).map(lambda text: "1" + text)
versions = st.builds(str.__add__, epochs, parts)


@settings(max_examples=60, deadline=None)
@given(versions, versions)
def test_versions_compare_as_dpkg_compares_them(a: str, b: str) -> None:
    theirs = subprocess.run(["dpkg", "--compare-versions", a, "lt", b], check=False, stderr=subprocess.DEVNULL)
    assume(theirs.returncode in (0, 1))
    assert (NativeVersion(a) < NativeVersion(b)) == (theirs.returncode == 0)
