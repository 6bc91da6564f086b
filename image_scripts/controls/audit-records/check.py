"""L1: see control.toml. Reads what the next boot loads as augenrules does; on a booted machine asks the kernel."""

from __future__ import annotations

import os
import re
import shlex
import stat
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from lib import Context, check_boot_words, check_unit, read, run, unit_state

FOLDER = Path("/etc/audit/rules.d")
SETTINGS = Path("/etc/audit/auditd.conf")
LOG = Path("/var/log/audit/audit.log")
UNSET = ("unset", "4294967295")
PROBE = "/etc/audit"

Rule = frozenset[str]
"""A rule as its words, whatever their order and spelling: `call=mount`, `arch=b64`, `auid>=1000`, `key=mounts`..."""


def check(context: Context) -> str:
    """Findings for what would go unrecorded."""
    planned = check_files(context)
    check_settings(context)
    check_start(context)
    if context.phase in ("acceptance", "drift"):
        check_kernel(context, planned)
    return f"{len(planned)} rules record what the table names"


# --- the rules --------------------------------------------------------------------------------------------------------


def merged_rules() -> list[list[str]]:
    """The lines of all files as augenrules puts them together: what empties and sizes first, the lock last."""
    files = sorted(FOLDER.glob("*.rules"), key=lambda path: natural(path.name))
    lines = [
        shlex.split(line) for path in files for line in read(path).splitlines() if line.strip()[:1] not in ("", "#")
    ]
    last = [line for line in lines if line[0] == "-e"][-1:]
    return [*(line for line in lines if line[0] != "-e"), *last]


def natural(name: str) -> list[tuple[int, str]]:
    """The order of `ls -v`."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"([0-9]+)", name)]


def canonical(words: Iterable[str]) -> Rule | None:
    """What a rule of auditctl's says, or its listing; None for a line that is none."""
    found: set[str] = set()
    text = list(words)
    if text[0] not in ("-a", "-w", "-A"):
        return None
    for option, value in zip(text[::2], text[1::2], strict=False):
        match option:
            case "-w":
                found |= {"always", "exit", f"path={value.rstrip('/') or '/'}"}
            case "-p":
                found.add(f"perm={''.join(sorted(value))}")
            case "-k":
                found.add(f"key={value}")
            case "-S":
                found |= {f"call={call}" for call in value.split(",")} if value != "all" else set()
            case "-a" | "-A":
                found |= set(value.split(","))
            case _:
                found.add(field(option, value))
    return frozenset(found)


def field(option: str, value: str) -> str:
    """One condition, in one spelling."""
    if option == "-C":  # what the kernel lists the other way round
        return f"{option} {'!='.join(sorted(value.split('!=')))}"
    parts = re.fullmatch(r"([a-z0-9_]+)(!=|>=|<=|&=|=|>|<|&)(.*)", value)
    if option != "-F" or parts is None:
        return f"{option} {value}"
    name, operator, text = parts.groups()
    if text in UNSET:
        text = "-1"
    if name == "perm":
        text = "".join(sorted(text))
    if name in ("dir", "path"):
        name, text = "path", text.rstrip("/") or "/"
    return f"{name}{operator}{text}"


def wanted(context: Context) -> Iterator[tuple[Rule, str]]:
    """A rule that the table asks for, and the path that it watches."""
    programs = {"setid": context.words("setid_files")}
    programs |= {key: what.split(",") for key, what, who in context.rows() if who == "runs"}
    for key, paths in programs.items():
        for path in paths:
            yield frozenset({"always", "exit", f"path={path}", "perm=x", *PEOPLE, f"key={key}"}), path
    for key, what, who in context.rows():
        if key in programs:
            continue
        if what.startswith("/"):
            for path in (text.rstrip("/") for text in what.split(",")):
                yield frozenset({"always", "exit", f"path={path}", "perm=aw", f"key={key}"}), path
            continue
        calls = what.split(",")
        for width in ("b64", "b32"):
            mine = {call.removeprefix("b32:") for call in calls if width == "b32" or not call.startswith("b32:")}
            for more in CONDITIONS[who]:
                words = {"always", "exit", f"arch={width}", f"key={key}", *(f"call={call}" for call in mine), *more}
                yield frozenset(words), ""


