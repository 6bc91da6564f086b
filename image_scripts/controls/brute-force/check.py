"""A11: see control.toml. Asks fail2ban what a start would load, what an attack comes to, what the server goes by."""

from __future__ import annotations

import ast
import contextlib
import importlib
import ipaddress
import json
import os
import re
import runpy
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lib import Context, unit_state

SOCKET = Path("/run/fail2ban/fail2ban.sock")
STATE = Path("/var/lib/fail2ban")
JAIL = "sshd"
KEY = "ED25519 SHA256:mVPwvezndPv/ARoIadVY98vAC0g+P/5633yTC4d/wXE"
TRUSTED = "_SYSTEMD_UNIT=ssh.service"
LONGEST = 1 << 24
NUMBERS = ("maxretry", "findtime", "bantime", "bantime.maxtime", "dbpurgeage")
ASKED = (
    "maxretry", "findtime", "bantime", "bantime.increment", "bantime.maxtime",
    "bantime.multipliers", "bantime.rndtime", "ignoreip", "ignorecommand", "usedns",
    "journalmatch", "prefregex", "failregex", "ignoreregex",
)  # fmt: skip

# What sshd writes of one attempt; each attempt from an address of its own. None of them may pass as nothing.
ATTEMPTS = {
    "203.0.113.1": (
        "a key for an account that is not here",
        ["Invalid user guess from {0} port 40000", "Connection closed by invalid user guess {0} port 40000 [preauth]"],
    ),
    "203.0.113.2": (
        "a wrong key for an account that is here",
        [
            'Connection from {0} port 40000 on 192.0.2.1 port 22 rdomain ""',
            f"Failed publickey for root from {{0}} port 40000 ssh2: {KEY}",
            "Connection closed by authenticating user root {0} port 40000 [preauth]",
        ],
    ),
    "203.0.113.3": (
        "a scan that does not speak SSH",
        ["banner exchange: Connection from {0} port 40000: invalid format"],
    ),
    "203.0.113.4": (
        "a client that knows nothing but what is broken",
        ["Unable to negotiate with {0} port 40000: no matching cipher found. Their offer: 3des-cbc [preauth]"],
    ),
    "203.0.113.5": (
        "a name that points at somebody else",
        ["Invalid user x from 198.51.100.7 from {0} port 40000"],
    ),
    "2001:db8::66": (
        "as many keys as one connection may try, over IPv6",
        ["error: maximum authentication attempts exceeded for root from {0} port 40000 ssh2 [preauth]"],
    ),
}
INNOCENT = "192.0.2.9"
SIGN_IN = [
    'Connection from {0} port 40000 on 192.0.2.1 port 22 rdomain ""',
    f"Accepted publickey for root from {{0}} port 40000 ssh2: {KEY}",
    "Received disconnect from {0} port 40000:11: disconnected by user",
    "Disconnected from user root {0} port 40000",
]

Settings = dict[str, Any]
"""What fail2ban goes by: a name as its protocol has it → the value; `action NAME` → its commands."""


def check(context: Context) -> str:
    """Findings for what would let somebody go on guessing, or have somebody else banned."""
    done = ask_fail2ban("client", "-d")
    if done.returncode:
        context.finding(f"fail2ban refuses its configuration: {done.stderr.strip()[-300:]}")
        return ""
    planned = of_next_start(done.stdout)
    judge(context, "next start", planned)
    check_attempts(context)
    state = unit_state("fail2ban.service")
    if state != "enabled":
        context.finding(f"fail2ban.service: expected enabled, it is {state}")
    if SOCKET.exists() or context.phase in ("acceptance", "drift"):
        check_server(context, planned)
    elif any(STATE.glob("*")):
        context.finding(f"{STATE}: expected no database in an image, got {', '.join(p.name for p in STATE.glob('*'))}")
    attempts, window, ban = (context.text(name) for name in ("attempts", "window", "ban"))
    return f"{attempts} failures within {window} s bring a ban of {ban} s or more"


def ask_fail2ban(tool: str, *words: str) -> subprocess.CompletedProcess[str]:
    """What one of fail2ban's programs says. It runs in a process of its own, whose Python has the modules already."""
    importlib.import_module(f"fail2ban.client.fail2ban{tool}")
    program = f"/usr/bin/fail2ban-{tool}"
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as error:
        sys.stdout.flush()  # or the child would say it once more
        child = os.fork()
        if child == 0:
            code = 1
            try:
                for stream, number in ((out, 1), (error, 2)):
                    os.dup2(stream.fileno(), number)
                sys.argv = [program, *words]
                runpy.run_path(program, run_name="__main__")
                code = 0
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else int(end.code is not None)
            except BaseException:
                traceback.print_exc()
            finally:
                with contextlib.suppress(Exception):
                    sys.stdout.flush()
                    sys.stderr.flush()
                os._exit(code)
        try:
            _, status = os.waitpid(child, 0)
        except TimeoutError:
            os.kill(child, signal.SIGKILL)
            raise
        said = [os.pread(stream.fileno(), LONGEST, 0).decode(errors="replace") for stream in (out, error)]
    return subprocess.CompletedProcess([program], os.waitstatus_to_exitcode(status), *said)


