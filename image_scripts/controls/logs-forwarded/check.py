"""L2: see control.toml. Asks rsyslogd what all of its files come to, and judges each statement of it."""

from __future__ import annotations

import re
import stat
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from lib import Context, NotApplicable, check_unit, read, unit_state

FOLDER = Path("/etc/hallmark/logs")
KEY, CERTIFICATE, AUTHORITIES = FOLDER / "client.key", FOLDER / "client.crt", FOLDER / "authorities.pem"
SPOOL = Path("/var/spool/rsyslog")
STATEMENT = re.compile(r"([a-z]+)\s*\(((?:[^()\"]|\"(?:[^\"\\]|\\.)*\")*)\)", re.IGNORECASE)
SETTING = re.compile(r"([A-Za-z._]+)\s*=\s*\"((?:[^\"\\]|\\.)*)\"")

Settings = Mapping[str, str]


def check(context: Context) -> str:
    """Findings for what would not be sent, or be sent to somebody else."""
    if not context.text("server"):
        raise NotApplicable("the recipe names no log server (logs-forwarded: server)")
    text = effective(context)
    statements = [(kind.lower(), settings_of(body)) for kind, body in STATEMENT.findall(text)]
    rest = STATEMENT.sub(lambda found: SETTING.sub("", found[2]), text)
    for line in filter(str.strip, rest.splitlines()):
        context.finding(f"rsyslogd: a statement that cannot be judged: {line.strip()}")
    check_global(context, [settings for kind, settings in statements if kind == "global"])
    check_inputs(context, statements)
    actions = [settings for kind, settings in statements if kind == "action"]
    if len(actions) != 1:
        context.finding(f"rsyslogd: expected one action, got {len(actions)}")
    for action in actions:
        check_action(context, action)
    check_files(context)
    check_start(context)
    return f"logs go to {context.text('server')} over TLS, or wait in {context.text('queue')} of the disk"


def effective(context: Context) -> str:
    """All of its files as rsyslogd reads them, without comments; sound, but for a key that is to come."""
    with tempfile.TemporaryDirectory() as scratch:
        whole, without_key = Path(scratch) / "whole", Path(scratch) / "without-key"
        try:
            ask("-o", str(whole), "-f", "/etc/rsyslog.conf")
        except FileNotFoundError:
            context.finding("rsyslogd is not there")
            return ""
        text = read(whole)
        without_key.write_text(re.sub(r'(?i)\bdefaultnetstreamdriver(key|cert)file\s*=\s*"[^"]*"', "", text))
        done = ask("-f", str(without_key))
        if done.returncode or not text:
            context.finding(f"rsyslogd refuses its configuration: {done.stderr.strip()[-300:]}")
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))


def ask(*words: str) -> subprocess.CompletedProcess[str]:
    """Rsyslogd, to look at a configuration and end."""
    return subprocess.run(["rsyslogd", "-N1", *words], capture_output=True, text=True, check=False, timeout=120)


def settings_of(body: str) -> dict[str, str]:
    """What a statement says; names have no case, the last of one counts."""
    return {name.lower(): value for name, value in SETTING.findall(body)}


def judge(context: Context, what: str, got: Settings, wanted: Settings) -> None:
    """Findings for each setting that is another than it should be, or not known."""
    for name in sorted({*got, *wanted}):
        if got.get(name) != wanted.get(name):
            expected = wanted.get(name, "nothing of it")
            context.finding(f"rsyslogd: {what}: {name}: expected {expected}, got {got.get(name, 'nothing')}")


def check_global(context: Context, statements: list[dict[str, str]]) -> None:
    """Whom it trusts, what it shows, where it queues."""
    wanted = {
        "workdirectory": str(SPOOL),
        "defaultnetstreamdriver": "ossl",
        "defaultnetstreamdrivercafile": str(AUTHORITIES),
    }
    if context.holds("client_key"):
        wanted |= {"defaultnetstreamdriverkeyfile": str(KEY), "defaultnetstreamdrivercertfile": str(CERTIFICATE)}
    got: dict[str, str] = {}
    for statement in statements:
        got |= statement
    judge(context, "global", got, wanted)