PEOPLE = ("auid>=1000", "auid!=-1")
CONDITIONS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "anybody": ((),),
    "people": (PEOPLE,),
    "root-people": (("euid=0", *PEOPLE),),
    "switched": (("-C euid!=uid", "auid!=-1"),),
    "real-clock": (("a0=0x0",),),
    "refused": (("exit=-EACCES", *PEOPLE), ("exit=-EPERM", *PEOPLE)),
}


def covered(rule: Rule, rules: Iterable[Rule]) -> bool:
    """Whether rules record all that one would: each of its calls, under no further condition; the key is a name."""
    calls = {word for word in rule if word.startswith("call=")}
    rest = {word for word in rule - calls if not word.startswith("key=")}
    got: set[str] = set()
    for other in rules:
        others = {word for word in other if word.startswith("call=")}
        if {word for word in other - others if not word.startswith("key=")} <= rest:
            if not calls or not others:
                return True
            got |= others
    return bool(calls) and calls <= got


def check_files(context: Context) -> list[Rule]:
    """What the next boot loads; the rules of it."""
    lines = merged_rules()
    rules = [rule for line in lines if (rule := canonical(line)) is not None]
    judge_rules(context, "next boot", rules, wanted(context))
    check_calls(context)
    known: dict[str, list[list[str]] | None] = {
        "-D": [[]],
        "-b": None,
        "-f": [["1"], ["2"]],
        "--backlog_wait_time": None,
        "-i": [[]],
        "-c": [[]],
        "-e": None,
    }
    for line in lines:
        if line[0] in ("-a", "-A", "-w"):
            continue
        allowed = known.get(line[0], [])
        if allowed is not None and line[1:] not in allowed:
            context.finding(f"next boot: a line that may undo others: {' '.join(line)}")
    emptied = [number for number, line in enumerate(lines) if line == ["-D"]]
    # augenrules puts the last of these first; what it does not take for one stays in its place.
    if not emptied:
        context.finding("next boot: expected -D, so that what is loaded is what the files say")
    sizes = [int(line[1]) for line in lines if line[0] == "-b"]
    if not sizes or sizes[-1] < 8192:
        context.finding(f"next boot: expected room for 8192 records or more, got {sizes[-1] if sizes else 'nothing'}")
    lock = lines[-1][1:] if lines and lines[-1][0] == "-e" else []
    if lock != ["2"] and (context.holds("locked") or lock != ["1"]):
        context.finding(f"next boot: expected the rules to end with -e 2, got {' '.join(lock) or 'nothing'}")
    return rules


def judge_rules(context: Context, where: str, rules: list[Rule], expected: Iterable[tuple[Rule, str]]) -> None:
    """Each rule that the table asks for is there, and none that leaves something out."""
    for rule in rules:
        if "never" in rule or "exclude" in rule or "filesystem" in rule:
            context.finding(f"{where}: a rule that leaves records out: {' '.join(sorted(rule))}")
    good = [rule for rule in rules if "never" not in rule]
    for rule, path in expected:
        # Before there is its folder nothing can be watched.
        if where == "kernel" and path and not Path(path).parent.is_dir():
            continue
        if not covered(rule, good):
            context.finding(f"{where}: not recorded: {' '.join(sorted(rule))}")


def check_calls(context: Context) -> None:
    """Of a rule with a name that it does not know auditctl makes nothing."""
    for width, machine in (("b64", "x86_64"), ("b32", "i386")):
        calls = {
            word.removeprefix("call=")
            for rule, _ in wanted(context)
            if f"arch={width}" in rule
            for word in rule
            if "call=" in word
        }
        names = {line.split()[-1] for line in run(["ausyscall", machine, "--dump"]).splitlines() if line.split()}
        for call in sorted(calls - names):
            context.finding(f"{width}: auditctl knows no system call {call}")


# --- auditd -----------------------------------------------------------------------------------------------------------


