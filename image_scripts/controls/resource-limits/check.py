"""R3: see control.toml. Asks the kernel in sessions that PAM makes, and systemd for the slices."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

import pam
from lib import Context, check_sessions_limited, people_and_root, read, run, settings_in
from sessions import session_limits

# Of two drop-ins with one name the first folder's counts; all that is left is read in the order of the names.
FOLDERS = (
    "/etc/systemd/system.control",
    "/run/systemd/system.control",
    "/run/systemd/transient",
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
)
ANYBODY = "4242"


def check(context: Context) -> str:
    """Findings for sessions and slices that may take more than the table says."""
    rows = {where: {row[0]: row[1] for row in context.rows() if row[2] == where} for where in ("session", "slice")}
    check_sessions_limited(context)
    for service in pam.sessions_without("in a slice", "sshd", "login"):
        context.finding(f"PAM service {service}: expected pam_systemd, which puts each session into its person's slice")
    for user in [*people_and_root(), "nobody"]:
        if user != "root":
            check_session(context, user, rows["session"])
    for number in sorted({ANYBODY, *numbers_with_files()}):
        got = slice_settings(number)
        for setting, value in rows["slice"].items():
            if not is_within(got.get(setting, "infinity"), value):
                context.finding(f"user-{number}.slice: {setting}: expected {value}, got {got.get(setting, 'infinity')}")
    if context.phase in ("acceptance", "drift"):
        check_running(context, rows["slice"])
    return "one person cannot take the whole machine"


def check_session(context: Context, user: str, wanted: Mapping[str, str]) -> None:
    """What the kernel allows in a session of this account."""
    limits = session_limits(user)
    for name, value in wanted.items():
        for kind, got in zip(("soft", "hard"), limits[name.upper()], strict=True):
            if not is_within(got, value):
                context.finding(f"a session of {user}: {name}: expected {value}, the {kind} limit is {got}")


def is_within(got: str, value: str) -> bool:
    """Whether a number or a share of the machine is no more than another of the same kind."""
    pattern = r"\d+%" if value.endswith("%") else r"\d+"
    return bool(re.fullmatch(pattern, got)) and int(got.rstrip("%")) <= int(value.rstrip("%"))


def numbers_with_files() -> set[str]:
    """The numbers of those people whose slice has files of its own."""
    names = [path.name for folder in FOLDERS for path in Path(folder).glob("user-*.slice*")]
    return {match[1] for name in names if (match := re.match(r"user-(\d+)\.slice", name))}


def slice_settings(number: str) -> dict[str, str]:
    """Setting → value, as systemd would read the files of one person's slice."""
    units = (f"user-{number}.slice", "user-.slice", "slice")
    whole = [path for folder in FOLDERS if (path := Path(folder, units[0])).exists()][:1]
    dropped: dict[str, Path] = {}
    for unit in units:
        for folder in FOLDERS:
            for path in Path(folder, f"{unit}.d").glob("*.conf"):
                dropped.setdefault(path.name, path)
    return settings_in("Slice", map(read, [*whole, *(dropped[name] for name in sorted(dropped))]))


def check_running(context: Context, wanted: Mapping[str, str]) -> None:
    """What the systemd that runs makes of anybody's slice, and what the kernel has for those who are here."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    groups = [path.name for path in Path("/sys/fs/cgroup/user.slice").glob("user-*.slice")]
    for unit in sorted({f"user-{ANYBODY}.slice", *groups}):
        words = ["systemctl", "show", f"--property={','.join(wanted)}", unit]
        got = dict(line.split("=", 1) for line in run(words).splitlines())
        for setting, value in wanted.items():
            most = memory * int(value[:-1]) // 100 * 1.01 if value.endswith("%") else int(value)
            if not got[setting].isdigit() or int(got[setting]) > most:
                context.finding(f"systemd: {unit}: {setting}: expected {value}, it has {got[setting]}")
        tasks = read(Path("/sys/fs/cgroup/user.slice", unit, "pids.max")).strip()
        if tasks and "TasksMax" in wanted and not is_within(tasks, wanted["TasksMax"]):
            context.finding(f"kernel: {unit}: expected {wanted['TasksMax']} processes, it allows {tasks}")
