"""The stale lock of a killed Pulumi run: removed when its owner is surely dead on this host, and only then."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hallmark.common.errors import StoreError
from hallmark.engine.pulumi_lock import clear_stale_locks, is_alive, read_lock
from tests.support.clock import machine_now

# A real lock of Pulumi 3.250.0.
REAL = '{"pid":20491,"username":"root","hostname":"vm","timestamp":"2026-11-22T13:58:15.856352038Z"}'


def write_lock(backend: Path, *, pid: int, host: str | None = None, taken: datetime | None = None) -> Path:
    """A lock on stack `local`, as the file backend writes it."""
    folder = backend / ".pulumi/locks/organization/hallmark/local"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"3be3e66f-46df-4c38-81cd-{pid:012}.json"
    stamp = (taken or machine_now()).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
    lock = {"pid": pid, "username": "root", "hostname": host or socket.gethostname(), "timestamp": stamp}
    path.write_text(json.dumps(lock))
    path.with_name(path.name + ".attrs").write_text("{}")
    return path


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A living process whose command is `pulumi`."""
    program = tmp_path / "pulumi"
    shutil.copy("/bin/sleep", program)
    with subprocess.Popen([program, "60"]) as process:
        time.sleep(0.1)
        yield process
        process.kill()


def dead_pid() -> int:
    """The pid of a process that has just ended."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_a_real_lock_is_read(tmp_path: Path) -> None:
    (tmp_path / "lock.json").write_text(REAL)
    lock = read_lock(tmp_path / "lock.json", "local")
    assert (lock.pid, lock.host) == (20491, "vm")
    assert lock.taken == pytest.approx(datetime(2026, 11, 22, 13, 58, 15, 856352, tzinfo=UTC).timestamp())


def test_no_lock_is_nothing_to_do(tmp_path: Path) -> None:
    assert clear_stale_locks(tmp_path, "hallmark", "local") == []


def test_the_lock_of_a_dead_run_goes_with_its_attributes(tmp_path: Path) -> None:
    path = write_lock(tmp_path, pid=dead_pid())
    assert [lock.path for lock in clear_stale_locks(tmp_path, "hallmark", "local")] == [path]
    assert list(path.parent.iterdir()) == []


def test_the_lock_of_a_living_run_is_refused_by_its_pid(tmp_path: Path, engine: subprocess.Popen[bytes]) -> None:
    stale = write_lock(tmp_path, pid=dead_pid())
    path = write_lock(tmp_path, pid=engine.pid)
    with pytest.raises(StoreError, match=f"stack local is in use: Pulumi runs as process {engine.pid}; wait for it"):
        clear_stale_locks(tmp_path, "hallmark", "local")
    assert path.exists()
    assert stale.exists()


def test_a_run_that_became_a_zombie_is_dead(tmp_path: Path, engine: subprocess.Popen[bytes]) -> None:
    path = write_lock(tmp_path, pid=engine.pid)
    assert is_alive(read_lock(path, "local"))
    engine.kill()
    time.sleep(0.1)
    assert not is_alive(read_lock(path, "local"))


def test_a_pid_that_another_program_has_by_now_is_dead(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        write_lock(tmp_path, pid=process.pid)
        assert len(clear_stale_locks(tmp_path, "hallmark", "local")) == 1
        process.kill()


def test_a_pid_that_a_later_pulumi_has_by_now_is_dead(tmp_path: Path, engine: subprocess.Popen[bytes]) -> None:
    write_lock(tmp_path, pid=engine.pid, taken=machine_now() - timedelta(hours=1))
    assert len(clear_stale_locks(tmp_path, "hallmark", "local")) == 1


def test_a_lock_of_another_host_stays_and_the_way_out_is_told(tmp_path: Path) -> None:
    path = write_lock(tmp_path, pid=1, host="elsewhere")
    with pytest.raises(StoreError, match=r"another host, elsewhere; .*: \. \./env && pulumi cancel --yes -s local"):
        clear_stale_locks(tmp_path, "hallmark", "local")
    assert path.exists()


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"pid": "x", "hostname": "vm", "timestamp": "now"}', REAL[:40]])
def test_a_lock_that_cannot_be_read_stays_and_the_way_out_is_told(tmp_path: Path, text: str) -> None:
    path = write_lock(tmp_path, pid=1)
    path.write_text(text)
    with pytest.raises(StoreError, match=r"expected a lock of Pulumi, got something else .* pulumi cancel --yes"):
        clear_stale_locks(tmp_path, "hallmark", "local")
    assert path.exists()


def test_the_locks_of_other_stacks_are_left_alone(tmp_path: Path) -> None:
    path = write_lock(tmp_path, pid=dead_pid())
    assert clear_stale_locks(tmp_path, "hallmark", "other") == []
    assert path.exists()
