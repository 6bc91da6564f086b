"""Some of the kill tests (tests/integration/kill; `make test-kill` runs all): each victim once.

Each costs two runs of the real engine.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.kill.harness import Point, Victim, fail_and_run_again, kill_and_run_again
from tests.integration.kill.inner import POINTS, subject
from tests.integration.kill.whole import whole

KILLS: list[tuple[Point, Victim]] = [
    (Point("CreateSubnet", 1), "engine"),
    (Point("CreateNetworkAcl", 1), "run"),
    (Point("RunInstances", 1), "all"),
    (Point("CreateSnapshot", 1), "user"),
]


@pytest.mark.parametrize(("point", "victim"), KILLS)
def test_a_killed_run_is_cleared_by_the_next(tmp_path: Path, point: Point, victim: Victim) -> None:
    assert point in POINTS
    with subject(tmp_path) as run:
        kill_and_run_again(run, point, victim)


def test_a_run_whose_call_fails_for_good_is_cleared_by_the_next(tmp_path: Path) -> None:
    with subject(tmp_path) as run:
        assert "not today" in fail_and_run_again(run, "DeleteVpc")


def test_a_whole_run_that_was_killed_between_snapshot_and_image_is_taken_up(tmp_path: Path) -> None:
    with whole(tmp_path) as stack:
        stack.change()
        kill_and_run_again(stack.subject, Point("RegisterImage", 1), "all")
