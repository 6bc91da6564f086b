"""Failures told across processes: whole, once each, in their order; the smallest code is the run's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hallmark.common.errors import AwsError, MirrorError, RejectedError
from hallmark.common.failures import FOLDER, Failure, failed_run, read_failures, tell
from tests.support.small_disk import CHECKOUT


def told(folder: Path, error: Exception, **where: str) -> str:
    return tell(error, environment={FOLDER: str(folder)}, **where)


def test_what_is_told_is_read_as_it_was_and_the_engine_gets_its_first_line(tmp_path: Path) -> None:
    assert told(tmp_path, RejectedError("web rejected:\nwhy"), recipe="web", step="local.acceptance") == "web rejected:"
    assert told(tmp_path, RuntimeError("a bug")) == "a bug"
    first, second = sorted(tmp_path.iterdir(), key=lambda path: "bug" in path.read_text())
    os.utime(second, (first.stat().st_mtime + 1,) * 2)
    assert read_failures(tmp_path) == [
        Failure(recipe="web", step="local.acceptance", code=6, message="web rejected:\nwhy"),
        Failure(code=1, message="a bug"),
    ]


def test_what_is_told_twice_is_one_failure(tmp_path: Path) -> None:
    for _ in range(2):
        told(tmp_path, MirrorError("unreachable"), recipe="web")
    assert len(read_failures(tmp_path)) == 1


@pytest.mark.parametrize("environment", [{}, {FOLDER: "/nosuch/folder"}])
def test_when_nobody_reads_it_the_engine_is_told_all(environment: dict[str, str]) -> None:
    assert tell(AwsError("refused\nand why"), environment=environment) == "refused\nand why"


def test_a_file_that_cannot_be_read_is_a_failure_too(tmp_path: Path) -> None:
    (tmp_path / "odd.json").write_text('{"code": 0')
    (tmp_path / ".half.json").write_text("{")
    (failure,) = read_failures(tmp_path)
    assert failure.code == 1
    assert failure.message.startswith(f"{tmp_path}/odd.json: cannot be read")


def test_a_step_whose_process_is_killed_is_a_failure_of_a_run_that_has_ended(tmp_path: Path) -> None:
    code = (
        "import os, signal\nfrom hallmark.common.failures import under_way\n"
        "with under_way('web', 'local.acceptance'):\n    pass\n"
        "with under_way('web', 'local.build'):\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    environment = {FOLDER: str(tmp_path), "PYTHONPATH": str(CHECKOUT)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert read_failures(tmp_path) == []
    (failure,) = read_failures(tmp_path, unfinished=True)
    assert (failure.recipe, failure.step, failure.code) == ("web", "local.build", 1)
    assert failure.message.startswith("web: local.build: the process that did this step was ended in the middle of it")


def test_a_runs_code_is_the_smallest_of_its_failures_and_130_when_it_was_interrupted() -> None:
    failures = [Failure(recipe="a", step="s.build", code=8, message="x"), Failure(code=4, message="y")]
    failed = failed_run("local", failures, how="", interrupted=False)
    assert (failed.exit_code, str(failed)) == (4, "stack local failed: a in build\nx\ny")
    assert failed_run("local", failures, how="", interrupted=True).exit_code == 130
    assert failed_run("local", (), how="was ended by signal 9", interrupted=False).exit_code == 1
