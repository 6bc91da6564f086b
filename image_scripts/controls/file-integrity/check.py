"""L4: see control.toml. Asks AIDE what it would compare, and has it find a program that was changed for it alone."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from urllib.parse import unquote

from lib import Context, check_unit, files_of_disk, read, run, unit_state

UNIT = "hallmark-integrity"
HERE = Path(__file__).parent
CONFIGURATION = Path("/etc/aide/aide.conf")
DATABASE = Path("/var/lib/aide/aide.db")
AIDE = ["aide", f"--config={CONFIGURATION}"]
PROBE = "/usr/bin/true"
# What somebody would change, and what the first boot could: compared on the booted candidate.
SOME = "^/(boot|usr/bin|usr/sbin|usr/lib/systemd|usr/lib/x86_64-linux-gnu/security)"
# Another file in its place, for this process's children alone.
CHANGED = f"""
set -e
copy=$(mktemp)
cat {PROBE} >"$copy"
chmod 755 "$copy"
echo >>"$copy"
mount --bind "$copy" {PROBE}
rm "$copy"
exec {" ".join(AIDE)} --check --limit '^{PROBE}$'
"""


def check(context: Context) -> str:
    """Findings for what AIDE would not see, or nobody would hear of."""
    check_units(context)
    if not DATABASE.is_file() or not DATABASE.stat().st_size:
        context.finding(f"{DATABASE}: no database to compare with")
        return ""
    for path in (CONFIGURATION, DATABASE, DATABASE.parent, CONFIGURATION.parent):
        status = path.lstat()
        if status.st_uid or status.st_mode & 0o022:
            context.finding(f"{path}: expected that root alone can change it")
    wanted = subprocess.run(["sh", HERE / "configuration.sh"], env=context.environment, capture_output=True, check=True)
    if CONFIGURATION.read_bytes() != wanted.stdout:
        context.finding(f"{CONFIGURATION}: expected it as Hallmark wrote it: any line may leave something out")
    context.note(f"database: {run(['sha256sum', str(DATABASE)]).split()[0]}")
    if context.phase == "drift":
        return check_last(context)
    entries = check_coverage(context)
    check_comparison(context)
    return f"{entries} files, folders and links are compared daily"


def check_units(context: Context) -> None:
    """The timer is on, and starts the comparison and nothing else."""
    state = unit_state(f"{UNIT}.timer")
    if state != "enabled":
        context.finding(f"{UNIT}.timer: expected enabled, it is {state}")
    for name in (f"{UNIT}.service", f"{UNIT}.timer"):
        place = Path("/etc/systemd/system", name)
        if read(place) != read(HERE / name).replace("@when@", context.text("when")):
            context.finding(f"{place}: expected the unit as Hallmark wrote it")
        check_unit(context, name, ours=place)
    if context.phase in ("acceptance", "drift"):
        active = subprocess.run(["systemctl", "is-active", "--quiet", f"{UNIT}.timer"], check=False)
        if active.returncode:
            context.finding(f"{UNIT}.timer does not run")


def check_coverage(context: Context) -> int:
    """Each file below the paths is in the database, with a hash; the number of its entries."""
    columns: list[str] = []
    hashed: set[str] = set()
    entries = 0
    for line in read(DATABASE).splitlines():
        if line.startswith("@@db_spec"):
            columns = line.split()[1:]
        elif line.startswith("/"):
            entries += 1
            values = dict(zip(columns, line.split(), strict=False))
            if {values.get("sha256", "0"), values.get("sha512", "0")} != {"0"}:
                hashed.add(unquote(values["name"]))
    excluded = [re.compile(pattern) for pattern in context.words("excluded")]
    below = tuple(f"{path.rstrip('/')}/" for path in context.words("paths"))
    missing = [
        file.path
        for file in files_of_disk()
        if file.path.startswith(below) and file.path not in hashed and not any(p.match(file.path) for p in excluded)
    ]
    if missing:
        context.finding(f"{len(missing)} files are not in the database, such as {', '.join(missing[:3])}")
    return entries


def check_comparison(context: Context) -> None:
    """Nothing has changed so far; and a program that has is named."""
    done = subprocess.run([*AIDE, "--check", "--limit", SOME], capture_output=True, text=True, check=False, timeout=500)
    if done.returncode:
        names = re.findall(r"(?m)^[a-z][ <>=.+-]{2,}.*?: (/.*)$", done.stdout)[:5]
        what = (
            f"differs from the database: {', '.join(names)}" if 0 < done.returncode < 8 else done.stderr.strip()[-300:]
        )
        context.finding(f"AIDE ends with {done.returncode}: {what}")
    words = ["unshare", "--mount", "sh", "-c", CHANGED]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=300)
    if not 0 < done.returncode < 8 or f"File: {PROBE}" not in done.stdout or "SHA256" not in done.stdout:
        context.finding(f"{PROBE} was changed, and AIDE does not name it (exit code {done.returncode})")


def check_last(context: Context) -> str:
    """What the last comparison since a live server's boot came to; who takes its failure back leaves its exit code."""
    keys = ("Result", "ExecMainStatus", "ExecMainExitTimestamp")
    text = run(["systemctl", "show", f"{UNIT}.service", "-p", ",".join(keys)])
    last = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    if last.get("Result") != "success" or last.get("ExecMainStatus") != "0":
        context.finding(
            f"the last comparison ended with {last.get('ExecMainStatus')}: `journalctl -u {UNIT}` names what differs"
        )
    when = last.get("ExecMainExitTimestamp")
    return f"the last comparison found nothing ({when})" if when else "nothing was compared since this boot"
