"""What Linux-PAM makes of its files: parses them as libpam does, and walks a stack as libpam's dispatcher does.

A stack is walked in every way that its modules could answer in a given world (is the password right, is the account
locked), so a jump, an `include` or a module that nobody thought of is judged by where it leads, not by its name.

    python3 -I pam.py auth|account|password   prints the services of /etc/pam.d whose stack breaks the rules
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDERS = (Path("/etc/pam.d"), Path("/usr/lib/pam.d"))
TYPES = ("auth", "account", "password", "session")
# In the order of libpam's numbers; `incomplete` is left out, as it only asks to be called again.
VALUES = """
    success open_err symbol_err service_err system_err buf_err perm_denied auth_err cred_insufficient authinfo_unavail
    user_unknown maxtries new_authtok_reqd acct_expired session_err cred_unavail cred_expired cred_err no_module_data
    conv_err authtok_err authtok_recover_err authtok_lock_busy authtok_disable_aging try_again ignore abort
    authtok_expired module_unknown bad_item conv_again
""".split()  # noqa: SIM905 - a list of thirty strings reads worse
SIMPLE = {
    "required": {"success": "ok", "new_authtok_reqd": "ok", "ignore": "ignore", "default": "bad"},
    "requisite": {"success": "ok", "new_authtok_reqd": "ok", "ignore": "ignore", "default": "die"},
    "optional": {"success": "ok", "new_authtok_reqd": "ok", "default": "ignore"},
    "sufficient": {"success": "done", "new_authtok_reqd": "done", "default": "ignore"},
}
WRONG = ("auth_err", "cred_insufficient", "authinfo_unavail", "user_unknown", "maxtries", "conv_err", "abort")
# Programs that keep their caller's number: only there does pam_rootok tell root from others.
CALLER_IS_KNOWN = ("chfn", "chpasswd", "chsh", "groupmems", "newusers", "passwd", "runuser", "runuser-l", "su", "su-l")
_MODULE_FOLDER = re.compile(r"(/usr)?/lib/([a-z0-9_-]+/)?security/")
_DEEPEST = 32


@dataclass(frozen=True, slots=True)
class Handler:
    """One line of a stack: `actions` maps an answer (or `default`) to ignore, ok, done, bad, die, reset or a jump."""

    actions: tuple[tuple[str, str], ...]
    module: str
    arguments: tuple[str, ...]
    level: int = 0


@dataclass(frozen=True, slots=True)
class World:
    """What the modules find: a right password and a locked account (auth), a good and a new password (password).

    The account has expired (account).
    """

    right: bool = False
    locked: bool = False
    good: bool = False
    new: bool = False


@dataclass(frozen=True, slots=True)
class Ending:
    """One way through a stack: whether it let the caller in, what happened on the way, and who decided."""

    success: bool
    events: frozenset[str]
    last: str


# --- parsing --------------------------------------------------------------------------------------------------------


def services() -> list[str]:
    """The services that have a file; what packages and pam-auth-update keep beside them is none."""
    names = {path.name for folder in FOLDERS if folder.is_dir() for path in folder.iterdir() if path.is_file()}
    return sorted(n for n in names if not n.startswith("common-") and not re.search(r"~$|\.(pam-old|dpkg-\w+)$", n))


@functools.cache
def stack(service: str, kind: str) -> tuple[Handler, ...]:
    """The handlers of a service, or of `other` when the service has none of this kind."""
    return tuple(_handlers(service, kind, 0, 0)) or tuple(_handlers("other", kind, 0, 0))


def _handlers(name: str, kind: str, depth: int, level: int) -> Iterator[Handler]:
    text = _file_text(name)
    if text is None or depth >= _DEEPEST:
        yield Handler((("default", "bad"),), "missing-file", (name,), level)
        return
    for line in _lines(text):
        words = _words(line)
        if words[0].lower() == "@include":
            yield from _handlers(words[1], kind, depth + 1, level)
            continue
        its_kind = words[0].removeprefix("-").lower()
        if its_kind != kind and (its_kind in TYPES or kind != "auth"):
            continue
        control = words[1] if len(words) > 1 else ""
        if len(words) < 3:
            yield Handler((("default", "bad"),), "no-module", (), level)
        elif control.lower() in ("include", "substack"):
            inner = level + (control.lower() == "substack")
            if inner > level:
                yield Handler((), "substack", (), level)
            yield from _handlers(words[2], kind, depth + 1, inner)
        else:
            yield Handler(_actions(control), _module(words[2]), tuple(words[3:]), level)


@functools.cache
def _file_text(name: str) -> str | None:
    for path in [Path(name)] if name.startswith("/") else [folder / name for folder in FOLDERS]:
        if path.is_file():
            return path.read_bytes().decode(errors="replace")
    return None


def _lines(text: str) -> Iterator[str]:
    """Logical lines: # starts a comment, which ends them; else a backslash, with blanks behind it or not, goes on."""
    joined = ""
    for line in text.split("\n"):
        bare, comment, _ = line.partition("#")
        joined += bare.strip(" \t")
        if joined.endswith("\\") and not comment:
            joined = f"{joined[:-1]} "
            continue
        if joined.strip(" \t"):
            yield joined
        joined = ""


