"""The one door to other programs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hallmark.common.errors import PrerequisiteError, ProcessError
from hallmark.common.process import ENVIRONMENT, command, need, run

CHECKOUT = Path(__file__).parents[3]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="namespaces of its own need root")


def alive(pid: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def ended(pid: int) -> bool:
    """Whether a process ends within seconds."""
    for _ in range(100):
        if not alive(pid):
            return True
        time.sleep(0.05)
    return False


def read_pid(path: Path) -> int:
    """The process id that a program writes to a file, soon."""
    for _ in range(200):
        if path.exists() and path.read_text().strip():
            return int(path.read_text())
        time.sleep(0.05)
    raise AssertionError(f"{path}: no process wrote its id")


def test_what_a_program_prints_is_returned() -> None:
    done = run(["sh", "-c", "cat; echo oops >&2"], stdin=b"hello", timeout=20)
    assert (done.returncode, done.stdout, done.stderr) == (0, "hello", "oops\n")


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert run(["printf", "\\377"], timeout=20).stdout == "\ufffd"


def test_without_input_a_program_reads_nothing() -> None:
    assert run(["cat"], timeout=20).stdout == ""


def test_arguments_are_words_and_never_a_shells_line() -> None:
    assert run(["echo", "$HOME; *", "a  b"], timeout=20).stdout == "$HOME; * a  b\n"


def test_the_environment_is_explicit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "secret")
    lines = run(["env"], env={"MINE": "1", "TZ": "CET"}, timeout=20).stdout.splitlines()
    assert dict(line.split("=", 1) for line in lines) == {**ENVIRONMENT, "MINE": "1", "TZ": "CET"}


def test_it_runs_where_it_is_told(tmp_path: Path) -> None:
    assert run(["pwd"], cwd=tmp_path, timeout=20).stdout == f"{tmp_path}\n"


def test_a_missing_program_is_named_with_its_package() -> None:
    with pytest.raises(PrerequisiteError) as missing:
        run(["no-such-program"], timeout=20)
    assert str(missing.value) == (
        "no-such-program: not found on this machine; `make setup` installs it (package no-such-program)"
    )
    with pytest.raises(PrerequisiteError, match=r"\(package qemu-utils\)"):
        need("no-such-qemu-img", package="qemu-utils")


def test_programs_come_from_the_systems_folders_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").write_text("#!/bin/sh\n")
    (tmp_path / "mine").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(PrerequisiteError):
        need("mine")


def test_a_failure_is_told_with_the_last_words() -> None:
    with pytest.raises(ProcessError) as failed:
        run(["sh", "-c", "seq 40 >&2; exit 3"], timeout=20)
    assert str(failed.value).splitlines() == ["sh: exit code 3", *map(str, range(26, 41))]


def test_a_failure_without_complaint_is_told_with_what_was_printed() -> None:
    with pytest.raises(ProcessError) as failed:
        run(["sh", "-c", "echo nothing to do; exit 1"], timeout=20)
    assert str(failed.value) == "sh: exit code 1\nnothing to do"


def test_a_failure_may_be_an_answer() -> None:
    assert run(["false"], check=False, timeout=20).returncode == 1


def test_a_log_gets_all_words_and_the_error_names_it(tmp_path: Path) -> None:
    log = tmp_path / "tool.log"
    with pytest.raises(ProcessError) as failed:
        run(["sh", "-c", "echo out; echo err >&2; exit 1"], log=log, timeout=20)
    assert log.read_text() == "out\nerr\n"
    assert str(failed.value) == f"sh: exit code 1 (log: {log})\nerr"


def test_a_program_that_takes_too_long_is_ended_with_its_children(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    with pytest.raises(ProcessError) as late:
        run(["sh", "-c", f"sleep 100 & echo $! >{pid_file}; wait"], timeout=1)
    assert str(late.value) == "sh: did not end within 1 s"
    assert ended(read_pid(pid_file))


def test_a_child_that_outlives_its_program_is_ended_when_time_is_up(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    with pytest.raises(ProcessError):
        run(["sh", "-c", f"sleep 100 & echo $! >{pid_file}"], timeout=1)
    assert ended(read_pid(pid_file))


@pytest.mark.parametrize("contained", [False, pytest.param(True, marks=as_root)])
def test_a_program_dies_with_us(contained: bool) -> None:
    code = f"from hallmark.common.process import run\nrun(['sleep', '100'], timeout=100, contained={contained})\n"
    with subprocess.Popen([sys.executable, "-c", code], cwd=CHECKOUT) as us:
        pid = sleeper_below(us.pid)
        us.send_signal(signal.SIGKILL)
    assert ended(pid)


def sleeper_below(pid: int) -> int:
    """The `sleep` among a process's descendants, soon."""
    for _ in range(200):
        for candidate in descendants(pid):
            if Path(f"/proc/{candidate}/comm").read_text().strip() == "sleep":
                return candidate
        time.sleep(0.05)
    raise AssertionError(f"no sleep below {pid}")


def descendants(pid: int) -> list[int]:
    try:
        children = [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
    return children + [grandchild for child in children for grandchild in descendants(child)]


@as_root
def test_a_contained_program_takes_its_mounts_with_it(tmp_path: Path) -> None:
    script = f"mount -t tmpfs none {tmp_path} && touch {tmp_path}/inside && grep -c ' {tmp_path} ' /proc/self/mounts"
    assert run(["sh", "-c", script], contained=True, timeout=20).stdout == "1\n"
    assert str(tmp_path) not in Path("/proc/self/mounts").read_text()
    assert list(tmp_path.iterdir()) == []


@as_root
def test_a_contained_program_takes_its_children_with_it(tmp_path: Path) -> None:
    started = time.monotonic()
    marker = f"97.{os.getpid()}"
    run(["sh", "-c", f"setsid sleep {marker} >/dev/null 2>&1 & echo started"], contained=True, timeout=20)
    assert time.monotonic() - started < 10
    left = [
        path
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if alive(int(path.parent.name)) and marker.encode() in path.read_bytes()
    ]
    assert left == []


def test_every_program_is_started_to_die_with_its_parent() -> None:
    words = command(["true"])
    assert words[:4] == [need("setpriv"), "--pdeathsig", "KILL", "--"]
    assert words[4:] == [need("true")]
