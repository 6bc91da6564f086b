"""R3: see control.toml. Asks PAM, systemd and the kernel; on a booted machine lets a program crash."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from lib import (
    Context,
    check_kernel_parameters,
    check_sessions_limited,
    people_and_root,
    read,
    run,
    systemd_settings,
)
from sessions import session_limits


def check(context: Context) -> str:
    """Findings for each way to get at the memory of a program that crashed."""
    check_kernel_parameters(context, {row[0]: row[1] for row in context.rows()})
    check_sessions_limited(context)
    for user in [*people_and_root(), "nobody"]:
        limits = session_limits(user)["CORE"]
        if limits != ("0", "0"):
            context.finding(f"a session of {user}: expected no core files, soft and hard limit are {', '.join(limits)}")
    check_systemd(context)
    if context.phase in ("acceptance", "drift"):
        check_processes(context)
        check_crash(context)
    return "a program that crashes leaves nothing behind"


def check_systemd(context: Context) -> None:
    """What systemd gives its services and its users' managers, and what systemd-coredump would keep."""
    for name in ("system.conf", "user.conf"):
        limit = systemd_settings(name, "Manager").get("DefaultLimitCORE", "nothing")
        if limit not in ("0", "0:0"):
            context.finding(f"systemd's {name}: DefaultLimitCORE: expected 0:0, got {limit}")
    for name, section, key, wanted in (
        ("system.conf", "Manager", "DumpCore", "no"),
        ("coredump.conf", "Coredump", "Storage", "none"),
        ("coredump.conf", "Coredump", "ProcessSizeMax", "0"),
    ):
        got = systemd_settings(name, section).get(key, "nothing")
        if got != wanted:
            context.finding(f"systemd's {name}: {key}: expected {wanted}, got {got}")
    if context.phase in ("acceptance", "drift"):
        limit = run(["systemctl", "show", "--property=DefaultLimitCORE", "--value"]).strip()
        if limit != "0":
            context.finding(f"systemd: DefaultLimitCORE: expected 0, it runs with {limit}")


def check_processes(context: Context) -> None:
    """The hard limit of each process but systemd itself and this check with its callers; the kernel's have none."""
    mine = set(callers())
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile
            if int(folder.name) in mine or not read(folder / "cmdline"):
                continue
            for line in read(folder / "limits").splitlines():
                if line.startswith("Max core file size") and line.split()[5] != "0":
                    context.finding(f"process {folder.name} ({read(folder / 'comm').strip()}) may leave a core file")


def callers() -> Iterator[int]:
    """This process, the one that started it, and so on up to the first."""
    number = os.getpid()
    while number > 0:
        yield number
        status = dict(line.partition(":\t")[::2] for line in read(Path(f"/proc/{number}/status")).splitlines())
        number = int(status.get("PPid", "0"))


def check_crash(context: Context) -> None:
    """A program of a user's takes what limit he may have, and crashes."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o1777)
        words = ["runuser", "-u", "nobody", "--", "sh", "-c", "ulimit -c $(ulimit -H -c); kill -ABRT $$"]
        subprocess.run(words, cwd=name, capture_output=True, check=False, timeout=60)
        left = [path.name for path in Path(name).iterdir()]
    if left:
        context.finding(f"a program crashed and left {', '.join(left)}")
    context.note(f"tried: a program of nobody's crashed: it left {', '.join(left) or 'nothing'}")
