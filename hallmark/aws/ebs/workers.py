"""Many blocks at once: threads that share one stream of items, stop at the first error, and let the caller report."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import Generic, TypeVar

from hallmark.aws.ebs.retry import StoppedError

T = TypeVar("T")
_TICK_SECONDS = 0.5


class _Feed(Generic[T]):
    """An iterator that threads may share."""

    def __init__(self, items: Iterable[T]) -> None:
        self._items: Iterator[T] = iter(items)
        self._lock = threading.Lock()
        self.taken = 0

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        with self._lock:
            item = next(self._items)
            self.taken += 1
            return item


def run_workers(
    items: Iterable[T],
    handle: Callable[[T], None],
    *,
    workers: int,
    stop: threading.Event,
    tick: Callable[[int], None],
) -> None:
    """Give each item to `handle`, in one of so many threads.

    The items are taken one by one as workers become free, so that little is held; `tick` is called in this thread,
    twice a second, with the number of those taken. After an error, or an interrupt in this thread, `stop` is set, what
    is under way ends, and the first error is raised.
    """
    feed = _Feed(items)

    def work() -> None:
        for item in feed:
            if stop.is_set():
                return
            handle(item)

    with ThreadPoolExecutor(workers, thread_name_prefix="ebs") as pool:
        running: set[Future[None]] = {pool.submit(work) for _ in range(workers)}
        everyone = frozenset(running)
        try:
            while running and not any(_failed(each) for each in everyone):
                _, running = wait(running, timeout=_TICK_SECONDS, return_when=FIRST_EXCEPTION)
                tick(feed.taken)
        finally:
            stop.set()
    _raise_first(everyone)


def _failed(each: Future[None]) -> bool:
    return each.done() and each.exception() is not None


def _raise_first(ended: Iterable[Future[None]]) -> None:
    """Raise what went wrong; that others were stopped because of it is nothing of its own."""
    problems = [problem for each in ended if (problem := each.exception()) is not None]
    for problem in sorted(problems, key=lambda problem: isinstance(problem, StoppedError)):
        raise problem
