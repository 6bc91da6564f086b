"""R3, S12: see control.toml. Asks systemd-analyze how exposed each service is."""

from __future__ import annotations

import fnmatch
import os
import re
import subprocess
from pathlib import Path

from lib import Context, run

FOLDERS = ("/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system")
EXPOSURE = re.compile(r"Overall exposure level for (\S+): ([0-9.]+)")


def check(context: Context) -> str:
    """Findings for each service that is more exposed than its row says."""
    rows = {row[0]: float(row[1]) for row in context.rows()}
    booted = context.phase in ("acceptance", "drift")
    units = {unit for unit in rows if "*" not in unit and exists(unit)}
    now = running() if booted else set()
    got = exposures(sorted(units | now), offline=not booted)
    untold = now - got.keys()
    if untold:
        now -= untold - running()  # they have ended meanwhile
    units |= now
    for unit in sorted(units):
        fitting = max((row for row in rows if fnmatch.fnmatchcase(unit, row)), key=len, default="")
        if unit not in got:
            context.finding(f"{unit}: systemd-analyze does not tell how exposed it is")
        elif fitting and got[unit] > rows[fitting]:
            context.finding(f"{unit}: expected an exposure of at most {rows[fitting]}, it is {got[unit]}")
        else:
            context.note(f"{unit}: {got[unit]}")
    return f"{len(units)} services are no more exposed than they may be"


def running() -> set[str]:
    """The services that run."""
    words = ["systemctl", "list-units", "--type=service", "--state=running", "--plain", "--no-legend", "--no-pager"]
    return {line.split()[0] for line in run(words).splitlines()}


def exists(unit: str) -> bool:
    """Whether a package or an administrator brought this unit, and nobody masked it."""
    for folder in FOLDERS:
        path = Path(folder, unit)
        if path.exists() or path.is_symlink():
            return os.path.realpath(path) != "/dev/null"
    return False


def exposures(units: list[str], *, offline: bool) -> dict[str, float]:
    """Service → its exposure, by its files or by the systemd that runs."""
    if not units:
        return {}
    words = ["systemd-analyze", "security", "--no-pager", *(["--offline=true"] if offline else []), *units]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=300, stdin=subprocess.DEVNULL)
    return {unit: float(figure) for unit, figure in EXPOSURE.findall(done.stdout)}
