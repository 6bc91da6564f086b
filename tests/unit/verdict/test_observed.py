"""What a guest reported is read by form alone: whatever is odd counts as not reported."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hallmark.guest.task import read_text
from hallmark.verdict.judgement import ControlResult
from hallmark.verdict.observed import compare_packages, read_controls, read_inventory, read_timings, surprises
from tests.support.written_results import ESCAPE, write


def test_a_controls_result_is_its_exit_code_output_and_time(tmp_path: Path) -> None:
    write(tmp_path / "ssh.exit", "1\n")
    write(tmp_path / "ssh.out", "port 23 is open\n")
    write(tmp_path / "ssh.ms", "412\n")
    write(tmp_path / "sudo.exit", "0")
    assert read_controls(tmp_path) == {
        "ssh": ControlResult(exit_code=1, output="port 23 is open", milliseconds=412),
        "sudo": ControlResult(exit_code=0),
    }


@pytest.mark.parametrize("code", ["", "ok", "-1", "0x0", "0 0", "1e3", "\u0660", "9999999999", "0\n1", "+0", "\x00"])
def test_an_exit_code_of_another_form_is_no_result(tmp_path: Path, code: str) -> None:
    write(tmp_path / "ssh.exit", code)
    assert read_controls(tmp_path) == {}


def test_a_folder_in_the_place_of_a_result_is_no_result(tmp_path: Path) -> None:
    for name in ("ssh.exit", "sudo.out", "sudo.ms"):
        (tmp_path / name).mkdir()
    write(tmp_path / "sudo.exit", "0")
    assert read_controls(tmp_path) == {"sudo": ControlResult(exit_code=0)}
    (tmp_path / "isolation.txt").mkdir()
    assert read_text(tmp_path, "isolation.txt") == ""
    assert read_inventory(tmp_path / "isolation.txt") == ()
    assert read_timings(tmp_path / "isolation.txt") == {}


def test_no_folder_of_results_is_no_results(tmp_path: Path) -> None:
    assert read_controls(tmp_path / "controls") == {}


def test_a_controls_output_is_cut_off_at_a_length(tmp_path: Path) -> None:
    write(tmp_path / "ssh.exit", "0")
    write(tmp_path / "ssh.out", "x" * 100_000)
    assert len(read_controls(tmp_path)["ssh"].output) == 65536


def test_an_inventory_has_a_row_for_each_package(tmp_path: Path) -> None:
    path = write(tmp_path / "inventory.tsv", "vim\t2:9.1-1~deb13u1\tamd64\nbase-files\t13.8\tamd64\n")
    assert read_inventory(path) == (("base-files", "13.8", "amd64"), ("vim", "2:9.1-1~deb13u1", "amd64"))


@pytest.mark.parametrize(
    "line",
    ["vim", "vim\t9", "vim\t9\tamd64\textra", "\t9\tamd64", f"vim{ESCAPE}\t9\tamd64", "vim\t 9\tamd64", "vim 9 x"],
)
def test_an_inventorys_row_of_another_form_is_left_out(tmp_path: Path, line: str) -> None:
    assert read_inventory(write(tmp_path / "inventory.tsv", f"{line}\n")) == ()


def test_a_missing_inventory_is_an_empty_one(tmp_path: Path) -> None:
    assert read_inventory(tmp_path / "inventory.tsv") == ()


def test_a_stage_took_until_the_next_one_began(tmp_path: Path) -> None:
    path = write(tmp_path / "timings.tsv", "media\t31.5\npatch\t35.0\nseal\t100\ndone\t111.25\n")
    assert read_timings(path) == {"power-on": 31.5, "media": 3.5, "patch": 65.0, "seal": 11.2}


@pytest.mark.parametrize(
    "line", ["patch\t1.2.3", "patch\t.", "patch\t-1", "patch\tnan", "patch\t1e9", "Patch\t1", "patch"]
)
def test_a_timing_of_another_form_is_left_out(tmp_path: Path, line: str) -> None:
    assert read_timings(write(tmp_path / "timings.tsv", f"{line}\n")) == {}


@given(st.binary(max_size=300))
def test_no_bytes_of_a_guest_make_the_readers_fail(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("results")
    for name in ("x.exit", "x.out", "x.ms", "inventory.tsv", "timings.tsv", "isolation.txt"):
        write(folder / name, data)
    read_controls(folder)
    read_inventory(folder / "inventory.tsv")
    read_timings(folder / "timings.tsv")
    assert all("\x1b" not in line for line in surprises(folder, "isolation.txt", "none"))


VIM, TLS = ("vim", "9", "amd64"), ("tls", "3", "amd64")


def test_equal_packages_need_no_words() -> None:
    assert compare_packages([VIM, TLS], [TLS, VIM], where="before") == []


def test_each_package_that_is_not_as_expected_is_told() -> None:
    got = [("vim", "10", "amd64"), ("nc", "1", "amd64")]
    assert compare_packages([VIM, TLS], got, where="before") == [
        "before: nc: expected no such package, got 1",
        "before: tls: expected 3, got no such package",
        "before: vim: expected 9, got 10",
    ]


def test_the_same_package_of_another_architecture_is_another() -> None:
    assert len(compare_packages([VIM], [("vim", "9", "i386")], where="before")) == 2


def test_a_package_listed_twice_does_not_hide_behind_the_right_version() -> None:
    got = [VIM, ("vim", "10", "amd64")]
    assert compare_packages([VIM], sorted(got), where="before") == ["before: vim: expected 9, got 10 and 9"]


def test_a_missing_proof_of_isolation_is_a_surprise(tmp_path: Path) -> None:
    missing = ["isolation.txt: expected a proof of the isolation, got none"]
    assert surprises(tmp_path, "isolation.txt", "none") == missing
    write(tmp_path / "isolation.txt", " \n")
    assert surprises(tmp_path, "isolation.txt", "none") == missing


def test_each_way_out_that_the_probe_found_is_a_surprise(tmp_path: Path) -> None:
    write(
        tmp_path / "isolation.txt", "expected: none\nSURPRISE: an interface exists\nroutes: none\nSURPRISE: a route\n"
    )
    assert surprises(tmp_path, "isolation.txt", "none") == [
        "isolation.txt: SURPRISE: an interface exists",
        "isolation.txt: SURPRISE: a route",
    ]


def test_a_proof_without_surprises_is_none(tmp_path: Path) -> None:
    write(tmp_path / "isolation.txt", "expected: none\nroutes: none\nall probed\n")
    assert surprises(tmp_path, "isolation.txt", "none") == []


def test_a_proof_is_one_of_what_the_guest_was_told_to_expect(tmp_path: Path) -> None:
    write(tmp_path / "isolation.txt", "expected: imds\nall probed\n")
    assert surprises(tmp_path, "isolation.txt", "imds") == []
    write(tmp_path / "isolation.txt", "expected: none\nall probed\n")
    assert surprises(tmp_path, "isolation.txt", "imds") == [
        'isolation.txt: expected a whole proof, from "expected: imds" to "all probed"'
    ]


@pytest.mark.parametrize("text", ["expected: none\nroutes: none\n", "expected: imds\nall probed\n", "routes: none\n"])
def test_half_a_proof_or_one_of_something_else_is_a_surprise(tmp_path: Path, text: str) -> None:
    write(tmp_path / "isolation.txt", text)
    assert surprises(tmp_path, "isolation.txt", "none") == [
        'isolation.txt: expected a whole proof, from "expected: none" to "all probed"'
    ]
