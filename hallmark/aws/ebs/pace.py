"""The pace of calls to one service: threads share it, so that together they stay below a limit of the account."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Pace:
    """At most `rate` calls a second, at even distances; 0 is no limit."""

    def __init__(self, rate: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval = 1 / rate if rate else 0.0
        self._clock = clock
        self._lock = threading.Lock()
        self._due = clock()

    def reserve(self) -> float:
        """Take the next free moment; how many seconds to wait for it."""
        with self._lock:
            now = self._clock()
            due = max(self._due, now)
            self._due = due + self._interval
            return due - now
