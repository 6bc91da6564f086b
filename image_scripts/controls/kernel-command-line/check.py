"""R3: see control.toml. Asks GRUB's settings, its menu, and on a booted machine the kernel."""

from __future__ import annotations

import fnmatch
from pathlib import Path

from lib import Context, boot_lines, check_boot_words, check_told, line_words, read

LOCKDOWN = Path("/sys/kernel/security/lockdown")


def check(context: Context) -> str:
    """Findings for words that are missing, that say something else, or that should not be there."""
    rows = {row[0]: row[1] for row in context.rows()}
    wanted = [word if value == "-" else f"{word}={value}" for word, value in rows.items()]
    check_boot_words(context, *wanted)
    for where, text in boot_lines(context).items():
        check_refused(context, where, text)
    if context.phase in ("acceptance", "drift"):
        check_kernel(context, rows, wanted)
    return f"the kernel is told: {' '.join(wanted)}"


def check_refused(context: Context, where: str, text: str) -> None:
    """Words that take a defence away."""
    refused = list(line_words(context.text("refused")))
    for word in line_words(text):
        if any(fnmatch.fnmatchcase(word, pattern) for pattern in refused):
            context.finding(f"{where}: {word} weakens the kernel")


def check_kernel(context: Context, rows: dict[str, str], wanted: list[str]) -> None:
    """What the kernel that runs was told, and what it has made of it."""
    text = read(Path("/proc/cmdline"))
    check_told(context, "/proc/cmdline", text, *wanted)
    check_refused(context, "/proc/cmdline", text)
    mode = rows.get("lockdown")
    if mode and LOCKDOWN.exists() and f"[{mode}]" not in read(LOCKDOWN):
        context.finding(f"{LOCKDOWN}: expected [{mode}], got {read(LOCKDOWN).strip()}")
    if rows.get("debugfs") == "off" and Path("/sys/kernel/debug").is_dir() and any(Path("/sys/kernel/debug").iterdir()):
        context.finding("/sys/kernel/debug: expected nothing there")
    for path in sorted(Path("/sys/devices/system/cpu/vulnerabilities").glob("*")):
        context.note(f"{path.name}: {read(path).strip()}")