def _words(line: str) -> list[str]:
    """A word in brackets may hold blanks, and a closing bracket behind a backslash; the brackets are no part of it."""
    pairs = re.findall(r"\[((?:\\\]|[^\]])*)\]|([^ \t]+)", line)
    return [plain or inner for inner, plain in pairs]


def _actions(control: str) -> tuple[tuple[str, str], ...]:
    if control.lower() in SIMPLE:
        return tuple(SIMPLE[control.lower()].items())
    actions: dict[str, str] = {}
    for answer, action in re.findall(r"(\w+)\s*=\s*(\w+)", control.lower()):
        if answer != "default" or "default" not in actions:
            actions[answer] = action
    return tuple(actions.items())


def _module(path: str) -> str:
    """A module's name without path and ending, if it is the one that libpam would find; else as it stands."""
    if path.startswith("/") and not _MODULE_FOLDER.match(path):
        return path
    name = path.rsplit("/", 1)[-1]
    return name.removesuffix(".so") if "/" not in path or path.startswith("/") else path


# --- walking --------------------------------------------------------------------------------------------------------


@functools.cache
def endings(service: str, kind: str, world: World) -> frozenset[Ending]:
    """Every way that a stack could end in this world."""
    chain = stack(service, kind)
    found: set[Ending] = set()
    seen = set()
    # Place, impression (0 undecided, 1 positive, -1 negative), success so far, each substack's, events, who decided.
    todo: list[tuple[int, int, bool, tuple[tuple[int, bool], ...], frozenset[str], str]]
    todo = [(0, 0, False, ((0, False),), frozenset(), "nothing")]
    while todo:
        at, impression, good, outer, events, last = state = todo.pop()
        if state in seen:
            continue
        seen.add(state)
        if at >= len(chain):
            found.add(Ending(good and impression == 1, events, last))
            continue
        handler = chain[at]
        before = chain[at - 1].level if at else 0
        if handler.level > before:
            outer = (*outer[: handler.level], (impression, good))
        if handler.module == "substack":
            todo.append((at + 1, impression, good, outer, events, last))
            continue
        actions = dict(handler.actions)
        default = actions.get("default", "bad")
        # Many answers come to the same.
        ways = {
            (actions.get(answer, default), answer == "success", more)
            for answer, more in _answers(handler, service, kind, world)
        }
        for action, is_success, more in ways:
            after = _decide(chain, at, action, is_success, impression, good, outer)
            todo.append((*after, outer, events | more, handler.module if after[1:] != (impression, good) else last))
    return frozenset(found)


def _decide(
    chain: tuple[Handler, ...],
    at: int,
    action: str,
    is_success: bool,
    impression: int,
    good: bool,
    outer: tuple[tuple[int, bool], ...],
) -> tuple[int, int, bool]:
    """Place, impression and success after one module's answer, as in _pam_dispatch_aux."""
    level = chain[at].level
    if action == "reset":
        return at + 1, *outer[level]
    if action in ("ok", "done"):
        if impression == 0 or (impression == 1 and good):
            impression, good = 1, is_success
        return (_end_of(chain, at) if action == "done" and impression == 1 else at + 1), impression, good
    if action in ("bad", "die"):
        return (_end_of(chain, at) if action == "die" else at + 1), -1, False
    if action == "ignore" or not action.isdigit():
        return at + 1, impression, good
    jump = int(action)
    while at + 1 < len(chain) and chain[at + 1].level >= level and jump:
        at += 1
        while at + 1 < len(chain) and chain[at + 1].level > level:
            at += 1
        jump -= 1
    return (at + 1, -1, False) if jump else (at + 1, impression, good)


def _end_of(chain: tuple[Handler, ...], at: int) -> int:
    """The place behind the stack or substack that a decision ends."""
    level = chain[at].level
    while at + 1 < len(chain) and chain[at + 1].level >= level:
        at += 1
    return at + 1


def _answers(handler: Handler, service: str, kind: str, world: World) -> list[tuple[str, frozenset[str]]]:
    """How a module may answer in this world, and what it does by it; one that is not known may answer anything."""
    fixed = {"pam_deny": "auth_err", "pam_permit": "success", "missing-file": "abort", "no-module": "module_unknown"}
    if handler.module in fixed:
        return [(fixed[handler.module], frozenset())]
    known = None
    if kind == "auth":
        known = _auth_answers(handler, service, world)
    elif kind == "password":
        known = _password_answers(handler, world)
    elif kind == "account" and handler.module == "pam_unix":
        known = [("acct_expired", frozenset())]
    elif kind == "session":
        known = _session_answers(handler)
    return [(answer, frozenset()) for answer in VALUES] if known is None else known


