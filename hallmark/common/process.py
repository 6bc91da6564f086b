"""The one door to other programs: list arguments, an explicit environment, a time limit, no orphans, a named reach.

A child never outlives us: it is killed by the kernel when the thread that started it ends (`setpriv --pdeathsig`).
As root it is contained besides (`containment.py`): it writes nothing of this machine but what its `reach` names.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from hallmark.common.containment import NOTHING, Reach, bubblewrap
from hallmark.common.errors import PrerequisiteError, ProcessError

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ENVIRONMENT: Mapping[str, str] = {"PATH": PATH, "LC_ALL": "C.UTF-8", "HOME": "/nonexistent", "TZ": "UTC"}
_TAIL_LINES = 15


@dataclass(frozen=True, kw_only=True, slots=True)
class Completed:
    """How a program ended: its exit code and what it printed (bytes are decoded as UTF-8, errors replaced)."""

    returncode: int
    stdout: str
    stderr: str


def need(program: str, *, package: str | None = None) -> str:
    """The absolute path of a program; PrerequisiteError, naming the Debian package, when it is missing."""
    found = shutil.which(program, path=PATH)
    if found is None:
        raise PrerequisiteError(
            f"{program}: not found on this machine; `make setup` installs it (package {package or program})"
        )
    return found


def command(args: Sequence[str | Path], *, reach: Reach = NOTHING, package: str | None = None) -> list[str]:
    """The full argument list that runs `args` so that it dies with us and, as root, touches no more than its reach."""
    words = [need(str(args[0]), package=package), *(str(word) for word in args[1:])]
    if os.geteuid() == 0:
        if reach.reads is not None:
            reach = replace(reach, reads=(Path(words[0]), *reach.reads))
        words = [need("bwrap", package="bubblewrap"), *bubblewrap(reach), *words]
    return tied(words)


def tied(args: Sequence[str | Path]) -> list[str]:
    """The full argument list that runs a program of our own, with all that we may do, so that it dies with us."""
    return [need("setpriv", package="util-linux"), "--pdeathsig", "KILL", "--", *(str(word) for word in args)]


def run(
    args: Sequence[str | Path],
    *,
    timeout: float,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: bytes | None = None,
    check: bool = True,
    reach: Reach = NOTHING,
    log: Path | None = None,
) -> Completed:
    """Run a program to its end and return what it printed.

    `timeout` is in seconds; `env` is added to a minimal environment; as root it touches no more than `reach`; `log`
    gets what it printed. Raises ProcessError when it fails (unless `check` is false) or runs out of time,
    PrerequisiteError when it is missing or cannot be contained here.
    """
    words = command(args, reach=reach)
    process = subprocess.Popen(
        words,
        env={**ENVIRONMENT, **(env or {})},
        cwd=cwd,
        stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    name = Path(str(args[0])).name
    try:
        out, err = process.communicate(stdin, timeout=timeout)
    except subprocess.TimeoutExpired as expired:
        kill_group(process)
        raise ProcessError(f"{name}: did not end within {timeout:.0f} s") from expired
    except BaseException:
        kill_group(process)
        raise
    done = Completed(
        returncode=process.returncode, stdout=out.decode(errors="replace"), stderr=err.decode(errors="replace")
    )
    if log is not None:
        log.write_text(done.stdout + done.stderr)
    if done.returncode != 0 and done.stderr.startswith("bwrap: "):
        raise PrerequisiteError(
            f"{name}: cannot be contained: {done.stderr.strip()}; as root this takes the right to mount "
            "(CAP_SYS_ADMIN): give it to the container that this runs in, or run as another user than root"
        )
    if check and done.returncode != 0:
        raise ProcessError(f"{name}: exit code {done.returncode}{_where(log)}\n{_tail(done.stderr or done.stdout)}")
    return done


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """End a child, and what is left of its process group though it has ended itself; reap it."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _where(log: Path | None) -> str:
    return f" (log: {log})" if log is not None else ""


def _tail(text: str) -> str:
    return "\n".join(text.rstrip().splitlines()[-_TAIL_LINES:])
