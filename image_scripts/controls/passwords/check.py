"""A10: see control.toml. Stacks are walked as libpam walks them (pam.py), options read as the modules read them."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterable
from pathlib import Path

import pam
from lib import Context, read

SECURITY = Path("/etc/security")
DICTIONARY = Path("/var/cache/cracklib/cracklib_dict.pwd")
NEVER = 999_999_999
Options = dict[str, str]


def check(context: Context) -> str:
    """Findings for each service that lets people in otherwise, and for options that are too weak."""
    judge_stacks(context)
    judge_lockout(context)
    judge_quality(context)
    method = re.findall(r"^\s*ENCRYPT_METHOD\s+(\S+)", read(Path("/etc/login.defs")), re.MULTILINE)
    if method[-1:] != ["YESCRYPT"]:
        context.finding(f"/etc/login.defs: ENCRYPT_METHOD: expected YESCRYPT, got {method[-1:]}")
    for name in ("SHA_CRYPT_MIN_ROUNDS", "SHA_CRYPT_MAX_ROUNDS"):
        rounds = re.findall(rf"^\s*{name}\s+(\d+)", read(Path("/etc/login.defs")), re.MULTILINE)
        if not rounds or int(rounds[-1]) < 100_000:
            context.finding(f"/etc/login.defs: {name}: expected 100000 or more, got {rounds[-1:]}")
    if context.holds("dictionary") and not (DICTIONARY.is_file() and DICTIONARY.stat().st_size):
        context.finding("no dictionary (package cracklib-runtime)")
    return "PAM holds passwords to the rules"


def judge_stacks(context: Context) -> None:
    """Each finding once, with the services that have it."""
    found: dict[str, list[str]] = {}
    for service in pam.services():
        for kind, rule in pam.RULES.items():
            for text in rule(service):
                found.setdefault(text, []).append(service)
            for handler in pam.stack(service, kind):
                for text in judge_handler(handler, kind):
                    found.setdefault(text, []).append(service)
    for text, services in found.items():
        context.finding(f"{text}: {', '.join(sorted(set(services)))}")
    context.note(f"services: {' '.join(pam.services())}")


def judge_handler(handler: pam.Handler, kind: str) -> list[str]:
    """What is wrong with one line, wherever its stack leads."""
    found = []
    if handler.module == "pam_unix" and {"nullok", "nullok_secure"} & set(handler.arguments):
        found.append(f"{kind}: pam_unix has nullok: an empty password opens")
    if handler.module == "pam_unix" and kind == "password" and "yescrypt" not in handler.arguments:
        found.append("password: pam_unix does not hash with yescrypt")
    rounds = _options(handler.arguments).get("rounds", "5")
    if handler.module == "pam_unix" and kind == "password" and not (rounds.isdigit() and int(rounds) >= 5):
        found.append(f"password: pam_unix: rounds: expected 5 or more, got {rounds}")
    if handler.module == "pam_rhosts":
        found.append(f"{kind}: pam_rhosts: a name in a file opens")
    return found


def handlers(module: str, kind: str) -> set[pam.Handler]:
    """All lines of all services that call a module."""
    return {h for service in pam.services() for h in pam.stack(service, kind) if h.module == module}


def options_of(handler: pam.Handler, *files: Path) -> Options:
    """A module's options: its configuration files, the last one winning, then its arguments."""
    arguments = _options(handler.arguments)
    if "conf" in arguments:
        files = (Path(arguments["conf"]),)
    options: Options = {}
    for path in files:
        lines = (line.partition("#")[0].strip() for line in read(path).split("\n"))
        options |= _options(re.sub(r"\s*=\s*", "=", line) for line in lines if line)
    return options | arguments


def _options(words: Iterable[str]) -> Options:
    return {name: value or "set" for name, _, value in (word.partition("=") for word in words)}


def judge_lockout(context: Context) -> None:
    """Every call of pam_faillock counts alike, long enough, and where only root can write."""
    for handler in handlers("pam_faillock", "auth"):
        options = options_of(handler, SECURITY / "faillock.conf")
        what = f"pam_faillock {' '.join(handler.arguments)}"
        _between(context, what, options, "deny", 1, context.number("deny"))
        _between(context, what, options, "fail_interval", context.number("interval"), NEVER)
        for name in ("unlock_time", "root_unlock_time"):
            if options.get(name) not in ("0", "never"):
                _between(context, what, options, name, context.number("unlock_time") or NEVER, NEVER)
        if "even_deny_root" not in options:
            context.finding(f"{what}: even_deny_root is not set: root's password may be guessed for ever")
        _judge_folder(context, Path(options.get("dir", "/var/run/faillock")))


def _judge_folder(context: Context, folder: Path) -> None:
    """pam_faillock gives each count to the user whom it counts; the folder must keep him from it."""
    try:
        status = folder.lstat()
    except FileNotFoundError:
        context.finding(
            f"{folder}: missing; pam_faillock would make it open to all, and each user could empty his own count"
        )
        return
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != 0 or status.st_mode & 0o077:
        context.finding(f"{folder}: expected a folder of root's alone (0700), or each user could empty his own count")


def judge_quality(context: Context) -> None:
    """Every call of pam_pwquality and pam_pwhistory asks for what the recipe asks for."""
    # pwquality.conf is read after its folder, and wins.
    files = (*sorted((SECURITY / "pwquality.conf.d").glob("*.conf")), SECURITY / "pwquality.conf")
    if not handlers("pam_pwquality", "password") or not handlers("pam_pwhistory", "password"):
        context.finding("no service asks both pam_pwquality and pam_pwhistory")
    for handler in handlers("pam_pwquality", "password"):
        options = options_of(handler, *files)
        _between(context, "pam_pwquality", options, "minlen", max(context.number("min_length"), 16), NEVER)
        for name in ("dcredit", "ucredit", "lcredit", "ocredit"):
            _between(context, "pam_pwquality", options, name, -NEVER, -1)
        if context.holds("dictionary"):
            _between(context, "pam_pwquality", options, "dictcheck", 1, 1)
        _between(context, "pam_pwquality", {"enforcing": "1"} | options, "enforcing", 1, 1)
        if "enforce_for_root" not in options:
            context.finding("pam_pwquality: enforce_for_root is not set: passwords that root sets are not judged")
    for handler in handlers("pam_pwhistory", "password"):
        options = options_of(handler, SECURITY / "pwhistory.conf")
        _between(context, "pam_pwhistory", options, "remember", context.number("remember"), NEVER)
        if options.get("file", str(SECURITY / "opasswd")) != str(SECURITY / "opasswd"):
            context.finding(f"pam_pwhistory: file: expected {SECURITY}/opasswd, got {options['file']}")


def _between(context: Context, what: str, options: Options, name: str, least: int, most: int) -> None:
    value = options.get(name, "")
    if not re.fullmatch(r"-?\d+", value) or not least <= int(value) <= most:
        limits = (
            f"{least} or more" if most == NEVER else f"{most} or less" if least in (1, -NEVER) else f"{least} to {most}"
        )
        context.finding(f'{what}: {name}: expected {limits}, got "{value}"')
    else:
        context.note(f"{what}: {name} {value}")
