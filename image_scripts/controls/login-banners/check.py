"""A8: see control.toml. Reads what agetty, sshd and PAM would show, from wherever they take it."""

from __future__ import annotations

import os
import re
from glob import glob
from pathlib import Path

import pam
from lib import Context, read, sshd_settings, why_writable

# In agetty's order: the first that is there, and what lies in its folders.
ISSUES = ("/etc/issue", "/run/issue", "/usr/lib/issue")
MOTDS = ("/etc/motd", "/run/motd", "/usr/lib/motd")


def check(context: Context) -> str:
    """Findings for each place where a text is missing, another one stands, or something is shown besides."""
    for what, places in (("the console", ISSUES), ("a sign-in", MOTDS)):
        first = next((place for place in places if Path(place).is_file()), places[0])
        check_text(context, what, first)
        for folder in (f"{place}.d" for place in places):
            for path in glob(f"{folder}/*"):  # noqa: PTH207 - Path.glob takes no absolute ones
                context.finding(f"{path}: {what} shows it besides")
    check_motd(context)
    check_sshd(context)
    return f'console, SSH and sign-in say: "{context.text("text")}"'


def check_text(context: Context, what: str, path: str) -> None:
    """One file has the text and nothing else; root alone writes it."""
    text = read(Path(path)).strip()
    if text != context.text("text"):
        context.finding(f'{path}: {what} shows "{text[:200]}"; expected the recipe\'s text and nothing else')
    why = why_writable(path)
    if why:
        context.finding(f"{path}: {why}")


def check_motd(context: Context) -> None:
    """Scripts whose output PAM shows, and files that its lines name."""
    for script in sorted(Path("/etc/update-motd.d").glob("*")):
        if os.access(script, os.X_OK) and re.fullmatch(r"[\w-]+", script.name):
            context.finding(f"{script}: a sign-in shows what it prints")
    for service in pam.services():
        for handler in pam.stack(service, "session"):
            for word in handler.arguments if handler.module in ("pam_motd", "pam_issue", "pam_echo") else ():
                name, _, value = word.partition("=")
                shown = read(Path(value)).strip() if name in ("motd", "issue", "file") else ""
                if shown and shown != context.text("text"):
                    context.finding(f"PAM: {service}: {handler.module} shows {value}")


def check_sshd(context: Context) -> None:
    """What sshd sends before it asks for a key, for everybody: no Match block says otherwise."""
    settings = dict(line.partition(" ")[::2] for line in sshd_settings().splitlines())
    banner = settings.get("banner", "none")
    if banner == "none":
        context.finding("sshd: sends no banner")
    else:
        check_text(context, "SSH", banner)
    files = [Path("/etc/ssh/sshd_config"), *sorted(Path("/etc/ssh/sshd_config.d").glob("*.conf"))]
    for path in files:
        for value in re.findall(r"^\s*banner[\s=]+\"?([^\s\"]+)", read(path), re.MULTILINE | re.IGNORECASE):
            if value != banner:
                context.finding(f"{path}: sends {value} to some, expected {banner} for everybody")
