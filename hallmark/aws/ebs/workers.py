"""Many blocks at once: threads that share one stream of items, stop at the first error, and let the caller report."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import Generic, TypeVar

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

    A worker takes the next item when it is free, so no more items are held than there are workers. `tick` is called in
    this thread, twice a second, with the number of items taken. After an error, or an interrupt in this thread, `stop`
    is set, what is under way ends, and the error is raised.
    """
    feed = _Feed(items)

    def work() -> None:
        for item in feed:
            handle(item)
            if stop.is_set():
                return

    with ThreadPoolExecutor(workers, thread_name_prefix="ebs") as pool:
        running = {pool.submit(work) for _ in range(workers)}
        try:
            while running:
                ended, running = wait(running, timeout=_TICK_SECONDS, return_when=FIRST_EXCEPTION)
                for each in ended:
                    each.result()
                tick(feed.taken)
        finally:
            stop.set()
