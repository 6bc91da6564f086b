"""As many machines as memory has room for; the rest wait, and say so."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from hallmark.common import concurrency as slots
from hallmark.common.concurrency import count_slots, slot
from hallmark.common.errors import PrerequisiteError

CHECKOUT = Path(__file__).parents[3]
HOLDER = """
import sys
from pathlib import Path
from hallmark.common.concurrency import slot
with slot(Path(sys.argv[1]), int(sys.argv[2]), lambda text: print(text, flush=True)):
    print("holding", flush=True)
    sys.stdin.read()
"""


def holder(folder: Path, number: int) -> subprocess.Popen[str]:
    """A process that takes a slot and keeps it until its input ends."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, folder, str(number)],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots, "_POLL_SECONDS", 0.05)


@pytest.mark.parametrize(
    ("total", "memory", "parallel", "number"),
    [
        (8192, 1024, None, 6),
        (8192, 1024, 2, 2),
        (8192, 1024, 10, 6),
        (1792, 1024, None, 1),
        (1_000_000, 512, None, 64),
    ],
)
def test_there_are_as_many_slots_as_fit_into_memory(
    monkeypatch: pytest.MonkeyPatch, total: int, memory: int, parallel: int | None, number: int
) -> None:
    monkeypatch.setattr(slots, "_memory_mib", lambda field: total)
    assert count_slots(memory, parallel) == number


def test_a_machine_that_does_not_fit_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots, "_memory_mib", lambda field: 1791)
    with pytest.raises(PrerequisiteError) as small:
        count_slots(1024, None)
    assert str(small.value) == (
        "memory: this machine has 1791 MiB; a machine of 1024 MiB does not fit, see machine.memory_mib of the recipe"
    )


def test_this_hosts_memory_is_known() -> None:
    assert slots._memory_mib("MemTotal") > 256


def test_a_free_slot_is_taken_without_a_word(tmp_path: Path) -> None:
    said: list[str] = []
    with slot(tmp_path / "slots", 1, said.append):
        pass
    with slot(tmp_path / "slots", 1, said.append):
        pass
    assert said == []


def test_a_second_process_waits_its_turn_and_says_so(tmp_path: Path) -> None:
    with holder(tmp_path, 1) as first, holder(tmp_path, 1) as second:
        lines = {line(first), line(second)}
        assert lines == {"holding", "queued: 1 machine(s) are running, as many as fit"}
        for process in (first, second):
            assert process.stdin is not None
            process.stdin.close()
        assert first.wait(timeout=20) == second.wait(timeout=20) == 0


def test_two_slots_hold_two_processes(tmp_path: Path) -> None:
    with holder(tmp_path, 2) as first, holder(tmp_path, 2) as second:
        assert (line(first), line(second)) == ("holding", "holding")
        for process in (first, second):
            assert process.stdin is not None
            process.stdin.close()


def test_threads_of_one_process_wait_for_each_other_too(tmp_path: Path) -> None:
    said: list[str] = []
    inside = threading.Event()

    def wait() -> None:
        with slot(tmp_path, 1, said.append):
            inside.set()

    with slot(tmp_path, 1, said.append):
        thread = threading.Thread(target=wait)
        thread.start()
        for _ in range(100):
            if said:
                break
            time.sleep(0.02)
        assert not inside.is_set()
    thread.join(timeout=20)
    assert inside.is_set()
    assert said == ["queued: 1 machine(s) are running, as many as fit"]


def test_a_holder_that_is_killed_frees_its_slot(tmp_path: Path) -> None:
    with holder(tmp_path, 1) as first:
        assert line(first) == "holding"
        first.kill()
    said: list[str] = []
    with slot(tmp_path, 1, said.append):
        assert said == []
