from __future__ import annotations

from pathlib import Path

import pytest

from hallmark.debian.inventory import InstalledPackage, parse_status, stanzas, without

STATUS = """\
Package: zlib1g
Status: install ok installed
Architecture: amd64
Source: zlib
Version: 1:1.3-1+b1
Description: compression
 Package: not-a-field
 .
 Status: install ok installed

Package: adduser
Status: install ok installed
Architecture: all
Version: 3.152

Package: removed
Status: deinstall ok config-files
Architecture: amd64
Version: 1

Package: broken
Status: install ok half-configured
Architecture: amd64
Version: 1

Package: held
Status: hold ok installed
Architecture: amd64
Source: other (2:9-1)
Version: 1
"""


def test_only_what_is_wholly_installed_counts_sorted_by_name() -> None:
    assert [p.name for p in parse_status(STATUS).packages] == ["adduser", "held", "zlib1g"]


def test_sources_and_their_versions_are_known() -> None:
    found = {p.name: (p.source, p.source_version) for p in parse_status(STATUS).packages}
    assert found == {"adduser": ("adduser", "3.152"), "held": ("other", "2:9-1"), "zlib1g": ("zlib", "1:1.3-1")}


def test_the_fingerprint_is_that_of_names_versions_and_architectures() -> None:
    before = parse_status(STATUS)
    assert parse_status("\n\n".join(reversed(STATUS.strip().split("\n\n")))).fingerprint == before.fingerprint
    assert parse_status(STATUS.replace("compression", "pressing")).fingerprint == before.fingerprint
    for old, new in (("3.152", "3.153"), ("Architecture: all", "Architecture: amd64"), ("adduser", "addusers")):
        assert parse_status(STATUS.replace(old, new)).fingerprint != before.fingerprint


def test_a_version_is_found_by_name() -> None:
    inventory = parse_status(STATUS)
    assert inventory.version_of("zlib1g") == "1:1.3-1+b1"
    assert inventory.version_of("removed") is None


def test_a_signature_around_a_stanza_is_left_out() -> None:
    text = "Codename: trixie\nDate: today\nSHA256:\n 0 1 main\n"
    signature = "-----BEGIN PGP SIGNATURE-----\n\niQ\n-----END PGP SIGNATURE-----\n"
    for release in (text, f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{text}{signature}"):
        (fields,) = stanzas(release, only=("Codename",))
        assert dict(fields) == {"Codename": "trixie"}


def test_one_line_is_a_stanza_and_never_a_files_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Package: a").write_text("Package: b\n")
    assert [dict(fields) for fields in stanzas("Package: a")] == [{"Package": "a"}]


def test_an_empty_status_is_an_empty_inventory() -> None:
    assert parse_status("").packages == ()


def test_packages_sort_by_name() -> None:
    a, b = (InstalledPackage(name=n, version="1", architecture="all") for n in "ab")
    assert a < b


def test_a_status_without_what_has_gone() -> None:
    text = "Package: a\nVersion: 1\n\nPackage: ab\nDescription: x\n Package: a\n\nPackage: b\nVersion: 2\n"
    assert without(text, ["a"]) == "Package: ab\nDescription: x\n Package: a\n\nPackage: b\nVersion: 2\n"
    assert without(text, []) == text
