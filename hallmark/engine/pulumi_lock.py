"""The lock that a killed Pulumi run leaves in the file backend: tells whose it is, removes it when that one is dead.

The backend keeps a lock as `<backend>/.pulumi/locks/organization/<project>/<stack>/<uuid>.json` with pid, user name,
host name and time (plus a `.attrs` file). What `pulumi cancel` does is to remove them all, one that was taken this
moment included; we remove exactly the file whose owner we found dead.
"""

from __future__ import annotations

import json
import os
import socket
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hallmark.common.errors import StoreError

ENGINE = "pulumi"
# A clock that was set meanwhile must not make a living run look like a later process with the same pid.
_SLACK_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineLock:
    """One lock file: the process that made it, on which host, when (seconds since the epoch)."""

    path: Path
    pid: int
    host: str
    taken: float


def clear_stale_locks(backend: Path, project: str, stack: str) -> list[EngineLock]:
    """Remove the locks of dead runs on this host and return them.

    StoreError when a run is alive (it says which process), or when a lock was made on another host or cannot be read
    (it says how to remove it).
    """
    locks = [read_lock(path, stack) for path in lock_files(backend, project, stack)]
    for lock in locks:
        if lock.host != socket.gethostname():
            raise StoreError(
                f"{lock.path}: stack {stack} is locked by process {lock.pid} on another host, {lock.host}; "
                f"when nothing runs there any more: . ./env && pulumi cancel --yes -s {stack}"
            )
        if is_alive(lock):
            raise StoreError(
                f"stack {stack} is in use: Pulumi runs as process {lock.pid}; wait for it, or end it, then try again"
            )
    for lock in locks:
        lock.path.unlink(missing_ok=True)
        lock.path.with_name(lock.path.name + ".attrs").unlink(missing_ok=True)
    return locks


def lock_files(backend: Path, project: str, stack: str) -> list[Path]:
    """The lock files of a stack in a file backend."""
    return sorted((backend / ".pulumi/locks/organization" / project / stack).glob("*.json"))


def read_lock(path: Path, stack: str) -> EngineLock:
    """Read one lock file; StoreError when it is not one."""
    try:
        fields = json.loads(path.read_bytes())
        taken = datetime.fromisoformat(fields["timestamp"]).timestamp()
        return EngineLock(path=path, pid=int(fields["pid"]), host=str(fields["hostname"]), taken=taken)
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise StoreError(
            f"{path}: expected a lock of Pulumi, got something else ({problem}); "
            f"when no run is under way: . ./env && pulumi cancel --yes -s {stack}"
        ) from problem


def is_alive(lock: EngineLock) -> bool:
    """Whether the process that took a lock of this host runs: same pid, an engine, older than the lock."""
    try:
        stat = Path(f"/proc/{lock.pid}/stat").read_text()
    except OSError:
        return False
    name, _, rest = stat.partition("(")[2].rpartition(")")
    fields = rest.split()
    if name != ENGINE or fields[0] in {"Z", "X"}:
        return False
    started = _boot_time() + int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return started <= lock.taken + _SLACK_SECONDS


def _boot_time() -> float:
    """When this machine started, in seconds since the epoch."""
    lines = Path("/proc/stat").read_text().splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith("btime ")))
