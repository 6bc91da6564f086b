"""R1: see control.toml. Opens sessions as the programs do, by PAM itself, and starts shells; each says its umask."""

from __future__ import annotations

import ctypes
import os
import pwd
import re
import shlex
from collections.abc import Sequence

import pam
from lib import Context, run, sshd_settings, sudo_policy

CLONE_NEWNS = 0x20000
MS_REC, MS_PRIVATE = 1 << 14, 1 << 18
PAM_CONV_ERR = 19
# Root alone can call them, and they leave the umask of their caller. The shells that runuser-l starts are tried.
LEAVE_IT = ("runuser", "runuser-l")
# Any umask but the wanted one; whoever leaves it as it is, is seen.
OPEN = 0o000
SHELLS = {
    "root's login shell": "runuser -l root -c umask",
    "root's interactive shell": "cd /root && HOME=/root bash -i -c umask",
    "a new account's login shell": "runuser -u nobody -- env HOME=/etc/skel bash -l -c umask",
    "a new account's interactive shell": "runuser -u nobody -- env HOME=/etc/skel bash -i -c umask",
    "a login shell of sh": "runuser -u nobody -- env HOME=/etc/skel sh -l -c umask",
}


def check(context: Context) -> str:
    """Findings for each way in that leaves more than the parameter does."""
    wanted = int(context.text("umask"), 8)
    people = [entry.pw_name for entry in pwd.getpwall() if entry.pw_uid == 0 or 1000 <= entry.pw_uid < 60000]
    # Many services have the same stack: each is tried once.
    stacks = {pam.stack(service, "session"): service for service in pam.services() if service not in LEAVE_IT}
    services = sorted(service for stack, service in stacks.items() if stack)
    for service, user in [*((s, "nobody") for s in services), *(("su-l", name) for name in people)]:
        judge(context, f"PAM's service {service}, for {user}", session_umask(service, user), wanted)
    # A login shell sets it even where PAM has not; any other one may not loosen what PAM has set.
    before = [OPEN if " -l " in text else wanted for text in SHELLS.values()]
    for what, got in zip(SHELLS, shell_umasks([*SHELLS.values()], before), strict=True):
        judge(context, what, got, wanted)
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


# --- PAM ------------------------------------------------------------------------------------------------------------


def session_umask(service: str, user: str) -> int | None:
    """The umask of a session that PAM opens, in a process of its own; None when that ended before it could say."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.dup2(os.open(os.devnull, os.O_RDWR), 2)
            hide_logind()
            open_session(service, user)
            os.write(writer, b"%o" % os.umask(0))
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as stream:
        text = stream.read()
    os.waitpid(child, 0)
    return int(text, 8) if text else None


def hide_logind() -> None:
    """pam_systemd would start a user manager for each session; it does nothing where it sees no logind."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) or libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None):
        raise OSError(ctypes.get_errno(), "no mount namespace")
    if os.path.isdir("/run/systemd") and libc.mount(b"none", b"/run/systemd", b"tmpfs", 0, None):  # noqa: PTH112
        raise OSError(ctypes.get_errno(), "/run/systemd")


class _Conversation(ctypes.Structure):
    Answer = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
    _fields_ = (("answer", Answer), ("data", ctypes.c_void_p))


def open_session(service: str, user: str) -> None:
    """What a program does between asking for a password and starting a shell. Whether a module fails is no matter."""
    library = ctypes.CDLL("libpam.so.0")
    handle = ctypes.c_void_p()
    nothing_to_say = _Conversation.Answer(lambda *_: PAM_CONV_ERR)
    conversation = _Conversation(nothing_to_say, None)
    if library.pam_start(service.encode(), user.encode(), ctypes.byref(conversation), ctypes.byref(handle)):
        raise OSError("pam_start")
    os.umask(OPEN)
    library.pam_open_session(handle, 0)


# --- shells and programs --------------------------------------------------------------------------------------------


def shell_umasks(texts: Sequence[str], before: Sequence[int]) -> list[int | None]:
    """The umask that each shell says it has, when it was started with its umask `before`."""
    hide = "if [ -d /run/systemd ]; then mount -t tmpfs none /run/systemd; fi"
    each = [
        f"echo @@; (umask {number:o}; {text} 2>/dev/null || true)" for text, number in zip(texts, before, strict=True)
    ]
    said = run(["unshare", "--mount", "sh", "-c", "; ".join([hide, *each])]).split("@@\n")[1:]
    last = [words[-1] if (words := text.split()) else "" for text in said]
    return [int(word, 8) if re.fullmatch("[0-7]+", word) else None for word in last]


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
