"""A clock that only sleeping moves."""

from __future__ import annotations

from typing import Any


class Clock:
    """A clock that only sleeping moves; at `at` seconds it does something."""

    def __init__(self, at: float = -1.0, do: Any = None) -> None:
        self.time, self.at, self.do = 0.0, at, do

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds
        if self.do and self.time >= self.at:
            self.do, do = None, self.do
            do()
