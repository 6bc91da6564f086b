"""R1: see control.toml. One walk of all local file systems, and what the kernel says of each file."""

from __future__ import annotations

import fnmatch
import functools
import grp
import os
import pwd
import re
import stat

from lib import LOCAL, Context, File, acl_of, all_of_root, mounts, walk

# What people leave there on a live server is theirs; by this control's neighbours nobody else gets at it.
THEIRS = re.compile(r"/(home/[^/]+|root|tmp|var/tmp|dev/shm|run/user/\d+|run/lock)/")
# Units with DynamicUser= have a number only while they run; nobody else comes into these folders.
DYNAMIC = range(61184, 65520)
PRIVATE = ("/run/private/", "/var/lib/private/", "/var/cache/private/", "/var/log/private/")
MEMORY = {(1, 1), (1, 2), (1, 4)}  # mem, kmem, port
SCSI = 21  # a disk or drive once more, as a device of characters
# Drives that udev gives to people, by kind and major number.
DRIVES = {("b", 2): ["floppy"], ("b", 11): ["cdrom"], ("c", SCSI): ["cdrom", "tape"]}


def check(context: Context) -> str:
    """Findings for each stray file; a file system that cannot be looked at would be one as well."""
    places = file_systems()
    seen = 0
    for file in (*all_of_root(), *(file for place in places for file in (File(place, os.lstat(place)), *walk(place)))):
        seen += 1
        why = why_stray(context, file)
        if why and not any(fnmatch.fnmatchcase(file.path, pattern) for pattern in context.words("allowed")):
            context.finding(f"{file.path}: {why}")
    context.note(f"looked at: / {' '.join(places)}")
    return f"nothing stray among {seen} files"


def file_systems() -> list[str]:
    """Where local file systems are mounted, but for the one of /, each once."""
    found: dict[tuple[str, str], str] = {}
    for device, inner, place, kind, _ in mounts():
        if kind in LOCAL and place != "/":
            found.setdefault((device, inner), place)
    return sorted(place for place in found.values() if os.path.isdir(place))  # noqa: PTH112


def why_stray(context: Context, file: File) -> str:
    """What is wrong with one file, or nothing."""
    status = file.status
    mode = status.st_mode
    is_theirs = context.phase == "drift" and THEIRS.match(file.path) is not None
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        return why_device(file)
    if not (has_owner(status.st_uid, status.st_gid) or is_theirs or is_of_a_unit(file)):
        return f"belongs to {status.st_uid}:{status.st_gid}, of which one is nobody's"
    if not mode & stat.S_IWOTH or stat.S_ISLNK(mode) or stat.S_ISSOCK(mode) or is_theirs:
        return ""  # whom a socket serves, the program behind it says
    if stat.S_ISDIR(mode) and mode & stat.S_ISVTX:
        return "" if status.st_uid == 0 else f"everybody writes there, and user {status.st_uid} may remove all of it"
    return f"everybody may write it ({stat.S_IMODE(mode):04o})"


def why_device(file: File) -> str:
    """Nodes belong to /dev; there, disks and memory are closed to others."""
    status = file.status
    if status.st_rdev == 0:
        return ""  # opens nothing: systemd and overlays mark with it what is not there
    if not file.path.startswith("/dev/"):
        return f"a device ({os.major(status.st_rdev)}:{os.minor(status.st_rdev)}) outside of /dev"
    major, minor = os.major(status.st_rdev), os.minor(status.st_rdev)
    kind = "b" if stat.S_ISBLK(status.st_mode) else "c"
    if kind == "c" and major != SCSI and (major, minor) not in MEMORY:
        return ""
    group = group_of(status.st_gid)
    is_drive = group in DRIVES.get((kind, major), ())
    named = [] if is_drive else acl_of(file.path)  # logind gives drives to whoever sits at the console
    if status.st_mode & 0o007:
        return f"everybody may open this disk or memory ({stat.S_IMODE(status.st_mode):04o})"
    is_open = status.st_mode & 0o070 and not is_drive and group not in ("root", "disk", "kmem")
    if status.st_uid or named or is_open:
        owners = f"user {status.st_uid}, group {group}"
        return f"others than root may open this disk or memory ({'; '.join([owners, *named])})"
    return ""


def group_of(gid: int) -> str:
    """A group's name, or its number when it has none."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


@functools.cache
def has_owner(uid: int, gid: int) -> bool:
    """Whether both numbers are somebody's, by whatever the system asks for names."""
    try:
        pwd.getpwuid(uid)
        grp.getgrgid(gid)
    except KeyError:
        return False
    return True


def is_of_a_unit(file: File) -> bool:
    """What a unit with a user of the moment has left in the folders that are closed for this."""
    return file.path.startswith(PRIVATE) and {file.status.st_uid, file.status.st_gid} <= {0, *DYNAMIC}
