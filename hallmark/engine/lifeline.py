"""Ends this process, program or provider, when the Pulumi engine that it works for is gone.

A dynamic provider outlives an engine that was killed (-9): it would go on building an image that nobody waits for, and
race the next run. Everything that a provider starts dies with it (process.py, machine.py) and what it leaves on disk is
swept by the next run, so the simplest end is a prompt one.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import threading
import time
from pathlib import Path

ENGINE = "pulumi"
# The language host and the dynamic provider's plugin, as the kernel cuts off their names.
_PLUGINS = ("pulumi-language", "pulumi-resource")
_ADDRESS = re.compile(r"127\.0\.0\.1:[0-9]+")
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

    With it go the engine's other plugins: its language host would notice only minutes later, a provider without work
    never.
    """
    engine = find_ancestor(ENGINE)
    if engine is None:
        _end_if_orphaned()
        return
    if not _started.acquire(blocking=False):
        return
    descriptor = os.pidfd_open(engine)
    threading.Thread(target=_wait, args=(descriptor, _address(engine)), daemon=True, name="lifeline").start()


def guard(engine: int, mark: str) -> int:
    """Start a process that ends when the engine does, and then ends what the engine has left; returns its id.

    `mark` is what the environment of the engine's children holds, as `NAME=VALUE`. `die_with_engine` is not enough: a
    language host that was started a moment ago has no program yet that could end it. The process is a fork of this
    one, which must have no other threads.
    """
    child = os.fork()
    if child:
        return child
    try:
        os.setsid()  # an interrupt of the terminal is not meant for it
        os.closerange(0, 4096)  # what the parent has open, locks among it, ends with the parent
        with contextlib.suppress(ProcessLookupError):
            select.select([os.pidfd_open(engine)], [], [])
        while left := marked_processes(mark):
            for pid in left:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)
    finally:
        os._exit(0)


def marked_processes(mark: str) -> list[int]:
    """The processes, but for this one, in whose environment there is `NAME=VALUE`."""
    return [pid for pid in _processes() if mark in _words(pid, "environ")]


def _end_if_orphaned() -> None:
    """End this process and the engine's plugin above it, when their engine was killed before we came to look for it."""
    plugin = next((pid for pid in map(find_ancestor, _PLUGINS) if pid is not None), None)
    if plugin is not None and _parent(plugin) == 1:
        with contextlib.suppress(OSError):
            os.kill(plugin, signal.SIGKILL)
        os._exit(1)


def _address(engine: int) -> str | None:
    """The engine's own address: the last argument of each plugin, the one that we are or that is above us too."""
    current = os.getpid()
    while (parent := _parent(current)) > 1:
        if parent == engine:
            last = _words(current)[-1:]
            return last[0] if last and _ADDRESS.fullmatch(last[0]) else None
        current = parent
    return None


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _words(pid: int, what: str = "cmdline") -> list[str]:
    """The arguments of a process, or its environment; none when it is gone."""
    try:
        return Path(f"/proc/{pid}/{what}").read_text(errors="replace").rstrip("\0").split("\0")
    except OSError:
        return []


def _processes() -> list[int]:
    """All processes but this one."""
    return [int(f.name) for f in Path("/proc").iterdir() if f.name.isdigit() and int(f.name) != os.getpid()]


def _plugins(address: str) -> list[int]:
    """The processes that work for the engine at this address, but for this one."""
    words = {pid: _words(pid) for pid in _processes()}
    return [pid for pid, args in words.items() if address in args and any(ENGINE in arg for arg in args)]


def _wait(engine: int, address: str | None) -> None:
    select.select([engine], [], [])
    for pid in _plugins(address) if address else []:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    os._exit(1)
