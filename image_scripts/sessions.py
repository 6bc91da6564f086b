"""Opens sessions as the programs do that people come in by, starts their shells, and asks in them.

Each is a process of its own, and none of it is left: no manager of systemd's, no login. For the Python checks.
"""

from __future__ import annotations

import ctypes
import functools
import json
import os
import re
import resource
import shlex
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from lib import in_child, read, run

OPEN = 0o000
"""Any umask but a wanted one: whoever leaves it as it is, is seen."""
_PERSON = "setpriv --reuid nobody --regid nogroup --clear-groups env HOME=/etc/skel"
_SHELLS = {
    "root's login shell": "runuser -l root -c",
    "root's interactive shell": "env HOME=/root bash -i -c",
    "a person's login shell": f"{_PERSON} bash -l -c",
    "a person's interactive shell": f"{_PERSON} bash -i -c",
    "a login shell of sh": f"{_PERSON} sh -l -c",
}
_ASK = r'echo; umask; echo "=${TMOUT-}"; (TMOUT=0; unset TMOUT) 2>/dev/null && echo =changed; true'
_SAID = re.compile(r"\n([0-7]+)\n=(.*)\n(=changed\n)?\Z")
_NEXT = "@@\n"

_CLONE_NEWNS = 0x20000
_MS_REC, _MS_PRIVATE = 1 << 14, 1 << 18
_PAM_CONV_ERR = 19
_LIMITS = {
    name.removeprefix("RLIMIT_"): getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")
}


# --- by PAM ---------------------------------------------------------------------------------------------------------


def in_sessions(sessions: Iterable[tuple[str, str]], ask: Callable[[], str]) -> list[str | None]:
    """What `ask` says in a session of each service and account; None of one that ended before it could say."""
    sessions = list(sessions)

    def each() -> str:
        _hide_logind()
        return json.dumps([in_child(functools.partial(_asked_in, service, user, ask)) for service, user in sessions])

    answers: list[str | None] = json.loads(in_child(each) or "[]")
    return answers or [None] * len(sessions)


@functools.cache
def session_limits(user: str) -> Mapping[str, tuple[str, str]]:
    """Limit, such as `NOFILE` → its soft and hard value in a session of this account, as PAM makes one."""
    (answer,) = in_sessions([("runuser", user)], _limits)
    if answer is None:
        raise OSError(f"a session of {user}: it ended before it said its limits")
    return {name: (soft, hard) for name, (soft, hard) in json.loads(answer).items()}


def _limits() -> str:
    limits = {name: resource.getrlimit(number) for name, number in _LIMITS.items()}
    return json.dumps(
        {name: ["unlimited" if each == -1 else str(each) for each in both] for name, both in limits.items()}
    )


def _hide_logind() -> None:
    """pam_systemd would start a user manager for each session; it does nothing where it sees no logind."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNS) or libc.mount(None, b"/", None, _MS_REC | _MS_PRIVATE, None):
        raise OSError(ctypes.get_errno(), "no mount namespace")
    if os.path.isdir("/run/systemd") and libc.mount(b"none", b"/run/systemd", b"tmpfs", 0, None):  # noqa: PTH112
        raise OSError(ctypes.get_errno(), "/run/systemd")


class _Conversation(ctypes.Structure):
    Answer = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
    _fields_ = (("answer", Answer), ("data", ctypes.c_void_p))


def _asked_in(service: str, user: str, ask: Callable[[], str]) -> str:
    """What a program does between asking for a password and starting a shell. Whether a module fails is no matter."""
    library = ctypes.CDLL("libpam.so.0")
    handle = ctypes.c_void_p()
    nothing_to_say = _Conversation.Answer(lambda *_: _PAM_CONV_ERR)
    conversation = _Conversation(nothing_to_say, None)
    if library.pam_start(service.encode(), user.encode(), ctypes.byref(conversation), ctypes.byref(handle)):
        raise OSError("pam_start")
    os.umask(OPEN)
    library.pam_open_session(handle, 0)
    return ask()


# --- shells ---------------------------------------------------------------------------------------------------------


class Shell(NamedTuple):
    """What a shell says at its end: its umask (None: nothing), its TMOUT, and whether it lets that be changed."""

    umask: int | None
    timeout: str
    changes: bool


@functools.cache
def shells(plan: Path) -> Mapping[str, Shell]:
    """Each kind of shell, and what it says; asked once for all checks.

    A login shell sets its umask even where PAM has not; any other one starts with the one that `plan` asks for.
    """
    script = ["if [ -d /run/systemd ]; then mount -t tmpfs none /run/systemd; fi; unset TMOUT"]
    for command in _SHELLS.values():
        before = OPEN if " -l " in command else _planned_umask(plan)
        script.append(f"echo @@; (umask {before:o}; {command} {shlex.quote(_ASK)} 2>/dev/null || true)")
    said = run(["unshare", "--mount", "sh", "-c", "; ".join(script)]).split(_NEXT)[1:]
    return {what: _shell(text) for what, text in zip(_SHELLS, said, strict=True)}


def _planned_umask(plan: Path) -> int:
    found = re.search(r"^HM_UMASK='?([0-7]+)", read(plan / "env/default-umask"), re.MULTILINE)
    return int(found[1], 8) if found else OPEN


def _shell(text: str) -> Shell:
    found = _SAID.search(text)
    return Shell(int(found[1], 8), found[2], bool(found[3])) if found else Shell(None, "", False)
