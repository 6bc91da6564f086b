"""Ends this process, program or provider, when the Pulumi engine that it works for is gone.

A dynamic provider outlives an engine that was killed (-9): it would go on building an image that nobody waits for, and
race the next run. Everything that a provider starts dies with it (process.py, machine.py) and what it leaves on disk is
swept by the next run, so the simplest end is a prompt one.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
from pathlib import Path

ENGINE = "pulumi"
LANGUAGE_HOST = "pulumi-language"
_started = threading.Lock()


def find_ancestor(name: str, pid: int | None = None) -> int | None:
    """The nearest ancestor of a process (by default this one) whose command is `name`; None when there is none."""
    current = pid if pid is not None else os.getppid()
    while current > 1:
        try:
            stat = Path(f"/proc/{current}/stat").read_text()
        except OSError:
            return None
        command, _, rest = stat.partition("(")[2].rpartition(")")
        if command == name:
            return current
        current = int(rest.split()[1])
    return None


def die_with_engine() -> None:
    """From now on, end this process at once when the engine above it ends; does nothing when there is no engine.

    With it goes the engine's language host, which would otherwise notice only minutes later.
    """
    engine = find_ancestor(ENGINE)
    if engine is None or not _started.acquire(blocking=False):
        return
    descriptor = os.pidfd_open(engine)
    hosts = [os.pidfd_open(pid) for pid in _children(engine, LANGUAGE_HOST)]
    threading.Thread(target=_wait, args=(descriptor, hosts), daemon=True, name="lifeline").start()


def _children(parent: int, name: str) -> list[int]:
    """The children of a process whose command begins with `name`."""
    found = []
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            command, _, rest = (folder / "stat").read_text().partition("(")[2].rpartition(")")
            if command.startswith(name) and int(rest.split()[1]) == parent:
                found.append(int(folder.name))
    return found


def _wait(engine: int, hosts: list[int]) -> None:
    select.select([engine], [], [])
    for host in hosts:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(host, signal.SIGKILL)
    os._exit(1)
