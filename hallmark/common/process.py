"""The one door to other programs: list arguments, an explicit environment, a time limit, no orphans.

A child never outlives us: it is killed by the kernel when the thread that started it ends (`setpriv --pdeathsig`),
and with `contained=True` it runs in mount and process namespaces of its own, so that its own children and mounts end
with it.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

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


def command(args: Sequence[str | Path], *, contained: bool = False, package: str | None = None) -> list[str]:
    """The full argument list that runs `args` so that it dies with us."""
    words = [need(str(args[0]), package=package), *(str(word) for word in args[1:])]
    if contained and os.geteuid() == 0:
        words = [need("unshare", package="util-linux"), "--mount", "--pid", "--fork", "--kill-child=KILL", "--", *words]
    return [need("setpriv", package="util-linux"), "--pdeathsig", "KILL", "--", *words]


def run(
    args: Sequence[str | Path],
    *,
    timeout: float,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: bytes | None = None,
    check: bool = True,
    contained: bool = False,
    log: Path | None = None,
) -> Completed:
    """Run a program to its end and return what it printed.

    `timeout` is in seconds; `env` is added to a minimal environment; `log` gets what it printed.
    Raises ProcessError when it fails (unless `check` is false) or runs out of time, PrerequisiteError when it is
    missing.
    """
    words = command(args, contained=contained)
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
