"""Ways to spoil a guest's good results, for the tests that show each gate closing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.support.examples import append
from tests.support.good_results import write


def unlink(name: str) -> Callable[[Path], object]:
    return lambda results: (results / name).unlink()


def put(name: str, text: str) -> Callable[[Path], object]:
    return lambda results: write(results / name, text)


def add(name: str, text: str) -> Callable[[Path], object]:
    return lambda results: append(results / name, text)
