"""Workers that share one stream of items."""

from __future__ import annotations

import threading

import pytest

from hallmark.aws.ebs.retry import StoppedError
from hallmark.aws.ebs.workers import run_workers
from hallmark.common.errors import AwsError


def test_workers_stop_at_the_first_error_and_raise_it() -> None:
    seen: list[int] = []
    stop = threading.Event()

    def handle(item: int) -> None:
        seen.append(item)
        if item == 3:
            raise AwsError("three")
        if stop.wait(5):
            raise StoppedError

    with pytest.raises(AwsError, match="three"):
        run_workers(range(1000), handle, workers=8, stop=stop, tick=lambda _: None)
    assert len(seen) <= 8


def test_more_workers_than_items_are_no_harm() -> None:
    seen: list[int] = []
    run_workers(range(3), seen.append, workers=8, stop=threading.Event(), tick=lambda _: None)
    assert sorted(seen) == [0, 1, 2]