def check_settings(context: Context) -> None:
    """All is written, within the size, and no server is stopped for it."""
    found: dict[str, str] = {}
    for line in read(SETTINGS).splitlines():
        key, mark, value = line.partition("=")
        if mark and not line.lstrip().startswith("#"):
            found[key.strip().lower()] = value.strip().lower()
    for key, good in (
        ("local_events", ("yes",)),
        ("write_logs", ("yes",)),
        ("log_file", (str(LOG),)),
        ("log_group", ("adm", "root")),
        ("log_format", ("enriched", "raw")),
        ("flush", ("incremental_async", "incremental", "data", "sync")),
        ("max_log_file_action", ("rotate",)),
        ("space_left_action", ("syslog", "rotate")),
        ("admin_space_left_action", ("syslog", "rotate")),
        ("disk_full_action", ("syslog", "rotate")),
        ("disk_error_action", ("syslog",)),
    ):
        if found.get(key) not in good:
            context.finding(f"{SETTINGS}: {key}: expected {' or '.join(good)}, got {found.get(key, 'nothing')}")
    try:
        size = int(found.get("max_log_file", "0")) * int(found.get("num_logs", "0"))
    except ValueError:
        size = 0
    if not context.number("megabytes") - 5 < size <= context.number("megabytes"):
        context.finding(f"{SETTINGS}: expected records of {context.text('megabytes')} MB in all, got {size}")
    check_access(context)


def check_access(context: Context) -> None:
    """Root alone changes what is recorded; root and the group of logs read it."""
    paths = [path for top in (Path("/etc/audit"), LOG.parent) for path in (top, *top.rglob("*"))]
    if not LOG.parent.is_dir():
        context.finding(f"{LOG.parent}: expected a folder")
    for path in paths:
        try:
            status = path.lstat()
        except FileNotFoundError:
            continue
        if status.st_uid or status.st_mode & 0o027:
            context.finding(
                f"{path}: expected root alone to write, nobody else to read, got {stat.filemode(status.st_mode)}"
            )


def check_start(context: Context) -> None:
    """The units and the kernel's command line of each boot to come."""
    for unit, good in (
        ("auditd.service", ("enabled",)),
        ("audit-rules.service", ("enabled", "disabled", "static")),
        ("systemd-journald-audit.socket", ("masked",)),
    ):
        if unit_state(unit) not in good:
            context.finding(f"{unit}: expected {good[0]}, it is {unit_state(unit)}")
    for unit in ("auditd.service", "audit-rules.service"):
        check_unit(context, unit)
    check_boot_words(context, "audit=1", "audit_backlog_limit=8192")


# --- the kernel -------------------------------------------------------------------------------------------------------


def check_kernel(context: Context, planned: list[Rule]) -> None:
    """The rules that are loaded, the lock, who takes the records; and a change that must be recorded."""
    status = dict(line.split(None, 1) for line in run(["auditctl", "-s"]).splitlines() if " " in line)
    expected = ("2",) if context.holds("locked") else ("1", "2")
    if status.get("enabled", "").split()[:1] not in [[word] for word in expected]:
        context.finding(f"kernel: audit: expected enabled {expected[0]}, got {status.get('enabled')}")
    pid = status.get("pid", "0")
    # One that was patched since it started is called deleted.
    if str(Path(f"/proc/{pid}/exe").resolve()).removesuffix(" (deleted)") != "/usr/sbin/auditd":
        context.finding(f"kernel: the records go to process {pid}, which is not auditd")
    if int(status.get("backlog_limit", "0")) < 8192 or status.get("failure") == "0":
        context.finding(f"kernel: audit: {status}")
    context.note(f"kernel: records lost: {status.get('lost')}")
    lines = [line for line in run(["auditctl", "-l"]).splitlines() if line.startswith("-")]
    loaded = [rule for line in lines if (rule := canonical(shlex.split(line))) is not None]
    context.note(f"kernel: {len(loaded)} rules of {len(planned)}")
    judge_rules(context, "kernel", loaded, wanted(context))
    if not LOG.is_file() or not LOG.stat().st_size:
        context.finding(f"{LOG}: nothing is recorded")
    if context.phase == "acceptance":
        check_a_change(context)


def check_a_change(context: Context) -> None:
    """Changes a watched folder's mode to what it is, and looks for the record of it."""
    keys = [key for key, what, _ in context.rows() if PROBE in what.split(",")]
    if not keys:
        return
    began = LOG.stat().st_size
    # A change of times is none to the kernel: its attributes (audit_change_attr.h) are modes, owners and links.
    Path(PROBE).chmod(stat.S_IMODE(Path(PROBE).stat().st_mode))
    words = ["ausearch", "--input-logs", "-k", keys[0], "-ts", "recent", "--raw"]
    for _ in range(20):
        done = subprocess.run(words, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=120)
        if f"pid={os.getpid()} " in done.stdout:
            return
        time.sleep(0.5)
    grown = LOG.stat().st_size - began
    context.finding(f"{PROBE} was changed, and ausearch finds no record of it (the log has grown by {grown} bytes)")
