"""R2: see control.toml. Every system file by what the kernel says of it, and what these files name, wherever it is."""

from __future__ import annotations

import os
import pwd
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from lib import UNIT_FOLDERS, Context, File, acl_of, all_of_root, mounts, read, real_path, run, walk, why_writable

SYSTEM = ("/etc", "/usr", "/boot", "/var/lib/dpkg")
OBEYED = (
    *(f"/root/.{name}" for name in ("profile", "bashrc", "bash_profile", "bash_login")),
    "/var/spool/cron/crontabs/root",
)
_BELOW = tuple(f"{top}/" for top in SYSTEM)
LARGEST = 256 * 1024
# Links into these lead to the kernel's or a service's own, and not to files that somebody keeps.
ELSEWHERE = re.compile(r"/(dev|proc|sys)/")
COVERED = re.compile(r"/(usr|etc|boot|bin|sbin|lib|lib32|lib64|dev|proc|sys)/")
_COVERED = re.compile(COVERED.pattern.encode())
# What is looked for first is the slash, which is fast, and then what is before it.
_PATH = re.compile(rb"/(?<![\w./:-]/)[\w.+@-]+(?:/[\w.+@-]+)+")
# What a shell or the like is given to read need not be executable itself.
_GIVEN = re.compile(
    rb"(?:^|[\s;&|=(\"'])(?:\.|source|[\w./]*\b(?:(?:ba|da)?sh|python[\d.]*|perl))[ \t]+(?:-\S+[ \t]+)*[\"']?"
    rb"(/[\w.+@-]+(?:/[\w.+@-]+)+)",
    re.MULTILINE,
)
_LIBRARY = re.compile(r"\.so(\.[\d.]+)?$")
_PATHS = re.compile(
    rb"(?:^|[\s\"';=])(?:secure_path|(?:LD_LIBRARY_)?PATH)(?:\s+DEFAULT|\s+OVERRIDE)?\s*=\s*[\"']?([^\s\"']+)",
    re.MULTILINE,
)


def check(context: Context) -> str:
    """Findings for each file that others than root can change."""
    places = [place for _, _, place, _, _ in mounts() if is_system(place)]
    files = [file for file in all_of_root() if is_system(file.path)]
    for place in places:
        files += [File(place, os.lstat(place)), *walk(place)]
    allowed = [(re.compile(re.escape(row[0]).replace(r"\*", "[^/]*")), row[1]) for row in context.rows()]
    for file in files:
        ordinary = file.status.st_uid == 0 and not stat.S_ISLNK(file.status.st_mode)
        users = () if ordinary else (user for path, user in allowed if path.fullmatch(file.path))
        check_file(context, file, next(iter(users), None))
    named = {**named_programs(files), **exec_programs(), **library_folders()}
    for path, where in sorted(named.items()):
        why = why_writable(path)
        if why:
            context.finding(f"{where} has root run {path}: {why}")
    return f"{len(files)} system files, and {len(named)} that they name elsewhere, are root's"


def is_system(path: str) -> bool:
    """Whether a path is within the folders that are the system's."""
    return path.startswith(_BELOW) or path in SYSTEM


def check_file(context: Context, file: File, allowed: str | None) -> None:
    """One system file: its owner and permissions, what a link leads to, what a folder gives to files to come."""
    path, status = file.path, file.status
    if stat.S_ISLNK(status.st_mode):
        why = "" if allowed and leads_to(path, allowed) else why_link(path)
        if status.st_uid:
            why = f"belongs to user {status.st_uid}"
        if why:
            context.finding(f"{path}: {why}")
        return
    if status.st_uid and not (allowed and status.st_uid == uid_of(allowed)):
        context.finding(f"{path}: expected of root, it belongs to user {status.st_uid}")
    elif status.st_mode & 0o022:
        names = "".join(f"; {name}" for name in acl_of(path))
        context.finding(f"{path}: others than root write it ({stat.S_IMODE(status.st_mode):04o}{names})")
    elif stat.S_ISDIR(status.st_mode):
        for name in acl_of(path, "default"):
            if "w" in name.split()[-1]:
                context.finding(f"{path}: its access control list lets others write what will be made there ({name})")


