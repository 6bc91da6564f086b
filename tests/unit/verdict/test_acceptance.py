"""The host's judgement of a booted candidate: each way to be unfit is one clear line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from hallmark.guest.task import FIRST_BOOT
from hallmark.order.order import Order
from hallmark.verdict import acceptance
from hallmark.verdict.acceptance import BOOTS, judge_acceptance
from hallmark.verdict.build import judge_build
from tests.support.examples import Project, append
from tests.support.good_results import write, write_good_acceptance, write_good_build
from tests.support.spoiled import add, put, unlink


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def order(project: Project) -> Order:
    return project.order()


def break_units(results: Path) -> None:
    write(results / "facts" / "system-state", "degraded\n")
    write(results / "facts" / "failed-units", "nftables.service\nssh.service\n")


@pytest.fixture
def candidate(tmp_path: Path, order: Order) -> Path:
    """The evidence of a good build."""
    write_good_build(tmp_path / "evidence" / "build", order)
    return tmp_path / "evidence"


def test_a_candidate_on_which_all_is_well_is_fit(tmp_path: Path, order: Order, candidate: Path) -> None:
    results = tmp_path / "results"
    write_good_acceptance(results, order)
    problems, verdicts = judge_acceptance(order, results, candidate)
    assert problems == []
    assert list(verdicts) == ["acceptance, first boot", "acceptance, second boot"]
    assert all(verdict.good for verdict in verdicts.values())


def test_an_image_without_cloud_init_is_fit(tmp_path: Path, order: Order, candidate: Path) -> None:
    results = tmp_path / "results"
    write_good_acceptance(results, order)
    for folder in BOOTS.values():
        (results / folder / "facts" / "cloud-init.json").unlink()
    assert judge_acceptance(order, results, candidate)[0] == []


DEGRADED = "expected the system to be running, it is degraded"
NO_STATE = "expected the system to be running, it is unknown; failed units: none"


DEGRADED_DONE = {
    "status": "done",
    "extended_status": "degraded done",
    "recoverable_errors": {"WARNING": ["failed to set the host name"], "DEPRECATED": ["old key"]},
}


@pytest.mark.parametrize("boot", BOOTS)
@pytest.mark.parametrize(
    ("spoil", "problems"),
    [
        (unlink("facts/system-state"), [NO_STATE]),
        (
            break_units,
            [f"{DEGRADED}; failed units: nftables.service, ssh.service"],
        ),
        (put("facts/multi-user", "inactive"), ["multi-user.target was not reached"]),
        (unlink("facts/multi-user"), ["multi-user.target was not reached"]),
        (
            put("facts/kernel", "6.12.8-cloud-amd64"),
            ["expected the newest kernel, 6.12.9-cloud-amd64, to be running, got 6.12.8-cloud-amd64"],
        ),
        (
            unlink("facts/kernels"),
            ["expected the newest kernel, none, to be running, got 6.12.9-cloud-amd64"],
        ),
        (put("facts/machine-id", "uninitialized"), ["no machine-id"]),
        (unlink("facts/machine-id"), ["no machine-id"]),
        (put("facts/host-keys", "\n"), ["no SSH host keys"]),
        (put("facts/cloud-init.json", '{"status": "error"}'), ["cloud-init ended as error"]),
        (put("facts/cloud-init.json", '{"status": "\\u001b[2Jx"}'), ["cloud-init ended as x"]),
        (put("facts/cloud-init.json", "{}"), ["cloud-init ended as unreadable"]),
        (put("facts/cloud-init.json", "[" * 100_000), ["cloud-init ended as unreadable"]),
        (
            put("facts/cloud-init.json", json.dumps(DEGRADED_DONE)),
            ["cloud-init: failed to set the host name", "cloud-init: old key"],
        ),
        (
            put("facts/cloud-init.json", '{"status": "done", "extended_status": "degraded done"}'),
            ["cloud-init ended as degraded done"],
        ),
        (
            put("facts/cloud-init.json", '{"status": "done", "recoverable_errors": {"ERROR": ["no network"]}}'),
            ["cloud-init: no network"],
        ),
        (
            put("facts/cloud-init.json", '{"status": "done", "recoverable_errors": 3}'),
            ["cloud-init ended as unreadable"],
        ),
        (unlink("isolation.txt"), ["isolation.txt: expected a proof of the isolation, got none"]),
        (add("isolation.txt", "SURPRISE: a route\n"), ["isolation.txt: SURPRISE: a route"]),
        (
            add("inventory-acceptance.tsv", "netcat\t1\tamd64\n"),
            ["acceptance: netcat: expected no such package, got 1"],
        ),
        (put("controls/alpha.exit", "1"), ["controls: 1 passed, 1 failed (alpha)"]),
        (unlink("controls/alpha.exit"), ["controls: 1 passed, 1 failed (alpha: no result)"]),
        (put("recipe/pages.sh.exit", "1"), ["acceptance script pages.sh: exit code 1"]),
        (unlink("recipe/pages.sh.exit"), ["acceptance script pages.sh: exit code none: it did not run"]),
    ],
)
def test_each_way_for_a_candidate_to_be_unfit_is_told_in_either_boot(
    tmp_path: Path, order: Order, candidate: Path, boot: str, spoil: Callable[[Path], object], problems: list[str]
) -> None:
    results = tmp_path / "results"
    write_good_acceptance(results, order)
    spoil(results / BOOTS[boot])
    assert judge_acceptance(order, results, candidate)[0] == [f"{boot}: {problem}" for problem in problems]


def test_what_is_wrong_in_both_boots_is_told_once(tmp_path: Path, order: Order, candidate: Path) -> None:
    results = tmp_path / "results"
    write_good_acceptance(results, order)
    for folder in BOOTS.values():
        put("recipe/pages.sh.exit", "1")(results / folder)
    put("facts/multi-user", "inactive")(results / FIRST_BOOT)
    assert judge_acceptance(order, results, candidate)[0] == [
        "acceptance script pages.sh: exit code 1",
        "first boot: multi-user.target was not reached",
    ]


def test_a_candidate_that_did_not_boot_twice_is_unfit(tmp_path: Path, order: Order, candidate: Path) -> None:
    results = tmp_path / "results"
    write_good_acceptance(results, order)
    shutil.rmtree(results / FIRST_BOOT)
    problems, verdicts = judge_acceptance(order, results, candidate)
    assert problems == ["there was no second boot"]
    assert list(verdicts) == ["acceptance, first boot"]


def test_a_second_boot_whose_results_are_missing_speaks_against_it(
    tmp_path: Path, order: Order, candidate: Path
) -> None:
    results = tmp_path / "results"
    write_good_acceptance(results, order)
    shutil.rmtree(results / "facts")
    (results / "isolation.txt").unlink()
    problems, _ = judge_acceptance(order, results, candidate)
    assert "second boot: multi-user.target was not reached" in problems
    assert "second boot: isolation.txt: expected a proof of the isolation, got none" in problems


def test_where_the_first_boot_already_failed_what_it_saw_is_all_that_is_told(
    tmp_path: Path, order: Order, candidate: Path
) -> None:
    results = tmp_path / "results"
    write_good_acceptance(results, order)
    shutil.rmtree(results / FIRST_BOOT)
    put("recipe/pages.sh.exit", "1")(results)
    assert judge_acceptance(order, results, candidate)[0] == ["acceptance script pages.sh: exit code 1"]


@pytest.mark.parametrize(("fact", "what"), [("machine-id", "machine-id"), ("host-keys", "SSH host keys")])
def test_what_a_machine_makes_once_outlives_a_restart(
    tmp_path: Path, order: Order, candidate: Path, fact: str, what: str
) -> None:
    results = tmp_path / "results"
    write_good_acceptance(results, order)
    was = (results / "facts" / fact).read_text().strip()
    now = "fedcba9876543210fedcba9876543210"
    put(f"facts/{fact}", now)(results)
    assert judge_acceptance(order, results, candidate)[0] == [
        f"second boot: other {what} than in the first: {was}; now {now}"
    ]


def test_a_failure_that_is_waived_speaks_against_neither(tmp_path: Path, project: Project) -> None:
    waiver = '\n[[hardening.waivers]]\ncontrol = "beta"\nreason = "for now"\nexpires = 2026-12-31\n'
    append(project.recipe_file, waiver)
    order = project.order()
    write_good_build(tmp_path / "evidence" / "build", order)
    write_good_acceptance(tmp_path / "results", order)
    for folder in (tmp_path / "evidence" / "build", *(tmp_path / "results" / folder for folder in BOOTS.values())):
        write(folder / "controls" / "beta.exit", "1\n")
    assert judge_build(order, tmp_path / "evidence" / "build")[1] == []
    assert judge_acceptance(order, tmp_path / "results", tmp_path / "evidence")[0] == []


def test_what_cloud_init_may_complain_of_is_no_problem(
    tmp_path: Path, order: Order, candidate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = tmp_path / "results"
    write_good_acceptance(results, order)
    put("facts/cloud-init.json", json.dumps(DEGRADED_DONE))(results)
    monkeypatch.setattr(acceptance, "KNOWN_CLOUD_INIT_ERRORS", ("failed to set .*", "old key"))
    assert judge_acceptance(order, results, candidate)[0] == []
