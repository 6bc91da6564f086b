"""R1: see control.toml. Looks at each home, makes new ones in a copy of /etc, and asks root's shell for its PATH."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import re
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pam
from lib import Context, acl_of, read, run, sudo_policy, why_writable

# What a program runs or obeys when somebody signs in: the home's own dot files, and all of these.
DEEP = (".ssh", ".config")
# All that useradd and adduser write to is a copy; nothing of it can reach a log either.
COPY = """
mount -t tmpfs none /run
mkdir /run/etc
cp -a /etc/passwd /etc/shadow /etc/group /etc/gshadow /etc/login.defs /etc/default /etc/skel /etc/nsswitch.conf \
    /etc/pam.d /etc/security /etc/shells /run/etc/
for file in /etc/adduser.conf /etc/subuid /etc/subgid; do
    [ ! -e $file ] || cp -a $file /run/etc/
done
mount --bind /run/etc /etc
for folder in /home /var/mail /var/log /var/lib; do
    mount -t tmpfs none $folder
done
umask 022
"""
TRIES = {
    "useradd": "useradd -m hallmark-new",
    "adduser": "adduser --quiet --disabled-password --comment '' hallmark-new",
}


def check(context: Context) -> str:
    """Findings for homes that others get into, for those to come, and for what root's shell runs."""
    people = [entry for entry in pwd.getpwall() if entry.pw_uid == 0 or 1000 <= entry.pw_uid < 60000]
    for entry in people:
        check_home(context, entry)
    check_shared(context, people)
    check_skeleton(context)
    check_new_homes(context)
    check_path(context)
    return f"{len(people)} homes, and those to come, are their owners'"


def check_home(context: Context, entry: pwd.struct_passwd) -> None:
    """One home: a folder of its account's, closed to others, and the files in it that its programs obey."""
    home = entry.pw_dir
    above = why_writable(os.path.dirname(os.path.realpath(home)))  # noqa: PTH120
    if above:
        context.finding(f"{home}: its place can be taken: {above}")
    try:
        status = os.lstat(home)
    except FileNotFoundError:
        context.note(f"{home}: {entry.pw_name} has no home")
        return
    if not stat.S_ISDIR(status.st_mode) or home == "/":
        context.finding(f"{home}: expected a folder of {entry.pw_name}'s alone, got something else")
        return
    most = 0o700 if entry.pw_uid == 0 or is_shared(entry) else int(context.text("most"), 8)
    mode = stat.S_IMODE(status.st_mode)
    if (status.st_uid, status.st_gid) != (entry.pw_uid, entry.pw_gid) or mode & 0o777 & ~most:
        context.finding(
            f"{home}: expected of {entry.pw_uid}:{entry.pw_gid} with {most:04o} or less, "
            f"got {status.st_uid}:{status.st_gid} with {mode:04o}"
        )
    for kind in ("access", "default"):
        for name in acl_of(home, kind):
            context.finding(f"{home}: its {kind} list lets in {name}")
    context.note(f"{home}: {mode:04o} of {entry.pw_name}")
    for path, found in files_of(home):
        check_file(context, path, found, entry)


def is_shared(entry: pwd.struct_passwd) -> bool:
    """Whether somebody else is in an account's own group, as where several people have the group users."""
    try:
        members = set(grp.getgrgid(entry.pw_gid).gr_mem)
    except KeyError:
        members = set()
    members |= {other.pw_name for other in pwd.getpwall() if other.pw_gid == entry.pw_gid}
    return bool(members - {entry.pw_name})


def files_of(home: str) -> Iterator[tuple[str, os.stat_result]]:
    """The dot files of a home, and all that is below the folders whose files are obeyed."""
    todo = [(home, False)]
    while todo:
        folder, deep = todo.pop()
        for item in list(os.scandir(folder)) if os.path.isdir(folder) else ():  # noqa: PTH112
            if deep or item.name.startswith("."):
                with contextlib.suppress(FileNotFoundError):  # it is gone by now
                    yield item.path, item.stat(follow_symlinks=False)
                if item.is_dir(follow_symlinks=False) and (deep or item.name in DEEP):
                    todo.append((item.path, True))


def check_file(context: Context, path: str, found: os.stat_result, entry: pwd.struct_passwd) -> None:
    """A file that is obeyed belongs to its reader or to root, and nobody else writes it."""
    if found.st_uid not in (0, entry.pw_uid):
        context.finding(f"{path}: expected of {entry.pw_name}, it belongs to user {found.st_uid}")
    elif found.st_mode & 0o022 and not stat.S_ISLNK(found.st_mode):
        context.finding(f"{path}: others than {entry.pw_name} write it ({stat.S_IMODE(found.st_mode):04o})")
    elif stat.S_ISREG(found.st_mode) and os.path.dirname(path) == entry.pw_dir and found.st_mode & 0o037:  # noqa: PTH120
        context.finding(f"{path}: expected 0740 or less, got {stat.S_IMODE(found.st_mode):04o}")
    elif entry.pw_uid == 0 and stat.S_ISLNK(found.st_mode):
        why = why_writable(path)
        if why:
            context.finding(f"{path}: root obeys it: {why}")


