"""The pace that threads share."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hallmark.aws.ebs.pace import Pace


@given(st.floats(1, 2000), st.integers(1, 300))
def test_the_pace_is_kept(rate: float, calls: int) -> None:
    pace = Pace(rate, clock=lambda: 100.0)
    waits = [pace.reserve() for _ in range(calls)]
    assert waits == pytest.approx([index / rate for index in range(calls)], abs=1e-6)


def test_idle_time_earns_nothing() -> None:
    now = [0.0]
    pace = Pace(10, clock=lambda: now[0])
    now[0] = 1000
    assert [pace.reserve() for _ in range(3)] == pytest.approx([0, 0.1, 0.2])


def test_no_rate_is_no_limit() -> None:
    assert {Pace(0).reserve() for _ in range(1000)} == {0.0}