def of_next_start(text: str) -> Settings:
    """What the server would be told when it starts, as fail2ban makes it of all its files."""
    settings: Settings = {"actions": []}
    for line in text.splitlines():
        if line.startswith("["):
            match ast.literal_eval(line):
                case ["set" | "multi-set" | "add" | "start" as order, jail, *values] if jail == JAIL:
                    of_jail(settings, order, values)
                case ["set", key, value]:
                    settings[key] = value
    return settings


def of_jail(settings: Settings, order: str, values: list[Any]) -> None:
    """One line of what a jail is told."""
    match order, values:
        case "add", [backend]:
            settings["backend"] = backend
        case "start", _:
            settings["started"] = True
        case "set", ["addaction", name, *_]:
            settings["actions"].append(name)
        case "multi-set", ["action", name, commands]:
            settings[f"action {name}"] = dict(commands)
        case _, [key, *many] if key.startswith("add"):
            settings.setdefault(key.removeprefix("add"), []).extend(words(many))
        case _, [key, value]:
            settings[key] = value


def judge(context: Context, where: str, settings: Mapping[str, Any]) -> None:
    """Findings for settings, whoever they come from."""
    if settings.get("backend") != "systemd" or not settings.get("started"):
        context.finding(f"{where}: expected the jail {JAIL} on the journal; its backend: {settings.get('backend')}")
        return
    numbers = {name: seconds(settings.get(name)) for name in NUMBERS}
    forever = numbers["bantime"] < 0
    for name, good, wanted in (
        ("maxretry", 0 < numbers["maxretry"] <= context.number("attempts"), f"at most {context.text('attempts')}"),
        ("findtime", numbers["findtime"] >= context.number("window"), f"at least {context.text('window')}"),
        ("bantime", forever or numbers["bantime"] >= context.number("ban"), f"at least {context.text('ban')}"),
        ("dbpurgeage", numbers["dbpurgeage"] >= context.number("longest"), f"at least {context.text('longest')}"),
    ):
        if not good:
            context.finding(f"{where}: {name}: expected {wanted}, got {settings.get(name)}")
    if settings.get("bantime.increment") and numbers["bantime.maxtime"] < context.number("longest"):
        context.finding(f"{where}: bantime.maxtime: expected {context.text('longest')} or more")
    for name, expected in (
        ("ignorecommand", ""),
        ("usedns", "no"),
        ("dbfile", f"{STATE}/fail2ban.sqlite3"),
        ("bantime.multipliers", ""),  # a second ban could be shorter than the first
        ("bantime.rndtime", ""),
    ):
        if (settings.get(name) or "") != expected:
            context.finding(f"{where}: {name}: expected {expected or 'none'}, got {settings.get(name)}")
    for word in settings.get("ignoreip") or ():
        if word not in context.words("allowed") and not is_loopback(str(word)):
            context.finding(f"{where}: {word} is never banned, and the recipe does not allow it")
    if words(settings.get("journalmatch")) != [TRUSTED]:
        context.finding(f"{where}: journalmatch: expected {TRUSTED} alone, got {settings.get('journalmatch')}")
    judge_action(context, where, settings)


def judge_action(context: Context, where: str, settings: Mapping[str, Any]) -> None:
    """A ban goes to the kernel, into a chain that sees each packet that comes in, and nothing else is run."""
    if settings["actions"] != ["nftables"]:
        context.finding(f"{where}: expected the action nftables alone, got {', '.join(settings['actions']) or 'none'}")
        return
    commands = settings["action nftables"]
    start = [" ".join(line.replace("\\", " ").split()) for line in str(commands["actionstart"]).splitlines()]
    ban = " ".join(str(commands["actionban"]).replace("\\", " ").split())
    hook = r"nft -- add chain inet (\S+) (\S+) { type filter hook input priority -?\d+ ; }"
    names = re.search(hook, "\n".join(start))
    if names is None:
        context.finding(f"{where}: the action makes no chain that hooks into input: {'; '.join(start)}")
        return
    table, chain = names.groups()
    if table == "hallmark":
        context.finding(f"{where}: the action works in the table of the host's firewall, which makes it anew")
    rule = rf"nft add rule inet {table} {chain} (meta l4proto {{ tcp }} )?<addr_family> saddr @<addr_set> (drop|reject)"
    if not any(re.fullmatch(rule, line) for line in start):
        context.finding(f"{where}: no rule keeps a banned address from every port: {'; '.join(start)}")
    if ban != f"nft add element inet {table} <addr_set> {{ <ip> }}":
        context.finding(f"{where}: the action bans in another way: {ban}")


