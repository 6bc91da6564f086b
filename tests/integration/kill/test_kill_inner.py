"""An isolated run is killed after each of its changing calls, or each fails for good: the next one leaves nothing.

`make test-kill` runs all of it, `make test` some of it (tests/integration/aws/test_killed_runs.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.kill.harness import (
    VICTIMS,
    Point,
    Subject,
    Victim,
    fail_and_run_again,
    kill_and_run_again,
    record,
)
from tests.integration.kill.inner import CALLS, POINTS, subject


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Subject]:
    with subject(tmp_path) as found:
        yield found


def test_a_run_makes_just_these_calls_and_leaves_nothing(run: Subject) -> None:
    assert record(run) == POINTS


@pytest.mark.parametrize("victim", VICTIMS)
@pytest.mark.parametrize("point", POINTS, ids=lambda point: f"{point.action}-{point.nth}")
def test_after_a_kill_the_next_run_leaves_nothing(run: Subject, point: Point, victim: Victim) -> None:
    kill_and_run_again(run, point, victim)


@pytest.mark.parametrize("action", sorted(CALLS))
def test_after_a_call_that_fails_for_good_the_next_run_leaves_nothing(run: Subject, action: str) -> None:
    assert "not today" in fail_and_run_again(run, action)
