"""R3: see control.toml. Reads what fstab comes to, and on a booted machine asks the kernel."""

from __future__ import annotations

import contextlib
import fnmatch
import os
import re
from collections.abc import Iterator
from pathlib import Path

from lib import Context, is_of_checks, overruling, read

CLOUD_INIT = Path("/usr/lib/cloud-init")
# Where people's sessions and jobs begin: they inherit its view of the mounts.
SESSIONS = ("cron", "login", "sshd")
SWITCHES = {"dev": "nodev", "suid": "nosuid", "exec": "noexec"}


def check(context: Context) -> str:
    """Findings for what each boot to come would mount otherwise, and for what is mounted."""
    rows = [(row[0], set(row[1].split(",")), row[2]) for row in context.rows()]
    entries = list(fstab())
    for target, wanted, how in rows:
        if how == "system":
            continue
        mine = [options for where, options in entries if where == target]
        if not mine and (how != "fstab" or target in context.words("partitions")):
            context.finding(f"/etc/fstab: {target}: expected an entry with {show(wanted)}, got none")
        for options in mine:
            if not wanted <= options:
                context.finding(f"/etc/fstab: {target}: expected {show(wanted)}, it comes to {show(options)}")
    check_units(context, [target for target, _, how in rows if how != "system"])
    check_programs(context, {row[0]: row[1] for row in rows})
    if context.phase in ("acceptance", "drift"):
        for process in processes():
            check_kernel(context, process, rows, {where for where, _ in entries})
    return f"{len(rows)} mount points have their options"


def check_units(context: Context, targets: list[str]) -> None:
    """What systemd would take instead of fstab's entries, or on top of them."""
    units = {unit_of(target): target for target in targets}
    units["systemd-remount-fs.service"] = "what is mounted before fstab is read"
    for unit, whose in units.items():
        for path in overruling(unit):
            if path != Path("/run/systemd/generator", unit):  # which systemd makes of fstab's entry
                context.finding(f"{path}: it overrules the options of {whose}")


def check_programs(context: Context, rows: dict[str, set[str]]) -> None:
    """The folder where cloud-init runs programs when it cannot in /var/tmp: it would make it for everybody to write."""
    if "noexec" not in rows.get("/var/tmp", ()) or not CLOUD_INIT.is_dir():  # noqa: S108 -- a mount point
        return
    folder = CLOUD_INIT / "clouddir"
    mode = folder.stat().st_mode & 0o777 if folder.is_dir() else 0
    if mode != 0o755:
        context.finding(f"{folder}: expected a folder that root alone writes (0755), got {mode:04o}")


def show(options: set[str]) -> str:
    """Options for people."""
    return ",".join(sorted(options)) or "none of them"


def fstab() -> Iterator[tuple[str, set[str]]]:
    """The mount point of each entry, and which of the three options mount would give it: a later word counts."""
    for line in read(Path("/etc/fstab")).splitlines():
        fields = line.split()
        if len(fields) < 4 or fields[0].startswith("#"):
            continue
        options: set[str] = set()
        for word in fields[3].split(","):
            if word in SWITCHES.values():
                options.add(word)
            elif word in SWITCHES:
                options.discard(SWITCHES[word])
            elif word == "defaults":
                options.clear()
        where = re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), fields[1])
        yield os.path.realpath(where), options


def unit_of(target: str) -> str:
    """The name of a mount point's unit."""
    parts = [re.sub(r"[^a-zA-Z0-9:_.]", lambda m: f"\\x{ord(m[0]):02x}", p) for p in target.split("/")[1:]]
    return f"{'-'.join(parts)}.mount"


def processes() -> Iterator[Path]:
    """The first process, and one of people's sessions, or of what starts these, for each other view of the mounts.

    What other checks have started meanwhile is none of them: some of it mounts what it needs.
    """
    yield Path("/proc/1")
    seen = {view(Path("/proc/1"))}
    for folder in sorted(Path("/proc").glob("[0-9]*")):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            is_theirs = "/user.slice/" in read(folder / "cgroup") or read(folder / "comm").strip() in SESSIONS
            # A container has a root of its own.
            is_new = is_theirs and view(folder) not in seen and (folder / "root").samefile("/")
            if is_new and not is_of_checks(folder):
                seen.add(view(folder))
                yield folder


def view(folder: Path) -> str:
    """A process's mount namespace."""
    with contextlib.suppress(OSError):
        return os.readlink(folder / "ns/mnt")  # noqa: PTH115 - it leads nowhere
    return ""


def check_kernel(context: Context, process: Path, rows: list[tuple[str, set[str], str]], entries: set[str]) -> None:
    """Each mount point of the table, and whatever is mounted below it; where one lies on another, the last counts."""
    mounts: dict[str, set[str]] = {}
    name = "kernel" if process.name == "1" else f"kernel: for process {process.name} ({read(process / 'comm').strip()})"
    for line in read(process / "mountinfo").splitlines():
        fields = line.split()
        # A place where something is mounted when it is asked for has no files of its own, a namespace's has no folders.
        if fields[fields.index("-") + 1] not in ("autofs", "nsfs"):
            mounts[fields[4]] = set(fields[5].split(","))
    partitions = context.words("partitions")
    for target, _, how in rows:
        # Of what systemd mounts, some is not there on every kernel.
        needed = how in ("tmpfs", "bind") or target in partitions or (how == "fstab" and target in entries)
        if needed and target not in mounts:
            context.finding(f"{name}: {target}: expected a mount, there is none")
    # What is mounted below a folder of the root file system, such as containers below /var, is not fstab's.
    rows = [row for row in rows if row[2] != "fstab" or row[0] in entries]
    for where, options in mounts.items():
        above = [row for row in rows if any(fnmatch.fnmatchcase(where, p) for p in (row[0], f"{row[0]}/*"))]
        if above:
            wanted = max(above, key=lambda row: len(row[0]))[1]
            if not wanted <= options:
                context.finding(f"{name}: {where}: expected {show(wanted)}, it has {show(options)}")
