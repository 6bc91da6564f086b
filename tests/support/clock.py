"""`pytest --clock +400d`: the whole run at a shifted date, so that a date which expires in some test is found today.

It reaches this process, pytest-xdist's workers and every child that is a Python of ours (travel/sitecustomize.py). apt,
gpg, the Pulumi engine and guests keep the machine's clock; a test that dates something for one of them reads it
with `machine_now`.
"""

from __future__ import annotations

import re
import time
from argparse import ArgumentTypeError
from datetime import UTC, datetime

import pytest
import time_machine

from tests.support.travel.sitecustomize import travel


def machine_now() -> datetime:
    """The machine's own time, shifted by no `--clock`."""
    ours = time_machine.escape_hatch
    return datetime.fromtimestamp(ours.time.time() if ours.is_travelling() else time.time(), UTC)


def _days(text: str) -> int:
    if not re.fullmatch(r"\+\d{1,5}d", text):
        raise ArgumentTypeError(f"{text!r}: expected days ahead, like +400d")
    return int(text[1:-1])


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--clock", type=_days, default=0, metavar="+DAYSd", help="run the tests this many days from now")


def pytest_configure(config: pytest.Config) -> None:
    # A worker of pytest-xdist was started on the way.
    if (days := config.getoption("clock")) and not hasattr(config, "workerinput"):
        config.add_cleanup(travel(days))


def pytest_report_header(config: pytest.Config) -> str | None:
    return f"clock: {datetime.now(UTC):%Y-%m-%d}" if config.getoption("clock") else None
