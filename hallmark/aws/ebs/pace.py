"""The pace of calls to one service: a token bucket that threads share, so that we stay below a limit of the account."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Pace:
    """At most `rate` calls a second (0: no limit) on the average, and `burst` at once."""

    def __init__(self, rate: float, *, burst: int = 64, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval = 1 / rate if rate else 0.0
        self._slack = (burst - 1) * self._interval
        self._clock = clock
        self._lock = threading.Lock()
        self._due = clock() - self._slack

    def reserve(self) -> float:
        """Take one token, now or in the future; how many seconds to wait before it may be used."""
        if not self._interval:
            return 0.0
        with self._lock:
            now = self._clock()
            due = max(self._due, now - self._slack)
            self._due = due + self._interval
            return max(0.0, due - now)