def check_inputs(context: Context, statements: list[tuple[str, dict[str, str]]]) -> None:
    """It reads the journal and the audit records, all of them, and nothing that comes over a network."""
    wanted = {
        "journal": {
            "load": "imjournal",
            "statefile": "journal",
            "ignorepreviousmessages": "off",
            "persiststateinterval": "100",
            "ratelimit.interval": "0",
            "filecreatemode": "0600",
        },
        "files": {"load": "imfile"},
        "audit": {"type": "imfile", "file": "/var/log/audit/audit.log", "tag": "audit", "facility": "authpriv"},
    }
    seen = [got for kind, got in statements if kind in ("module", "input")]
    for got in seen:
        if got not in wanted.values():
            context.finding(f"rsyslogd: an input that is not expected: {got}")
    for kind, _ in statements:
        if kind not in ("module", "input", "global", "action"):
            context.finding(f"rsyslogd: a statement that cannot be judged: {kind}")
    for what, settings in wanted.items():
        if settings not in seen:
            context.finding(f"rsyslogd does not read the {what}")


def check_action(context: Context, action: dict[str, str]) -> None:
    """To the one server, proved by its name, with what is needed while it is away."""
    wanted = {
        "type": "omfwd",
        "target": context.text("server"),
        "port": context.text("port"),
        "protocol": "tcp",
        "tcp_framing": "octet-counted",
        "template": "RSYSLOG_SyslogProtocol23Format",
        "streamdriver": "ossl",
        "streamdrivermode": "1",
        "streamdriverauthmode": "x509/name",
        "streamdriverpermittedpeers": context.text("name") or context.text("server"),
        "streamdriver.permitexpiredcerts": "off",
        "action.resumeretrycount": "-1",
        "action.resumeinterval": "30",
        "queue.type": "Disk",
        "queue.filename": "forward",
        "queue.size": "2000000000",  # lines: never the limit
        "queue.maxdiskspace": context.text("queue"),
        "queue.maxfilesize": "1m",
        "queue.saveonshutdown": "on",
        "queue.timeoutenqueue": "0",
    }
    judge(context, "action", action, wanted)


def check_files(context: Context) -> None:
    """The authorities are the recipe's; the key is the machine's own, and its alone."""
    text = "".join(read(AUTHORITIES).split())
    marks = "-----BEGINCERTIFICATE-----", "-----ENDCERTIFICATE-----"
    if text != "".join(word.join(marks) for word in context.words("authorities")):
        context.finding(f"{AUTHORITIES}: expected the recipe's authorities and no other")
    for path in (FOLDER.parent, FOLDER, AUTHORITIES, SPOOL):
        try:
            status = path.lstat()
        except FileNotFoundError:
            context.finding(f"{path} is missing")
            continue
        if status.st_uid or status.st_mode & 0o022 or stat.S_ISLNK(status.st_mode):
            context.finding(f"{path}: expected that root alone can change it")
    if SPOOL.is_dir() and SPOOL.stat().st_mode & 0o077:
        context.finding(f"{SPOOL}: others can see what waits there")
    if context.phase in ("build", "test"):
        for path in (KEY, CERTIFICATE):
            if path.exists():
                context.finding(f"{path}: expected none in an image: it comes from user data")
    elif KEY.exists() and (KEY.stat().st_uid or KEY.stat().st_mode & 0o077):
        context.finding(f"{KEY}: expected that root alone can read it")


def check_start(context: Context) -> None:
    """It starts where it may; on a machine that has its key it runs."""
    state = unit_state("rsyslog.service")
    if state != "enabled":
        context.finding(f"rsyslog.service: expected enabled, it is {state}")
    place = Path("/etc/systemd/system/rsyslog.service.d/hallmark.conf")
    check_unit(context, "rsyslog.service", "syslog.service", ours=place)
    for line in filter(str.strip, read(place).splitlines()):
        if line[0] not in "#[" and not line.startswith("After=") and line != f"ConditionPathExists={KEY}":
            context.finding(f"{place}: expected no more than when it starts, got {line}")
    if context.phase not in ("acceptance", "drift") or (context.holds("client_key") and not KEY.exists()):
        return
    if subprocess.run(["systemctl", "is-active", "--quiet", "rsyslog.service"], check=False).returncode:
        context.finding("rsyslog.service does not run, and the logs stay here")
