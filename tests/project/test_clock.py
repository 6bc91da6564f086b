"""A date that expires is found before it does: `--clock` reaches the tests, the workers and what they start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest

from tests.support.clock import machine_now
from tests.support.travel.sitecustomize import travel

CHECKOUT = Path(__file__).parents[2]
AHEAD = timedelta(days=30)
ABOUT = timedelta(minutes=5)
PLANTED = """
from datetime import UTC, datetime

def test_a_waiver_is_still_good():
    assert datetime.now(UTC) < datetime.fromisoformat("{expires}")
"""
CHILD = """
import json, os, sys
from datetime import UTC, datetime
print(json.dumps([datetime.now(UTC).isoformat(), sorted(os.environ), "pytest" in sys.modules]))
"""


@pytest.fixture
def now() -> Iterator[datetime]:
    """What the clock said before it was set ahead."""
    before = datetime.now(UTC)
    back = travel(AHEAD.days)
    yield before
    back()


def run_planted(folder: Path, *words: str) -> int:
    """The exit code of pytest on a test whose date expires tomorrow."""
    planted = folder / "test_planted.py"
    planted.write_text(PLANTED.format(expires=datetime.now(UTC) + timedelta(days=1)))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.support.clock", *words, planted.name]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT)}
    return subprocess.run(command, cwd=folder, env=environment, timeout=120, check=False).returncode


def test_a_date_that_expires_passes_today(tmp_path: Path) -> None:
    assert run_planted(tmp_path) == pytest.ExitCode.OK


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_date_that_expires_fails_ahead_of_its_day(tmp_path: Path, workers: str) -> None:
    assert run_planted(tmp_path, "--clock", "+30d", "-n", workers) == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize("days", ["400", "-30d"])
def test_days_that_cannot_be_read_are_refused(tmp_path: Path, days: str) -> None:
    assert run_planted(tmp_path, f"--clock={days}") == pytest.ExitCode.USAGE_ERROR


def test_the_clock_is_ahead_and_leads_back() -> None:
    before = datetime.now(UTC)
    back = travel(AHEAD.days)
    ahead = datetime.now(UTC)
    back()
    assert AHEAD <= ahead - before < AHEAD + ABOUT
    assert before <= datetime.now(UTC) < before + ABOUT


def test_a_child_has_the_same_date_and_the_environment_that_it_was_given(now: datetime) -> None:
    done = subprocess.run([sys.executable, "-c", CHILD], env={"LC_ALL": "C"}, capture_output=True, check=True)
    date, environment, has_pytest = json.loads(done.stdout)
    assert AHEAD <= datetime.fromisoformat(date) - now < AHEAD + ABOUT
    assert environment == ["LC_ALL"]
    assert not has_pytest


def test_a_childs_child_has_the_same_date(now: datetime) -> None:
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {CHILD!r}], env={{}}, check=True)"
    done = subprocess.run([sys.executable, "-c", code], env={}, capture_output=True, check=True)
    assert AHEAD <= datetime.fromisoformat(json.loads(done.stdout)[0]) - now < AHEAD + ABOUT


def test_what_a_machine_reads_stays(now: datetime, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    stamp = datetime.fromtimestamp((tmp_path / "file").stat().st_mtime, UTC)
    printed = subprocess.run(["date", "+%s"], capture_output=True, text=True, check=True).stdout
    assert all(abs(machine_now() - other) < ABOUT for other in (stamp, datetime.fromtimestamp(int(printed), UTC)))
    assert datetime.now(UTC) - machine_now() > AHEAD - ABOUT


def test_waiting_takes_as_long_as_ever(now: datetime) -> None:
    started = time.monotonic()
    time.sleep(0.05)
    assert 0.05 <= time.monotonic() - started < ABOUT.total_seconds()


def test_a_grpc_server_starts(now: datetime) -> None:
    """With a clock ahead of its core's it would wait for as long as that."""
    server = grpc.server(ThreadPoolExecutor(1))
    server.start()
    server.stop(None).wait()
