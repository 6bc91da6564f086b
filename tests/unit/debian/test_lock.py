from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from hallmark.common.errors import LockError
from hallmark.debian.lock import (
    LockedPackage,
    LockedSuite,
    PatchLock,
    load_lock,
    write_lock,
)
from hallmark.debian.resolve import debs

TODAY = date(2026, 11, 22)
SUITE = LockedSuite(suite="trixie", sha256="a" * 64, date="Sat, 12 Sep 2026 07:55:41 UTC", valid_until=None)
TLS = LockedPackage(
    name="libtls3",
    architecture="amd64",
    source="tls",
    from_version="1:3.5-1",
    to_version="1:3.5-2",
    suite="trixie-security",
    size=10,
    sha256="b" * 64,
    filename="libtls3_3.5-2_amd64.deb",
    cves=("CVE-2026-0001", "CVE-2026-0002"),
)
WEB = TLS.model_copy(
    update={
        "name": "web",
        "source": "web",
        "from_version": None,
        "filename": "web_1.deb",
        "cves": (),
        "sha256": "c" * 64,
    }
)
LOCK = PatchLock(suites=(SUITE,), packages=(TLS, WEB))


def test_a_lock_survives_the_disk(tmp_path: Path) -> None:
    write_lock(LOCK, tmp_path / "my.lock")
    assert load_lock(tmp_path / "my.lock") == LOCK
    assert (tmp_path / "my.lock").read_text() == LOCK.to_json()
    assert [path.name for path in tmp_path.iterdir()] == ["my.lock"]


def test_the_fingerprint_is_that_of_the_packages_alone() -> None:
    later = SUITE.model_copy(update={"date": "later", "sha256": "d" * 64})
    assert LOCK.model_copy(update={"suites": (later,)}).fingerprint == LOCK.fingerprint
    assert LOCK.model_copy(update={"packages": (TLS,)}).fingerprint != LOCK.fingerprint


def test_a_summary_has_a_line_a_package_and_counts_the_cves_that_it_leaves_out() -> None:
    assert LOCK.summary() == [
        "libtls3 1:3.5-1 → 1:3.5-2 (trixie-security) CVE-2026-0001 CVE-2026-0002",
        "web (new) → 1:3.5-2 (trixie-security)",
    ]
    assert LOCK.summary(cves=1)[0].endswith(" CVE-2026-0001 and 1 more CVEs")
    assert LOCK.cves == ("CVE-2026-0001", "CVE-2026-0002")
    assert LOCK.size == 20


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("packages", 1, "sha256"), "xyz", r"packages\[1\]\.sha256: String should match pattern .*, got 'xyz'"),
        (("packages", 0, "size"), "10", r"packages\[0\]\.size: Input should be a valid integer, got '10'"),
        (("packages", 0, "filename"), "../x.deb", r"packages\[0\]\.filename: String should match"),
        (("packages", 0, "filename"), "-x.deb", r"packages\[0\]\.filename: String should match"),
        (("packages", 0, "cves"), ["CVE-1"], r"packages\[0\]\.cves\[0\]: String should match"),
        (("packages", 0, "suite"), "trixie\tCVE-1\nsudo", r"packages\[0\]\.suite: String should match"),
        (("suites", 0, "suite"), "../trixie", r"suites\[0\]\.suite: String should match"),
        (("suites", 0, "date"), "now\nthen", r"suites\[0\]\.date: String should match"),
        (("packages", 0, "colour"), "red", r"packages\[0\]\.colour: Extra inputs are not permitted"),
        (("version",), 2, r"version: Input should be 1, got 2"),
        (("suites",), None, r"suites: Input should be a valid array, got None"),
        (("packages", 1, "name"), "libtls3", r"packages\[1\]\.name: expected each package once, got libtls3 again"),
    ],
)
def test_a_mistake_in_a_lock_is_named_with_its_place(
    tmp_path: Path, place: tuple[str | int, ...], value: object, message: str
) -> None:
    content = json.loads(LOCK.to_json())
    target = content
    for step in place[:-1]:
        target = target[step]
    target[place[-1]] = value
    path = tmp_path / "my.lock"
    path.write_text(json.dumps(content))
    with pytest.raises(LockError, match=rf"my\.lock: {message}"):
        load_lock(path)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}"])
def test_a_file_that_is_no_lock_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "my.lock"
    path.write_text(text)
    with pytest.raises(LockError, match=r"my\.lock: .*; mend the file, or make a new one"):
        load_lock(path)


def test_a_missing_lock_is_named(tmp_path: Path) -> None:
    with pytest.raises(LockError) as caught:
        load_lock(tmp_path / "none")
    assert str(caught.value) == (
        f"{tmp_path}/none: cannot read the patch lock: No such file or directory; correct hallmark:patches"
    )


def test_a_deb_that_is_not_in_the_pool_is_named(tmp_path: Path) -> None:
    with pytest.raises(LockError, match=r"expected libtls3 1:3\.5-2 with SHA-256 b{64}, the file is missing"):
        debs(LOCK, tmp_path)
