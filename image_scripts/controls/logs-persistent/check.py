"""L2: see control.toml. Asks systemd for journald's configuration, and on a booted machine the journal itself."""

from __future__ import annotations

import grp
import json
import os
import re
import stat
import struct
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path

from lib import UNIT_FOLDERS, Context, check_unit, read, run, systemd_settings

LOGS = Path("/var/log")
JOURNAL = LOGS / "journal"
RECORDS = ("btmp", "wtmp.db")
USAGE = "ec387f577b844b8fa948f33cad9a75e6"  # journald's message of its own limits
UNITS = (
    "systemd-journald.service", "systemd-journald.socket", "systemd-journald-dev-log.socket",
    "systemd-journal-flush.service",
)  # fmt: skip
SILENT = re.compile(r"(?m)^\s*(LogLevelMax|LogFilterPatterns|LogNamespace)\s*=\s*\S")
YES = ("", "yes", "true", "on", "1")
RECENT = 1800  # seconds; all checks together take minutes under emulation
NOBODY = 65534
ACL_GROUP = 8


def check(context: Context) -> str:
    """Findings for what would lose the log, or show it to anybody."""
    check_settings(context)
    check_start(context)
    check_readers(context)
    if context.phase in ("acceptance", "drift"):
        check_journal(context)
    return f"the journal is kept on the disk, up to {context.text('size')}, with {context.text('keep_free')} left free"


# --- what journald reads ----------------------------------------------------------------------------------------------


def check_settings(context: Context) -> None:
    """Where it keeps the log, how much of it, and that it leaves nothing out."""
    got = systemd_settings("journald.conf", "Journal")
    if got.get("Storage") != "persistent":
        context.finding(f"journald: Storage: expected persistent, got {got.get('Storage') or 'auto'}")
    for key, parameter in (("SystemMaxUse", "size"), ("SystemKeepFree", "keep_free")):
        if size(got.get(key, "")) != size(context.text(parameter)):
            context.finding(f"journald: {key}: expected {context.text(parameter)}, got {got.get(key) or 'nothing'}")
    for key, good in (
        ("MaxLevelStore", ("", "debug", "7")),
        ("ReadKMsg", YES),
        ("Compress", YES),
        ("SplitMode", ("", "uid", "none")),
        ("ForwardToSyslog", ("no", "false", "off", "0")),
        ("MaxRetentionSec", ("", "0")),
        ("SystemMaxFiles", ("", "0", "100")),
        ("SystemMaxFileSize", ("",)),
        ("RateLimitBurst", ("", "0", "10000")),
        ("RateLimitIntervalSec", ("", "0", "30s", "30")),
    ):
        if got.get(key, "") not in good:
            context.finding(f"journald: {key}: expected {good[0] or 'the default'}, got {got.get(key, 'nothing')}")


def size(text: str) -> int:
    """Bytes of a size of systemd's; 0 for none, or another form."""
    found = re.fullmatch(r"([0-9]+)([KMGT]?)", text)
    return int(found[1]) << 10 * " KMGT".index(found[2] or " ") if found else 0


def check_start(context: Context) -> None:
    """Nothing keeps journald, or its move to the disk, from starting, or a service from being heard."""
    for unit in UNITS:
        check_unit(context, unit)
    for path in (path for folder in UNIT_FOLDERS for path in Path(folder).rglob("*")):
        if path.is_file() and (found := SILENT.search(read(path))):
            context.finding(f"{path}: {found[1]}: keeps what a service says out of the journal")
    for file in (Path("/etc/default/grub"), *sorted(Path("/etc/default/grub.d").glob("*.cfg")), Path("/proc/cmdline")):
        if (file.parent != Path("/proc") or context.phase != "test") and "systemd.journald." in read(file):
            context.finding(f"{file}: the kernel's command line tells journald otherwise")


# --- who may read it --------------------------------------------------------------------------------------------------


def check_readers(context: Context) -> None:
    """Folders and files as they are, and as the next boot and the next month make them."""
    if not JOURNAL.is_dir() or JOURNAL.is_symlink():
        context.finding(f"{JOURNAL}: expected a folder")
        return
    paths = [JOURNAL, *JOURNAL.rglob("*")]
    paths += [path for name in ("btmp*", "wtmp*", "lastlog") for path in LOGS.glob(name)]
    check_paths(context, paths, "")
    with tempfile.TemporaryDirectory() as scratch:
        check_paths(context, at_boot(Path(scratch)), "at the next boot: ")
    for file in (Path("/etc/logrotate.conf"), *sorted(Path("/etc/logrotate.d").glob("*"))):
        for logs, mode in re.findall(r"(?s)([^{}]*)\{[^}]*?^\s*create\s+([0-7]+)\b", read(file), re.MULTILINE):
            if re.search(r"/var/log/[wb]tmp", logs) and int(mode, 8) & 0o007:
                context.finding(f"{file}: the next record of sign-ins can be read by all: create {mode}")


def check_paths(context: Context, paths: Iterable[Path], when: str) -> None:
    """Findings for what others can get at."""
    groups = {"root", "utmp", *context.words("readers")}
    for path in paths:
        try:
            for what in opened(path, groups):
                context.finding(f"{when}{path}: {what}")
        except FileNotFoundError:
            continue  # rotated away meanwhile


