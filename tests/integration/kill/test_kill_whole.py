"""A whole `hallmark up` on AWS is killed after each call of driver and outer stack, or each fails for good.

The next run converges, releases the image that was ordered and leaves nothing besides. `make test-kill` runs all of it,
`make test` some of it (tests/integration/aws/test_killed_runs.py).
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.kill.harness import Point, Victim, fail_and_run_again, kill_and_run_again
from tests.integration.kill.whole import FAILING, POINTS, Whole, whole


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    with whole(tmp_path_factory.mktemp("whole")) as found:
        yield found


@pytest.mark.parametrize("victim", ["user", "all"])
@pytest.mark.parametrize("point", POINTS, ids=lambda point: f"{point.action}-{point.nth}")
def test_after_a_kill_the_next_run_converges_and_leaves_nothing(stack: Whole, point: Point, victim: Victim) -> None:
    stack.change()
    kill_and_run_again(stack.subject, point, victim)


@pytest.mark.parametrize("action", FAILING)
def test_after_a_call_that_fails_for_good_the_next_run_converges(stack: Whole, action: str) -> None:
    stack.change()
    assert "not today" in fail_and_run_again(stack.subject, action)
