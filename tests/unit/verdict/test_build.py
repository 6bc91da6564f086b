"""The host's judgement of a finished build: each way to fail is one clear line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hallmark.order.order import Order
from hallmark.verdict.build import judge_build
from tests.support.examples import Project
from tests.support.good_results import write_good_build, write_rows
from tests.support.spoiled import add, put, unlink


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def order(project: Project) -> Order:
    return project.order()


def test_a_build_in_which_all_went_well_is_good(tmp_path: Path, order: Order) -> None:
    results = tmp_path / "results"
    write_good_build(results, order)
    verdict, problems = judge_build(order, results)
    assert problems == []
    assert verdict.passed == ("alpha", "beta")


def test_a_control_may_remove_a_package_of_the_base(tmp_path: Path, order: Order) -> None:
    results = tmp_path / "results"
    write_good_build(results, order)
    write_rows(results / "inventory-after.tsv", order.expected()[1:])
    assert judge_build(order, results)[1] == []


@pytest.mark.parametrize(
    ("spoil", "problems"),
    [
        (unlink("isolation.txt"), ["isolation.txt: expected a proof of the isolation, got none"]),
        (unlink("isolation-after.txt"), ["isolation-after.txt: expected a proof of the isolation, got none"]),
        (add("isolation.txt", "SURPRISE: an interface exists\n"), ["isolation.txt: SURPRISE: an interface exists"]),
        (
            add("isolation-after.txt", "SURPRISE: a name was resolved\n"),
            ["isolation-after.txt: SURPRISE: a name was resolved"],
        ),
        (
            add("inventory-before.tsv", "netcat\t1\tamd64\n"),
            ["before: netcat: expected no such package, got 1"],
        ),
        (
            add("inventory-patched.tsv", "netcat\t1\tamd64\n"),
            ["patched: netcat: expected no such package, got 1"],
        ),
        (
            put("inventory-patched.tsv", ""),
            [
                "patched: base-files: expected 13.8, got no such package",
                "patched: linux-image-6.12.8-cloud-amd64: expected 6.12.8-1, got no such package",
                "patched: linux-image-6.12.9-cloud-amd64: expected 6.12.9-1, got no such package",
                "patched: nginx: expected 1.26-3, got no such package",
                "patched: openssl: expected 3.5.1-1+deb13u1, got no such package",
            ],
        ),
        (add("inventory-after.tsv", "netcat\t1\tamd64\n"), ["after: netcat 1 is in neither base nor lock"]),
        (
            add("inventory-after.tsv", "linux-image-6.12.8-cloud-amd64\t6.12.8-1\tamd64\n"),
            ["after: linux-image-6.12.8-cloud-amd64 6.12.8-1 is in neither base nor lock"],
        ),
        (unlink("inventory-after.tsv"), ["after: expected an inventory, got none"]),
        (unlink("controls/beta.exit"), ["controls: 1 passed, 1 failed (beta: no result)"]),
        (put("controls/beta.exit", "1"), ["controls: 1 passed, 1 failed (beta)"]),
        (put("controls/beta.exit", "2"), ["controls: 1 passed, 1 failed (beta: error)"]),
        (put("controls/beta.exit", "yes"), ["controls: 1 passed, 1 failed (beta: no result)"]),
        (put("controls/gamma.exit", "0"), ["controls: 2 passed, 1 failed (gamma: not planned)"]),
    ],
)
def test_each_way_for_a_build_to_fail_is_told(
    tmp_path: Path, order: Order, spoil: Callable[[Path], object], problems: list[str]
) -> None:
    results = tmp_path / "results"
    write_good_build(results, order)
    spoil(results)
    assert judge_build(order, results)[1] == problems


def test_a_guest_that_wrote_nothing_is_never_good(tmp_path: Path, order: Order) -> None:
    (tmp_path / "results").mkdir()
    problems = judge_build(order, tmp_path / "results")[1]
    assert "isolation.txt: expected a proof of the isolation, got none" in problems
    assert "controls: 0 passed, 2 failed (alpha: no result, beta: no result)" in problems
