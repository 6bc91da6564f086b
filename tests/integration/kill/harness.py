"""Kills a run after one of its calls to AWS, or lets that call fail for good; runs again and looks at what is left.

Generic over how a run is started, and over what may be left: a `Subject` says both. The kill happens in the account's
own hook, after a call has been carried out and before its answer leaves: the caller never learns what it has made.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from hallmark.engine import ephemeral as ephemeral_stack
from tests.doubles.server import Call, Server

Victim = Literal["user", "run", "engine", "all"]
VICTIMS: tuple[Victim, ...] = ("user", "run", "engine", "all")
_PATIENCE = 300.0


class Point(NamedTuple):
    """One call of a run: the n-th of its action, counted from 1. Runs make some calls side by side, so not by place."""

    action: str
    nth: int


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is killed: how a run is started, in the account behind `server`, and what it may leave.

    `start` gives the outermost process; `locks` is the folder with the locks of its inner stacks, which name the mark
    of their processes; `left` is what is left that should not be, after a run that was not killed.
    """

    server: Server
    start: Callable[[], subprocess.Popen[str]]
    locks: Path
    left: Callable[[], object]


@dataclass
class Trap:
    """Springs at one point of a run, once."""

    server: Server
    point: Point
    then: Callable[[], None]
    sprung: bool = False
    _seen: int = field(default=0)

    def __call__(self, call: Call) -> None:
        """Told of each call."""
        if call.action != self.point.action or self.sprung:
            return
        self._seen += 1
        if self._seen == self.point.nth:
            self.sprung = True
            self.then()


def points(actions: Iterable[str]) -> list[Point]:
    """The points of a run that made these calls."""
    made: dict[str, int] = {}
    found = []
    for action in actions:
        made[action] = made.get(action, 0) + 1
        found.append(Point(action, made[action]))
    return sorted(found)


def record(subject: Subject) -> list[Point]:
    """The changing calls of one run that is left alone; it must end well, and leave nothing."""
    before = len(subject.server.calls)
    _end_well(subject)
    return points(call.action for call in subject.server.calls[before:] if call.mutates)


def kill_and_run_again(subject: Subject, point: Point, victim: Victim) -> None:
    """Kill one part of a run at a point of it. All of it must end; the next run must end well and leave nothing."""
    process = subject.start()
    trap = Trap(subject.server, point, lambda: _kill(_victims(subject, process, victim)))
    subject.server.after.append(trap)
    try:
        process.communicate(timeout=_PATIENCE)
    finally:
        process.kill()
    _wait_for_the_end(subject)
    subject.server.after.remove(trap)
    assert trap.sprung, f"a run that never came to {point}"
    _end_well(subject)


def fail_and_run_again(subject: Subject, action: str) -> str:
    """Let a call fail for good. The run must fail and end; the next one must end well and leave nothing."""
    subject.server.fail(action, "UnauthorizedOperation", "not today")
    process = subject.start()
    text, _ = process.communicate(timeout=_PATIENCE)
    _wait_for_the_end(subject)
    subject.server.faults.clear()
    assert process.returncode != 0, f"{action} failed and the run did not:\n{text}"
    _end_well(subject)
    return text


def processes(subject: Subject) -> list[int]:
    """All that is alive of any inner run: the runs, their engines and plugins."""
    marks = [ephemeral_stack._mark_of(lock) for lock in subject.locks.glob("*.lock")]
    return [pid for mark in marks for pid in ephemeral_stack._processes(mark)]


def end_all(subject: Subject) -> None:
    """Let nothing outlive a test, whatever went wrong in it."""
    _kill_all(processes(subject))


def _end_well(subject: Subject) -> None:
    process = subject.start()
    text, _ = process.communicate(timeout=_PATIENCE)
    assert process.returncode == 0, text
    assert processes(subject) == []
    left = subject.left()
    assert not left, f"left: {left}\n{text}"


def _wait_for_the_end(subject: Subject) -> None:
    """Until nothing works any more. Plugins whose engine was killed notice that only minutes later: the next run's."""
    end = time.monotonic() + _PATIENCE
    while there := [*_runs(subject), *_engines(subject)]:
        assert time.monotonic() < end, f"still alive: {[_words(pid) for pid in there]}"
        time.sleep(0.2)


def _runs(subject: Subject) -> list[int]:
    return [pid for pid in processes(subject) if "hallmark.engine.ephemeral" in _words(pid)]


def _engines(subject: Subject) -> list[int]:
    return [pid for pid in processes(subject) if _words(pid).split(" ", 1)[0].rpartition("/")[2] == "pulumi"]


def _victims(subject: Subject, process: subprocess.Popen[str], victim: Victim) -> list[int]:
    if victim == "user":
        return [process.pid]
    if victim == "all":
        return [process.pid, *processes(subject)]
    return _runs(subject) if victim == "run" else _engines(subject)


def _kill(victims: list[int]) -> None:
    assert victims, "nobody is there to be killed"
    _kill_all(victims)


def _kill_all(pids: list[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _words(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""
