"""R1: see control.toml. Opens sessions as the programs do, by PAM itself, and starts shells; each says its umask."""

from __future__ import annotations

import os
import pwd
import re
import shlex
from collections.abc import Sequence

import pam
from lib import Context, sshd_settings, sudo_policy
from sessions import OPEN, in_sessions, shells

# Root alone can call them, and they leave the umask of their caller. The shells that runuser-l starts are tried.
LEAVE_IT = ("runuser", "runuser-l")


def check(context: Context) -> str:
    """Findings for each way in that leaves more than the parameter does."""
    wanted = int(context.text("umask"), 8)
    people = [entry.pw_name for entry in pwd.getpwall() if entry.pw_uid == 0 or 1000 <= entry.pw_uid < 60000]
    # Many services have the same stack: each is tried once.
    stacks = {pam.stack(service, "session"): service for service in pam.services() if service not in LEAVE_IT}
    services = sorted(service for stack, service in stacks.items() if stack)
    sessions = [*((service, "nobody") for service in services), *(("su-l", name) for name in people)]
    for (service, user), said in zip(sessions, in_sessions(sessions, lambda: f"{os.umask(OPEN):o}"), strict=True):
        judge(context, f"PAM's service {service}, for {user}", int(said, 8) if said else None, wanted)
    for what, shell in shells(context.plan).items():
        judge(context, what, shell.umask, wanted)
    check_sudo(context, wanted)
    check_sftp(context, wanted)
    how_many = f"{len(services)} kinds of service, {len(people)} people"
    return f"a session gets {context.text('umask')} or stricter: {how_many}"


def judge(context: Context, what: str, got: int | None, wanted: int) -> None:
    """A umask that leaves a bit that the wanted one takes is a finding, as is none."""
    if got is None:
        context.finding(f"{what}: expected to open a session and see its umask; there was none")
    elif wanted & ~got:
        context.finding(f"{what}: expected the umask {wanted:03o} or stricter, got {got:03o}")
    else:
        context.note(f"{what}: {got:03o}")


# --- programs ------------------------------------------------------------------------------------------------------


def check_sudo(context: Context, wanted: int) -> None:
    """What counts is both its own umask and the caller's, unless the policy says otherwise."""
    for line in sudo_policy().splitlines():
        if line.startswith("Defaults") and re.search(r"(?<!!)\bumask_override\b", line):
            context.finding(f"sudo: {line.strip()}: its own umask, whatever the caller's is")


def check_sftp(context: Context, wanted: int) -> None:
    """A file that comes by SFTP has the server's umask, if it has one of its own."""
    for line in sshd_settings().splitlines():
        for value in option_values(shlex.split(line), "-u") if line.startswith(("subsystem", "forcecommand")) else ():
            judge(context, f"sshd: {line}", int(value, 8), wanted)


def option_values(words: Sequence[str], option: str) -> list[str]:
    """The octal numbers that an option has on a command line, joined to it or behind it."""
    text = " ".join(words)
    return re.findall(rf"(?:^|\s){option}\s*([0-7]+)(?:\s|$)", text)
