"""What apt 3 (Debian 13, sqv) says is tested here from samples; what the host's own apt says, in tests/apt."""

from __future__ import annotations

import pytest

from hallmark.common.errors import OtherReleaseError
from hallmark.common.process import Completed
from hallmark.debian.apt_output import parse_madison, parse_records, parse_simulation, update_problem
from hallmark.debian.mirror import Mirror

MIRROR = Mirror(main="http://m.test/debian", security="http://s.test/debian-security", keyrings=())


def test_a_simulation_is_read_with_and_without_earlier_versions() -> None:
    steps = parse_simulation(
        "Inst tls [1:3.5-1] (1:3.5-2 Debian-Security:13/stable-security [amd64]) []\n"
        "Inst libx (2 Debian:13.7/stable, Debian-Security:13/stable-security [all])\n"
        "Conf libx (2 Debian:13.7/stable [all])\n"
    )
    assert [(s.name, s.from_version, s.to_version) for s in steps] == [
        ("tls", "1:3.5-1", "1:3.5-2"),
        ("libx", None, "2"),
    ]


def test_what_several_suites_have_counts_as_the_first_ones() -> None:
    listed = "  tls | 3-1 | http://s security/main amd64 Packages\n  tls | 3-1 | http://m trixie/main amd64 Packages\n"
    shown = "Package: tls\nVersion: 3-1\nFilename: pool/a\n\nPackage: tls\nVersion: 3-1\nFilename: pool/b\n"
    records = parse_records(shown, parse_madison(listed), ("trixie", "security"))
    assert {key: record.suite for key, record in records.items()} == {("tls", "3-1"): "trixie"}


def test_records_that_are_only_installed_are_left_out() -> None:
    assert parse_records("Package: tls\nStatus: install ok installed\nVersion: 3\n", {}, ("trixie",)) == {}


def test_an_update_without_complaints_is_fine() -> None:
    assert (
        update_problem(Completed(returncode=0, stdout="Hit:1 http://m.test/debian trixie InRelease", stderr=""), MIRROR)
        is None
    )


def test_an_unknown_failure_is_told_in_apts_words() -> None:
    done = Completed(returncode=100, stdout="", stderr="E: The flux capacitor is empty\n")
    assert (
        str(update_problem(done, MIRROR))
        == "http://m.test/debian: apt cannot use the mirror\napt said: E: The flux capacitor is empty"
    )


def test_the_index_of_another_release_is_an_error_of_its_own() -> None:
    said = "W: Conflicting distribution: http://m.test/debian trixie InRelease (expected trixie but got bookworm)\n"
    problem = update_problem(Completed(returncode=0, stdout="", stderr=said), MIRROR)
    assert isinstance(problem, OtherReleaseError)
    assert str(problem).startswith("http://m.test/debian: suite trixie: its signed index is that of another release; ")


def test_a_full_disk_is_not_blamed_on_the_mirror() -> None:
    said = "E: Failed to fetch http://m.test/debian/dists/trixie/InRelease  write (28: No space left on device)\n"
    problem = update_problem(Completed(returncode=100, stdout="", stderr=said), MIRROR)
    assert "no room left in the cache" in str(problem)


@pytest.mark.parametrize("returncode", [0, 100])
def test_a_complaint_about_security_names_the_security_archive(returncode: int) -> None:
    said = (
        "W: Failed to fetch http://s.test/debian-security/dists/trixie-security/InRelease  Could not resolve 's.test'\n"
    )
    problem = update_problem(Completed(returncode=returncode, stdout="", stderr=said), MIRROR)
    assert str(problem).startswith("http://s.test/debian-security: suite trixie-security: the mirror cannot be reached")