def at_boot(root: Path) -> Iterator[Path]:
    """What systemd-tmpfiles makes of the folders, and of records that are not there, tried on an empty tree."""
    machine = "0123456789abcdef0123456789abcdef"
    (root / "etc").mkdir()
    for name in ("passwd", "group"):
        (root / "etc" / name).write_text(read(Path("/etc") / name))
    (root / "etc/machine-id").write_text(f"{machine}\n")
    (root / "var/log/journal" / machine).mkdir(parents=True)
    words = ["systemd-tmpfiles", f"--root={root}", "--create", "--boot", "--prefix=/var/log", "-"]
    rules = run(["systemd-tmpfiles", "--cat-config"])
    subprocess.run(words, input=rules, text=True, capture_output=True, check=False, timeout=120)
    yield from (root / "var/log/journal", root / "var/log/journal" / machine)
    for name in RECORDS:
        made = root / "var/log" / name
        if not made.exists():
            made.touch(0o644)  # as a program that writes it would
        yield made


def opened(path: Path, groups: set[str]) -> Iterator[str]:
    """Who besides root and the groups has something here."""
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        return
    if status.st_mode & 0o007:
        yield f"others have access ({stat.filemode(status.st_mode)})"
    if status.st_uid != 0:
        yield f"expected root as the owner, got {status.st_uid}"
    for number in (status.st_gid, *list_of_groups(path)):
        try:
            name = grp.getgrgid(number).gr_name
        except KeyError:
            name = str(number)
        if name not in groups:
            yield f"the group {name} has access"


def list_of_groups(path: Path) -> Iterator[int]:
    """The groups of its access control list that may do something."""
    try:
        data = os.getxattr(path, "system.posix_acl_access", follow_symlinks=False)
    except OSError:
        return
    for tag, bits, number in struct.iter_unpack("<HHI", data[4:]):
        if tag == ACL_GROUP and bits:
            yield number


# --- the journal of a machine that runs -------------------------------------------------------------------------------


def check_journal(context: Context) -> None:
    """It is on the disk, has what happened before and what happens now, and keeps strangers out."""
    folder = JOURNAL / read(Path("/etc/machine-id")).strip()
    if not (folder / "system.journal").is_file():
        context.finding(f"{folder}: no journal on the disk")
        return
    boots = {
        entry["boot_id"]
        for entry in json.loads(run(["journalctl", "-q", "-D", str(folder), "--list-boots", "-o", "json"]))
    }
    this = read(Path("/proc/sys/kernel/random/boot_id")).strip().replace("-", "")
    if this not in boots:
        context.finding("the journal on the disk has nothing of this boot")
    started = re.search(r"^btime (\d+)", read(Path("/proc/stat")), re.MULTILINE)
    since = context.environment.get("HALLMARK_SINCE", "")
    if context.phase == "acceptance" and started and since and int(started[1]) > int(since) + 5 and len(boots) < 2:
        context.finding("the journal has nothing of the boot before this one")
    check_limits(context, folder)
    if context.phase == "acceptance":
        check_writing(context, folder)
    # systemd has noted the sign-in, or the boot, that this check came with.
    newest = json.loads(run(["journalctl", "-q", "-D", str(folder), "-n", "1", "-o", "json"]) or "{}")
    age = int(time.time() - int(newest.get("__REALTIME_TIMESTAMP", "0")) / 1e6)
    if age > RECENT:
        context.finding(
            f"{folder}: expected entries of now, the newest is {age} seconds old: journald writes elsewhere"
        )
    words = ["journalctl", "-q", "-D", str(folder), "-n", "1", "-o", "cat"]
    done = subprocess.run(
        words, user=NOBODY, group=NOBODY, extra_groups=[], capture_output=True, check=False, timeout=60, cwd="/"
    )
    if done.stdout.strip():
        context.finding("a user of no group reads the journal")


def check_limits(context: Context, folder: Path) -> None:
    """The limits that journald has noted when it opened the journal; after a long life that note is gone."""
    words = ["journalctl", "-q", "-D", str(folder), "-b", "-o", "json", f"MESSAGE_ID={USAGE}", "_TRANSPORT=driver"]
    notes = [json.loads(line) for line in run(words).splitlines() if line.startswith("{")]
    ours = [note for note in notes if str(note.get("JOURNAL_PATH", "")).startswith(str(JOURNAL))]
    if not ours:
        if context.phase == "acceptance":
            context.finding("journald has not noted that it opened a journal on the disk")
        return
    for key, parameter in (("MAX_USE", "size"), ("DISK_KEEP_FREE", "keep_free")):
        got = int(ours[-1].get(key, 0))
        context.note(f"journald: {key}: {got}")
        if got != size(context.text(parameter)):
            context.finding(f"journald runs with {key} {got}, expected {context.text(parameter)}")


def check_writing(context: Context, folder: Path) -> None:
    """What somebody writes now is on the disk."""
    token = f"hallmark-{uuid.uuid4()}"
    run(["systemd-cat", "-t", "hallmark", "echo", token])
    run(["journalctl", "--sync"])
    if token not in run(["journalctl", "-q", "-D", str(folder), "-b", "-t", "hallmark", "-o", "cat"]):
        context.finding("what is written to the journal now is not on the disk")