def check_attempts(context: Context) -> None:
    """What the jail's own filter makes of real lines."""
    now = time.strftime("%Y-%m-%dT%H:%M:%S")
    wanted = {address: lines for address, (_, lines) in ATTEMPTS.items()}
    with tempfile.NamedTemporaryFile("w", suffix=".log") as log:
        for number, (address, lines) in enumerate({**wanted, INNOCENT: SIGN_IN}.items(), 1000):
            for line in lines:
                log.write(f"{now} host sshd-session[{number}]: {line.format(address)}\n")
        log.flush()
        # It ends with 1 when nothing matches.
        done = ask_fail2ban("regex", "--out", "ip", log.name, JAIL)
    counted = set(done.stdout.split())
    for address, (what, _) in ATTEMPTS.items():
        if address not in counted:
            context.finding(f"the filter counts nothing for {what}")
    for address in sorted(counted - set(ATTEMPTS)):
        context.finding(f"the filter counts a failure for {address}, which did nothing wrong")


# --- the server that runs ---------------------------------------------------------------------------------------------


def check_server(context: Context, planned: Settings) -> None:
    """The running server goes by the same, and what it has banned is banned."""
    try:
        running = of_server()
    except OSError as error:
        context.finding(f"the server does not answer: {error}")
        return
    judge(context, "server", running)
    expand = importlib.import_module("fail2ban.server.failregex").Regex
    for name in ("prefregex", "failregex", "ignoreregex"):
        wanted = [expand(text, useDns="no").getRegex() for text in words(planned.get(name))]
        if words(running[name]) != wanted:
            context.finding(f"server: {name}: other than what a start would load")
    missing = set(running["banned"]) - in_kernel(context)
    # A ban may have ended between the two looks.
    if missing and missing & set(of_server()["banned"]):
        context.finding(f"banned by fail2ban, and not in the kernel: {', '.join(sorted(missing))}")
    context.note(f"server: banned now: {', '.join(running['banned']) or 'nobody'}")


def of_server() -> Settings:
    """What the running server says of itself. Raises OSError when it does not answer."""
    connect = importlib.import_module("fail2ban.client.csocket").CSocket
    client = connect(str(SOCKET), timeout=60)

    def ask(*question: str) -> Any:
        code, answer = client.send(list(question))
        return answer if code == 0 else None

    try:
        settings: Settings = {name: ask("get", JAIL, name) for name in ASKED}
        settings |= {name: ask("get", name) for name in ("dbfile", "dbpurgeage")}
        settings["actions"] = list(ask("get", JAIL, "actions") or ())
        for name in settings["actions"]:
            commands = ("actionstart", "actionban")
            settings[f"action {name}"] = {key: ask("get", JAIL, "action", name, key) for key in commands}
        settings["banned"] = [str(ip) for ip in ask("get", JAIL, "banip") or ()]
        # A jail on another backend has no such match; of one that is stopped the server knows nothing.
        settings["backend"] = "systemd" if settings["journalmatch"] else None
        settings["started"] = True
    finally:
        client.close()
    return settings


def in_kernel(context: Context) -> set[str]:
    """The addresses that the kernel drops for fail2ban."""
    done = subprocess.run(["nft", "-j", "list", "ruleset"], capture_output=True, text=True, check=False)
    try:
        objects = json.loads(done.stdout)["nftables"]
    except ValueError:
        context.finding(f"nft says nothing: {done.stderr.strip()}")
        return set()
    sets = {
        entry["set"]["name"]: {str(element) for element in entry["set"].get("elem", ()) if isinstance(element, str)}
        for entry in objects
        if "set" in entry and entry["set"]["name"].startswith("addr")
    }
    hooked = {entry["chain"]["name"] for entry in objects if entry.get("chain", {}).get("hook") == "input"}
    dropped: set[str] = set()
    for entry in objects:
        rule = entry.get("rule", {})
        if rule.get("chain") not in hooked or rule.get("table") == "hallmark":
            continue
        verdicts = {key for step in rule["expr"] for key in step}
        if "accept" in verdicts:
            context.finding(f"the table {rule['table']} lets somebody in before fail2ban's bans: {rule['expr']}")
        if verdicts & {"drop", "reject"}:
            dropped |= {ip for name, ips in sets.items() if f'"@{name}"' in json.dumps(rule["expr"]) for ip in ips}
    return dropped


# --- values -----------------------------------------------------------------------------------------------------------


def seconds(value: object) -> int:
    """A number of fail2ban's, which may have a unit; 0 for none."""
    if value is None:
        return 0
    units = importlib.import_module("fail2ban.server.mytime").MyTime
    return int(units.str2seconds(value))


def words(value: object) -> list[str]:
    """One or many, as words; a list of lists is flat."""
    if value in (None, ""):
        return []
    if isinstance(value, str):
        return [value]
    assert isinstance(value, Iterable)
    return [word for item in value for word in words(item)]


def is_loopback(word: str) -> bool:
    """Whether an address or network is this machine alone."""
    try:
        return ipaddress.ip_network(word, strict=False).is_loopback
    except ValueError:
        return False
