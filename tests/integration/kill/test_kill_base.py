"""A run on AWS is killed while it uploads and registers a base of our own: the next run has that base once.

In a file of its own: one account is doubled in a process at a time, and test_kill_whole.py keeps its own to its end.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.kill.harness import Point, Victim, kill_and_run_again
from tests.integration.kill.whole import BASE_POINTS, whole
from tests.support.aws.checkout import holdings, tags_of


@pytest.mark.parametrize("victim", ["user", "all"])
@pytest.mark.parametrize("point", BASE_POINTS, ids=lambda point: f"{point.action}-{point.nth}")
def test_after_a_kill_while_its_own_base_is_made_the_next_run_has_one_base(
    tmp_path: Path, point: Point, victim: Victim
) -> None:
    with whole(tmp_path, own_base=True) as stack:
        kill_and_run_again(stack.subject, point, victim)
        server = stack.subject.server
        uses = [tags_of(server, ami)["hallmark:use"] for ami in holdings(server)["images"]]
        assert uses.count("base") == 1
