"""Locks on files: one holder or many readers, and the kernel frees what a dead process held."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from hallmark.common.locks import deadline_passed, held, is_locked, read_holder, try_lock, write_holder
from tests.support.small_disk import CHECKOUT

HOLDER = """
import sys
from pathlib import Path
from hallmark.common.locks import try_lock, write_holder
descriptor = try_lock(Path(sys.argv[1]))
write_holder(descriptor)
print("holding", flush=True)
sys.stdin.read()
"""


def taken(path: Path, *, shared: bool = False) -> int:
    descriptor = try_lock(path, shared=shared)
    assert descriptor is not None
    return descriptor


def test_a_lock_has_one_holder_until_its_descriptor_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not is_locked(path)
    assert not path.exists()
    descriptor = taken(path)
    assert is_locked(path)
    assert try_lock(path) is None
    os.close(descriptor)
    assert not is_locked(path)


def test_a_shared_lock_has_many_holders_and_keeps_others_out(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    both = [taken(path, shared=True), taken(path, shared=True)]
    assert try_lock(path) is None
    for descriptor in both:
        os.close(descriptor)
    os.close(taken(path))


def test_a_holder_is_named_while_it_lives_and_lets_go_when_it_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    words = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(words, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "holding\n"
        assert is_locked(path)
        assert read_holder(path) == str(process.pid)
        process.kill()
        process.wait()
        assert not is_locked(path)


def test_a_holder_that_left_no_pid_is_unknown(tmp_path: Path) -> None:
    assert read_holder(tmp_path / "none") == "unknown"
    os.close(taken(tmp_path / "lock"))
    assert read_holder(tmp_path / "lock") == "unknown"


def test_a_shorter_pid_replaces_a_longer_one_whole(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.write_text("4194304999\n")
    descriptor = taken(path)
    write_holder(descriptor)
    os.close(descriptor)
    assert path.read_text() == f"{os.getpid()}\n"


def test_whoever_wants_a_held_lock_waits_for_it(tmp_path: Path) -> None:
    path, inside = tmp_path / "lock", threading.Event()

    def wait() -> None:
        with held(path):
            inside.set()

    with held(path):
        thread = threading.Thread(target=wait)
        thread.start()
        assert not inside.wait(0.1)
    thread.join(timeout=20)
    assert inside.is_set()


def test_a_deadline_passes_at_once_or_after_a_moment() -> None:
    assert deadline_passed(time.monotonic(), 0)
    started = time.monotonic()
    assert not deadline_passed(started, 60)
    assert time.monotonic() > started
