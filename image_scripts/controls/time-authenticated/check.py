"""L1: see control.toml. Asks chronyd what it would do; on a booted machine, the running one what it does."""

from __future__ import annotations

import subprocess
from pathlib import Path

from lib import Context, NotApplicable, check_unit, read, run, unit_state

CONFIGURATION = Path("/etc/chrony/chrony.conf")
# Anything else may bring sources, keys, listeners, or another clock than that of the servers.
KNOWN = (
    "authselectmode", "minsources", "ntsdumpdir", "driftfile", "leapseclist", "maxupdateskew", "makestep", "rtcsync",
    "port", "cmdport", "user",
)  # fmt: skip
OPTIONS = ("iburst", "nts")
OTHER_CLIENTS = ("systemd-timesyncd", "ntpsec", "ntp", "openntpd", "ntpdate", "ntpsec-ntpdate")


def check(context: Context) -> str:
    """Findings for time that comes from elsewhere, or unproved."""
    servers = context.words("servers")
    if not servers:
        raise NotApplicable("the recipe names no time server (time-authenticated: servers)")
    try:
        text = run(["chronyd", "-p", "-f", str(CONFIGURATION)])
    except (subprocess.CalledProcessError, FileNotFoundError) as error:
        context.finding(f"chronyd refuses its configuration, or is not there: {error}")
        return ""
    check_configuration(context, [line.split() for line in text.splitlines() if line.strip()], servers)
    check_start(context)
    if context.phase in ("acceptance", "drift"):
        check_running(context, servers)
    return f"the time comes from {', '.join(servers)}, by NTS"


def check_configuration(context: Context, lines: list[list[str]], servers: list[str]) -> None:
    """What all of its files come to."""
    named: list[str] = []
    settings: dict[str, str] = {}
    for word, *rest in lines:
        key = word.lower()
        settings[key] = " ".join(rest)
        if key == "server" and rest:
            named.append(rest[0])
            check_server(context, rest[0], [option.lower() for option in rest[1:]], servers)
        elif key not in KNOWN:
            context.finding(f"chronyd: not expected: {word} {settings[key]}")
    for server in servers:
        if server not in named:
            context.finding(f"chronyd: does not ask {server}")
    for key, expected in (
        ("port", "0"),
        ("cmdport", "0"),
        ("authselectmode", "require"),
        ("minsources", context.text("agreeing")),
        ("user", "_chrony"),
    ):
        if settings.get(key) != expected:
            context.finding(f"chronyd: {key}: expected {expected}, got {settings.get(key, 'nothing')}")


def check_server(context: Context, name: str, options: list[str], servers: list[str]) -> None:
    """One line of a server."""
    if name not in servers:
        context.finding(f"chronyd: asks {name}, which the recipe does not name")
    if "nts" not in options:
        context.finding(f"chronyd: asks {name} without NTS")
    for option in options:
        if option not in OPTIONS:
            context.finding(f"chronyd: {name}: {option} is not expected")


def check_start(context: Context) -> None:
    """Chronyd starts as its package has it, nothing waits for it, and no other program sets the clock."""
    for unit, expected in (("chrony.service", "enabled"), ("chrony-wait.service", "masked")):
        if unit_state(unit) != expected:
            context.finding(f"{unit}: expected {expected}, it is {unit_state(unit)}")
    check_unit(context, "chrony.service", "chronyd.service")
    options = [line for line in read(Path("/etc/default/chrony")).splitlines() if line.strip()[:1] not in ("", "#")]
    if options not in ([], ['DAEMON_OPTS="-F 1"'], ["DAEMON_OPTS='-F 1'"]):
        context.finding(f"/etc/default/chrony: expected -F 1 alone, got {'; '.join(options)}")
    for name in OTHER_CLIENTS:
        if Path(f"/var/lib/dpkg/info/{name}.list").exists():
            context.finding(f"package {name} is there: it sets the clock by what it believes")


def check_running(context: Context, servers: list[str]) -> None:
    """The running chronyd's own list of sources, whether they answer or not."""
    if subprocess.run(["systemctl", "is-active", "--quiet", "chrony.service"], check=False).returncode:
        context.finding("chrony.service does not run")
        return
    rows = [line.split(",") for line in run(["chronyc", "-N", "-c", "authdata", "-a"]).splitlines() if "," in line]
    for name, mode, *_ in rows:
        context.note(f"chronyd: {name}: {mode}")
        if name not in servers or mode != "NTS":
            context.finding(f"chronyd has the source {name} in the mode {mode}")
    if not rows:
        context.finding("chronyd has no sources")