def _auth_answers(handler: Handler, service: str, world: World) -> list[tuple[str, frozenset[str]]] | None:
    if handler.module == "pam_rootok":
        return [("auth_err" if service in CALLER_IS_KNOWN else "success", frozenset())]
    if handler.module == "pam_unix":
        answers = ("success",) if world.right or "nullok" in handler.arguments else WRONG
        return [(answer, frozenset({"asked"})) for answer in answers]
    return [_faillock(handler, world)] if handler.module == "pam_faillock" else None


def _password_answers(handler: Handler, world: World) -> list[tuple[str, frozenset[str]]] | None:
    # One that says no, and is not heard, need not have taken the password away from those behind it.
    if handler.module == "pam_pwquality":
        return [("success" if world.good else "authtok_err", frozenset())]
    if handler.module == "pam_pwhistory":
        return [("success" if world.new else "authtok_err", frozenset())]
    if handler.module != "pam_unix":
        return None
    heard = "use_authtok" in handler.arguments
    return [("success", frozenset({"taken"} if heard else {"taken", "asked again"}))]


def _session_answers(handler: Handler) -> list[tuple[str, frozenset[str]]] | None:
    if handler.module == "pam_limits":
        return [("success", frozenset() if handler.arguments else frozenset({"limited"})), ("session_err", frozenset())]
    if handler.module == "pam_systemd":
        return [(answer, frozenset({"in a slice"})) for answer in ("success", "session_err")]
    return None


def _faillock(handler: Handler, world: World) -> tuple[str, frozenset[str]]:
    if "authfail" in handler.arguments:
        return ("auth_err", frozenset()) if world.locked else ("ignore", frozenset({"counted"}))
    if "authsucc" in handler.arguments:
        return ("auth_err", frozenset()) if world.locked else ("success", frozenset({"cleared"}))
    return ("auth_err" if world.locked else "success", frozenset())


# --- the rules ------------------------------------------------------------------------------------------------------


def judge_auth(service: str) -> Iterator[str]:
    """What is wrong with how a service lets people in."""
    wrong = endings(service, "auth", World())
    let_in = sorted({ending.last for ending in wrong if ending.success})
    if let_in:
        yield f"auth: lets people in without the right password ({', '.join(let_in)})"
    if any("asked" in e.events and "counted" not in e.events for e in wrong):
        yield "auth: a wrong guess is not counted (pam_faillock authfail)"
    if any("cleared" in e.events for e in wrong):
        yield "auth: the count is cleared without the right password (pam_faillock authsucc)"
    if any(e.success for e in endings(service, "auth", World(right=True, locked=True))):
        yield "auth: a locked account still opens (pam_faillock preauth)"
    right = [e for e in endings(service, "auth", World(right=True)) if "asked" in e.events]
    if right and not any(e.success for e in right):
        yield "auth: the right password does not open"
    if any("counted" in e.events for e in right):
        yield "auth: a right password counts as a wrong guess"
    if any(e.success and "cleared" not in e.events for e in right):
        yield "auth: guesses add up over right passwords (no pam_faillock authsucc)"


def judge_account(service: str) -> Iterator[str]:
    """A closed account stays closed, and wrong guesses stay counted, for whoever signs in by key as well."""
    ways = endings(service, "account", World())
    let_in = sorted({way.last for way in ways if way.success})
    if let_in:
        yield f"account: lets in whoever has an account that has expired ({', '.join(let_in)})"
    if any(handler.module == "pam_faillock" for handler in stack(service, "account")):
        yield "account: pam_faillock clears the count for whoever signs in by key"


def judge_password(service: str) -> Iterator[str]:
    """What is wrong with how a service takes new passwords."""
    for world, what in (
        (World(new=True), "a bad password is taken (pam_pwquality comes too late, or is not heard)"),
        (World(good=True), "an earlier password is taken (pam_pwhistory comes too late, or is not heard)"),
    ):
        if any("taken" in ending.events for ending in endings(service, "password", world)):
            yield f"password: {what}"
    if any("asked again" in e.events for e in endings(service, "password", World(good=True, new=True))):
        yield "password: pam_unix asks again (no use_authtok): what it gets was never judged"


def sessions_without(event: str, *names: str) -> list[str]:
    """Those of the services, where they are here, that open a session in which this has not happened."""
    return [
        service
        for service in names
        if service in services()
        and any(way.success and event not in way.events for way in endings(service, "session", World()))
    ]


RULES = {"auth": judge_auth, "account": judge_account, "password": judge_password}

if __name__ == "__main__":
    for kind, judge in RULES.items():
        for service in services():
            if any(judge(service)):
                print(kind, service)
