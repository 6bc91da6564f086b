"""The one door to other programs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from hallmark.common.errors import PrerequisiteError, ProcessError
from hallmark.common.process import ENVIRONMENT, command, need, run, tied

MARKER = f"97.{os.getpid()}"
SLEEPER = b"sleep\0%s\0" % MARKER.encode()
CHECKOUT = Path(__file__).parents[3]


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


def sleepers() -> list[int]:
    """The processes of this test's own that sleep."""
    return [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/cmdline") if words(path) == SLEEPER]


def words(cmdline: Path) -> bytes:
    try:
        return cmdline.read_bytes()
    except OSError:
        return b""


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
    code = "import json, os; print(json.dumps(dict(os.environ)))"
    seen = json.loads(run([sys.executable, "-c", code], env={"MINE": "1", "TZ": "CET"}, timeout=20).stdout)
    seen.pop("PWD", None)  # bubblewrap's
    assert seen == {**ENVIRONMENT, "MINE": "1", "TZ": "CET"}


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


def test_a_program_that_takes_too_long_is_ended_with_its_children() -> None:
    with pytest.raises(ProcessError) as late:
        run(["sh", "-c", f"sleep {MARKER} & wait"], timeout=1)
    assert str(late.value) == "sh: did not end within 1 s"
    assert all(ended(pid) for pid in sleepers())


def test_a_child_that_outlives_its_program_is_ended_when_time_is_up() -> None:
    # Contained, it does not outlive its program.
    with suppress(ProcessError):
        run(["sh", "-c", f"sleep {MARKER} & echo started"], timeout=1)
    assert all(ended(pid) for pid in sleepers())


def test_a_program_dies_with_us() -> None:
    code = "from hallmark.common.process import run\nrun(['sleep', '100'], timeout=100)\n"
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


def test_every_program_is_started_to_die_with_its_parent() -> None:
    words = command(["true"])
    assert words[:4] == [need("setpriv"), "--pdeathsig", "KILL", "--"]
    assert words[-1] == need("true")
    assert tied(["true"]) == [*words[:4], "true"]
