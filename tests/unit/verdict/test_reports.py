"""Reports come out of the machine that they are about: what a hostile one writes is refused, whatever it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hallmark.verdict.reports import ReportError, read_lynis, read_openscap, read_report, read_ssh_audit
from tests.support.judges_reports import LYNIS, RESULT, SSH_AUDIT, algorithm, lynis, lynis_points, openscap, ssh_audit


def refusal(judge: str, folder: Path) -> str:
    with pytest.raises(ReportError) as refused:
        read_report(judge, "cis_level1_server" if judge == "openscap" else None, folder)
    return str(refused.value)


def test_lynis_has_an_index_of_its_own_and_tests_by_name() -> None:
    report = read_lynis(lynis(68, failed=("BOOT-5122", "AUTH-9286", "AUTH-9286"), passed=("SSH-7408",)))
    assert (report.version, report.index) == ("3.1.4", 68)
    assert report.passed == ("SSH-7408",)
    assert report.failed == ("AUTH-9286", "BOOT-5122")
    assert report.not_applicable == ("HTTP-6622",)


def test_a_test_of_lynis_fails_when_it_did_not_get_all_of_its_points(tmp_path: Path) -> None:
    (tmp_path / "report.dat").write_bytes(lynis(60, failed=("BOOT-5122",), passed=("SSH-7408", "USB-3000")))
    (tmp_path / "points").write_bytes(lynis_points({"SSH-7408": (6, 6), "USB-3000": (0, 4)}))
    report = read_report("lynis", None, tmp_path)
    assert report.points == {"SSH-7408": (6, 6), "USB-3000": (0, 4)}
    assert (report.passed, report.failed) == (("SSH-7408",), ("BOOT-5122", "USB-3000"))


@pytest.mark.parametrize("log", [lynis_points({"SSH-7408": (6, 6)}), b"", b"SSH-7408 99999 99999\n"])
def test_points_that_do_not_come_to_lynis_index_are_refused(tmp_path: Path, log: bytes) -> None:
    (tmp_path / "report.dat").write_bytes(lynis(60, passed=("SSH-7408",)))
    (tmp_path / "points").write_bytes(log)
    assert "points: expected some that come to the index 60" in refusal("lynis", tmp_path)


def test_what_lynis_says_of_its_own_age_is_no_test() -> None:
    assert read_lynis(lynis(70, failed=("LYNIS",), passed=("SSH-7408",))).failed == ()


def test_openscap_counts_errors_and_unknowns_as_failed() -> None:
    rules = {"a": "pass", "b": "fail", "c": "error", "d": "unknown", "e": "notapplicable", "f": "notselected"}
    report = read_openscap(openscap(rules), "cis_level1_server")
    assert report.version == "0.1.82"
    assert (report.passed, report.failed, report.not_applicable) == (("a",), ("b", "c", "d"), ("e",))


def test_openscap_is_read_with_and_without_the_document_around_it() -> None:
    inner = openscap({"a": "pass"})
    whole = b'<Benchmark xmlns="urn:xccdf">' + inner + b"</Benchmark>"
    assert read_openscap(whole, "cis_level1_server") == read_openscap(inner, "cis_level1_server")


def test_an_algorithm_of_ssh_audits_fails_by_a_fail_or_a_warning() -> None:
    kex = [algorithm("curve25519-sha256"), algorithm("ecdh-sha2-nistp256", fail=["backdoored"])]
    report = read_ssh_audit(ssh_audit(kex=kex, mac=[algorithm("hmac-sha1", warn=["old"])]))
    assert report.failed == ("kex:ecdh-sha2-nistp256", "mac:hmac-sha1")
    assert report.passed == ("enc:aes256-ctr", "kex:curve25519-sha256", "key:ssh-ed25519")


def test_a_hole_that_ssh_audit_knows_is_a_failure() -> None:
    assert "cve:CVE-2024-6387" in read_ssh_audit(ssh_audit(cves=[{"name": "CVE-2024-6387"}])).failed


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + openscap({"a": "pass"})
OUTSIDE = b'<!DOCTYPE x SYSTEM "file:///etc/passwd">' + openscap({"a": "pass"})
DEEP = b"<a>" * 100 + b"</a>" * 100
TWICE = b"<all>" + openscap({"a": "pass"}) + openscap({"a": "pass"}) + b"</all>"
DOUBLE = openscap({"a": "fail"}).replace(b"</TestResult>", RESULT.format("a", "pass").encode() + b"</TestResult>")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(b"", "expected XML", id="nothing"),
        pytest.param(b"<TestResult>", "expected XML", id="cut short"),
        pytest.param(BOMB, "expected no document type", id="entities"),
        pytest.param(OUTSIDE, "expected no document type", id="a file of this machine"),
        pytest.param(DEEP, "at most 32 deep", id="depth"),
        pytest.param(TWICE, "expected one TestResult", id="two verdicts"),
        pytest.param(DOUBLE, "a: expected one result, got more", id="a rule that passes after all"),
        pytest.param(openscap({"a": "pass"}, profile="standard"), "expected the profile", id="an easier profile"),
        pytest.param(openscap({"a\x1b[2J": "pass"}), "expected", id="escapes for the terminal"),
        pytest.param(openscap({"a": "notapplicable"}), "passed or failed, got none", id="nothing applies"),
        pytest.param(openscap({f"r{n}": "pass" for n in range(4001)}), "at most 4000 rules", id="rules without end"),
    ],
)
def test_hostile_xml_is_refused(data: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "results.xml").write_bytes(data)
    assert words in refusal("openscap", tmp_path)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(b"", "hardening_index from 0 to 100, got none", id="nothing"),
        pytest.param(LYNIS.replace(b"=68", b"=101"), "got 101", id="more than all"),
        pytest.param(LYNIS.replace(b"=68", b"=-1"), "got -1", id="less than nothing"),
        pytest.param(b"hardening_index=99\n", "tests that were executed, got none", id="a score out of nothing"),
    ],
)
def test_a_hostile_report_of_lynis_is_refused(data: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "report.dat").write_bytes(data)
    assert words in refusal("lynis", tmp_path)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"{}", id="no algorithms"),
        pytest.param(SSH_AUDIT.replace(b"aes256-ctr", b"aes 256"), id="a blank in a name"),
        pytest.param(json.dumps({kind: [] for kind in ("kex", "key", "enc", "mac")}).encode(), id="empty lists"),
        pytest.param(b"[" * 100000, id="depth"),
        pytest.param(b'{"kex": [1], "key": [], "enc": [], "mac": []}', id="a number"),
    ],
)
def test_a_hostile_report_of_ssh_audit_is_refused(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "ssh-audit.json").write_bytes(data)
    assert refusal("ssh-audit", tmp_path).startswith("ssh-audit.json: expected")


def test_a_missing_and_a_huge_report_are_refused(tmp_path: Path) -> None:
    assert refusal("lynis", tmp_path) == "it left no report.dat"
    with (tmp_path / "report.dat").open("wb") as stream:
        stream.truncate((8 << 20) + 1)
    assert refusal("lynis", tmp_path) == "report.dat: expected at most 8388608 bytes, got 8388609"