def check_shared(context: Context, people: list[pwd.struct_passwd]) -> None:
    """No home is another one's, or within it."""
    places = {entry.pw_name: os.path.realpath(entry.pw_dir) + "/" for entry in people}
    for name, place in places.items():
        for other, outer in places.items():
            if name != other and place.startswith(outer):
                context.finding(f"{place}: the home of {name} is {other}'s, or within it")


# --- homes to come --------------------------------------------------------------------------------------------------


def check_skeleton(context: Context) -> None:
    """What each new home begins with."""
    for folder, _, names in os.walk("/etc/skel"):
        for path in (folder, *(os.path.join(folder, name) for name in names)):  # noqa: PTH118
            why = why_writable(path)
            mode = os.lstat(path).st_mode
            if why:
                context.finding(f"{path}: each new home gets it: {why}")
            elif stat.S_ISREG(mode) and mode & 0o037:
                context.finding(f"{path}: each new home gets it: expected 0740 or less, got {stat.S_IMODE(mode):04o}")


def check_new_homes(context: Context) -> None:
    """Homes as they will be made. On a live server nothing may be tried: the audit's log would have an account more."""
    for service in pam.services():
        for handler in pam.stack(service, "session"):
            if handler.module == "pam_mkhomedir" and not {"umask=0077", "umask=077"} & set(handler.arguments):
                context.finding(f"PAM: {service}: pam_mkhomedir makes homes; expected umask=0077 among its arguments")
    if context.phase == "drift":
        modes = [line.split()[1] for line in Path("/etc/login.defs").read_text().splitlines() if _is_mode(line)]
        judge_mode(context, "HOME_MODE in /etc/login.defs", int(modes[-1], 8) if modes else 0o755)
        return
    for tool, words in TRIES.items():
        # adduser is perl, which takes its time, and it makes 0700 unless it is told otherwise.
        if tool == "useradd" or re.search(r"^\s*DIR_MODE", read(Path("/etc/adduser.conf")), re.MULTILINE):
            where = "\nstat -c %a $(getent passwd hallmark-new | cut -d : -f 6)"
            text = f"{COPY}{words} >/dev/null{where}"
            done = subprocess.run(
                ["unshare", "--mount", "sh", "-euc", text],
                capture_output=True, text=True, check=False, timeout=60, stdin=subprocess.DEVNULL,
            )  # fmt: skip
            if done.returncode:
                context.finding(f"{tool}: a new home cannot be tried: {done.stderr.strip()[-300:]}")
            else:
                judge_mode(context, f"a home that {tool} makes", int(done.stdout, 8))


def _is_mode(line: str) -> bool:
    return line.split()[:1] == ["HOME_MODE"] and len(line.split()) > 1


def judge_mode(context: Context, what: str, mode: int) -> None:
    """The permissions of a home to come."""
    if mode & ~int(context.text("most"), 8):
        context.finding(f"{what}: expected {context.text('most')} or less, got {mode:04o}")
    else:
        context.note(f"{what}: {mode:04o}")


# --- root's PATH ----------------------------------------------------------------------------------------------------


def check_path(context: Context) -> None:
    """Each folder that root's shell looks into for programs, by whatever sets it; and sudo's."""
    hide = "if [ -d /run/systemd ]; then mount -t tmpfs none /run/systemd; fi"
    shell = "su -l root -c 'echo \"PATH=$PATH\"'; HOME=/root bash -i -c 'echo \"PATH=$PATH\"' 2>/dev/null"
    said = run(["unshare", "--mount", "sh", "-c", f"{hide}; {shell}"]).splitlines()
    paths = [line.removeprefix("PATH=") for line in said if line.startswith("PATH=")]
    if len(paths) < 2:
        context.finding("root's shells: expected each to say its PATH")
    for line in sudo_policy().splitlines():
        _, found, value = line.partition("secure_path=")
        if found:
            paths.append(value.strip().strip('"'))
    for folder in dict.fromkeys(":".join(paths).split(":")):
        why = why_writable(folder)
        if not folder.startswith("/"):
            context.finding(f'root\'s PATH: expected folders by their whole path, got "{folder}"')
        elif why:
            context.finding(f"root's PATH: {folder}: {why}")
    context.note(f"root's PATH: {' '.join(dict.fromkeys(paths))}")
