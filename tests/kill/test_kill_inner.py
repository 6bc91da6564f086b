"""An isolated run is killed after each of its changing calls, or each fails for good: the next one leaves nothing.

`make test-kill` runs all of it, `make test` some of it (tests/aws/test_killed_runs.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kill.harness import VICTIMS, Point, Subject, Victim, fail_and_run_again, kill_and_run_again, record
from tests.kill.inner import CALLS, POINTS, account, make_subject


@pytest.fixture
def subject(tmp_path: Path) -> Iterator[Subject]:
    with account() as server:
        yield make_subject(server, tmp_path)


def test_a_run_makes_just_these_calls_and_leaves_nothing(subject: Subject) -> None:
    assert record(subject) == POINTS


@pytest.mark.parametrize("victim", VICTIMS)
@pytest.mark.parametrize("point", POINTS, ids=lambda point: f"{point.action}-{point.nth}")
def test_after_a_kill_the_next_run_leaves_nothing(subject: Subject, point: Point, victim: Victim) -> None:
    kill_and_run_again(subject, point, victim)


@pytest.mark.parametrize("action", sorted(CALLS))
def test_after_a_call_that_fails_for_good_the_next_run_leaves_nothing(subject: Subject, action: str) -> None:
    assert "not today" in fail_and_run_again(subject, action)
