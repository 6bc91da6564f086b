"""R4: see control.toml. Asks crontab and at as each account, then looks at what the daemons would run."""

from __future__ import annotations

import pwd
import subprocess
from pathlib import Path

from lib import Context

CRONTAB, AT = Path("/usr/bin/crontab"), Path("/usr/bin/at")
JOBS = ("/var/spool/cron/crontabs", "/var/spool/cron/atjobs", "/var/lib/systemd/linger")
# Each listing needs the same permission as a new job does. Nothing of it reaches a log.
ASK = """
if [ -d /run/systemd ]; then
    mount -t tmpfs none /run/systemd
fi
while read -r program user; do
    said=$(runuser -u "$user" -- "$program" -l 2>&1) || true
    case $said in
        *'not allowed to use'* | *'not have permission to use'*) echo "$program refuses $user" ;;
        *) echo "$program serves $user" ;;
    esac
done
"""


def check(context: Context) -> str:
    """Findings for each account that may make jobs and should not, and for jobs of others."""
    allowed = {"root", *context.words("users")}
    if context.phase == "drift":
        people = [line.split() for line in context.environment.get("HALLMARK_PEOPLE", "").splitlines()]
        allowed |= {name for name, *groups in people if "sudo" in groups}
    accounts = {entry.pw_name for entry in pwd.getpwall() if 1000 <= entry.pw_uid < 60000} | {"nobody", "www-data"}
    programs = [str(path) for path in (CRONTAB, AT) if path.exists()]
    questions = [(program, user) for program in programs for user in sorted(accounts & known())]
    answers = ask(questions)
    for program, user in questions:
        if f"{program} serves {user}" in answers and user not in allowed:
            context.finding(f"{program} serves {user}, who is no administrator")
        elif f"{program} refuses {user}" in answers and user in allowed and Path(program).stat().st_mode & 0o6000:
            context.finding(f"{program} refuses {user}, who is an administrator")
        elif not {f"{program} serves {user}", f"{program} refuses {user}"} & answers:
            context.finding(f"{program} could not be asked as {user}: {' '.join(sorted(answers))[-200:]}")
    check_jobs(context, allowed)
    return f"jobs are for {' '.join(sorted(allowed))} alone; {len(questions)} questions asked"


def known() -> set[str]:
    """The accounts there are."""
    return {entry.pw_name for entry in pwd.getpwall()}


def ask(questions: list[tuple[str, str]]) -> set[str]:
    """What the programs say, a line each."""
    text = "".join(f"{program} {user}\n" for program, user in questions)
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-euc", ASK], input=text, capture_output=True, text=True, check=False, timeout=200
    )
    return {*done.stdout.splitlines(), *done.stderr.splitlines()}


def check_jobs(context: Context, allowed: set[str]) -> None:
    """What is in the daemons' folders: by its name and by its owner."""
    for folder in map(Path, JOBS):
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            owner = path.lstat().st_uid
            user = path.name if folder.name != "atjobs" else owner_of(owner)
            if path.name == ".SEQ":
                continue
            if user not in allowed:
                context.finding(f"{path}: a job of {user}'s, who is no administrator")
            elif owner_of(owner) not in (user, "root"):
                context.finding(f"{path}: a job of {user}'s that {owner_of(owner)} wrote")


def owner_of(uid: int) -> str:
    """An account's name, or its number when it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
