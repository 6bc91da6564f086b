"""R2: see control.toml. Permissions by the table, then an account without rights tries to open each."""

from __future__ import annotations

import grp
import json
import os
import pwd
import stat
from collections.abc import Callable, Iterable
from glob import glob
from typing import Any

from lib import Context, acl_of, in_child

NOBODY = 65534
# systemd gives the groups of people who read logs an access by list; its permissions show how far that goes.
LISTS_ARE_MEANT = "/var/log/journal/"


def check(context: Context) -> str:
    """Findings for each file that is open wider than its row says, and for each that nobody could open."""
    closed = set()
    count = 0
    for pattern, most, user, group, _ in context.rows():
        for path in sorted(glob(pattern)):  # noqa: PTH207 - Path.glob takes no absolute ones
            count += 1
            if not int(most, 8) & 0o004:
                closed.add(path)
            check_path(context, path, int(most, 8), user, group)
    for path in opened_by_nobody(sorted(closed)):
        context.finding(f"{path}: an account without rights opens it")
    return f"{count} files and folders are open to those alone whom they concern; {len(closed)} were tried"


def check_path(context: Context, path: str, most: int, user: str, group: str) -> None:
    """One file or folder against its row."""
    if is_shut_off(path):
        return
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return  # it has gone meanwhile
    mode = stat.S_IMODE(status.st_mode)
    if stat.S_ISLNK(status.st_mode):
        context.finding(f"{path}: expected a file or folder, got a link to {os.path.realpath(path)}")
        return
    if status.st_uid not in (0, number(pwd.getpwnam, user)) or status.st_gid not in (0, number(grp.getgrnam, group)):
        context.finding(f"{path}: expected of {user}:{group}, it belongs to {status.st_uid}:{status.st_gid}")
    if mode & 0o777 & ~most:
        context.finding(f"{path}: expected {most:04o} or less, got {mode:04o}")
    if not path.startswith(LISTS_ARE_MEANT):
        for name in acl_of(path):
            context.finding(f"{path}: its access control list lets in {name}")


def is_shut_off(path: str) -> bool:
    """Whether it lies in a folder that root alone may enter."""
    while path != "/":
        path = os.path.dirname(path)  # noqa: PTH120
        status = os.lstat(path)
        if stat.S_ISDIR(status.st_mode) and status.st_uid == 0 and not status.st_mode & 0o077:
            return True
    return False


def number(ask: Callable[[str], Any], name: str) -> int:
    """The number of an account or a group; -1 when there is none."""
    try:
        return int(ask(name)[2])
    except KeyError:
        return -1


def opened_by_nobody(paths: Iterable[str]) -> list[str]:
    """What a process of nobody's, in no other group, can open; it is tried in a process of its own."""

    def work() -> str:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        return json.dumps([path for path in paths if opens(path)])

    found: list[str] = json.loads(in_child(work) or "")  # an empty answer is an error: nothing was tried
    return found


def opens(path: str) -> bool:
    """Whether this process can read a file or list a folder."""
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
    except OSError:
        return False
    return True