def why_link(path: str) -> str:
    """Why others could change what a link leads to; nothing where that is a system file, which is looked at itself."""
    target = real_path(path)
    return "" if is_system(target) or ELSEWHERE.match(f"{target}/") else why_writable(path)


def leads_to(path: str, user: str) -> bool:
    """Whether a link's target is of this user alone."""
    try:
        status = Path(path).stat()
    except FileNotFoundError:
        return True
    return status.st_uid in (0, uid_of(user)) and not status.st_mode & 0o022


def uid_of(user: str) -> int:
    """An account's number, -1 when there is none."""
    try:
        return pwd.getpwnam(user).pw_uid
    except KeyError:
        return -1


# --- what they name -------------------------------------------------------------------------------------------------


def named_programs(files: list[File]) -> dict[str, str]:
    """Programs outside of the system's folders that configuration names, folders of a PATH, and who names them."""
    texts = [f for f in files if f.path.startswith("/etc/") and stat.S_ISREG(f.status.st_mode)]
    named: dict[str, str] = {}
    for path in [*(f.path for f in texts if f.status.st_size <= LARGEST), *OBEYED]:
        try:
            data = Path(path).read_bytes()
        except FileNotFoundError:
            continue
        elsewhere = {os.fsdecode(name) for name in set(_PATH.findall(data)) if not _COVERED.match(name)}
        named |= {name: path for name in elsewhere if is_program(name)}
        if elsewhere:  # what is given is among them
            given = map(os.fsdecode, _GIVEN.findall(data))
            named |= {name: path for name in given if not COVERED.match(name)}
        for value in _PATHS.findall(data) if b"PATH" in data or b"secure_path" in data else ():
            for folder in os.fsdecode(value).split(":"):
                if folder.startswith("/") and not COVERED.match(f"{folder}/"):
                    named |= all_in(folder, path)
    return named


def all_in(folder: str, where: str) -> dict[str, str]:
    """A folder and what is in it, as `where` names it."""
    return {folder: where} | {file.path: where for file in walk(folder) if not stat.S_ISLNK(file.status.st_mode)}


def is_program(path: str) -> bool:
    """Whether something is there that can be run, or loaded."""
    try:
        status = Path(path).stat()
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and bool(status.st_mode & 0o111 or _LIBRARY.search(path))


def exec_programs() -> dict[str, str]:
    """What units start and read, whether it is there already or not."""
    named = {}
    for path in unit_files():
        for line in re.sub(r"\\\n", " ", read(Path(path))).splitlines():
            key, _, value = line.partition("=")
            if not key.strip().startswith(("Exec", "EnvironmentFile", "RootDirectory", "RootImage")):
                continue
            for text in value.split(":") if key.strip() == "ExecSearchPath" else [value]:
                # The mark of how it is started, the path, its arguments.
                found = re.match(r"[-@:+!|]*(/[^\s;]+)", text.strip().strip('"'))
                if found and "%" not in found[1] and not ELSEWHERE.match(found[1]):
                    named[found[1].rstrip('"')] = path
    return {name: where for name, where in named.items() if not is_system(os.path.realpath(name))}


def unit_files() -> Iterator[str]:
    """Unit files and their drop-ins."""
    for folder in (*UNIT_FOLDERS, "/usr/lib/systemd/system"):
        for place in (Path(folder), *Path(folder).glob("*.d")):
            for path in place.glob("*"):
                if path.suffix in (".service", ".socket", ".mount", ".swap", ".conf") and path.is_file():
                    yield str(path)


def library_folders() -> dict[str, str]:
    """Folders and files from which the loader takes libraries into root's programs."""
    named = dict.fromkeys(read(Path("/etc/ld.so.preload")).split(), "/etc/ld.so.preload")
    for line in run(["ldconfig", "-N", "-X", "-v"]).splitlines():
        # `/usr/lib/x: (from /etc/ld.so.conf:1)`, and indented what is in it.
        folder, colon, rest = line.partition(":")
        if line.startswith("/") and colon:
            where = rest.strip(" ()") or "ldconfig"
            named |= {folder: where} if COVERED.match(f"{folder}/") else all_in(folder, where)
    return named
