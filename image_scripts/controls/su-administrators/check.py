"""R4: see control.toml. Has accounts try su with a right password, in copies of the files of accounts."""

from __future__ import annotations

import grp
import pwd
import subprocess

from lib import Context

PASSWORD = "Quiet-7-rivers/Bend"  # noqa: S105 - of an account that is in a copy alone
HASH = "$6$hallmark$sPVk/ly5.6oHdFPYsms8bhH/1AZvyyYslQ6agtQizWGUYm8ypdLCSQT.aadChuAITWrc2ES5vCNMtbbI3ta7Q."
TARGET = "hallmark-target"
# The copies, and nothing of it reaches a log, a count of wrong guesses or logind.
COPY = f"""
mount -t tmpfs none /run
mkdir /run/etc
cp -a /etc/passwd /etc/shadow /etc/group /etc/gshadow /run/etc/
echo '{TARGET}:x:64999:65534::/:/bin/sh' >>/run/etc/passwd
echo '{TARGET}:{HASH}:19000:0:99999:7:::' >>/run/etc/shadow
for file in passwd shadow group gshadow; do
    mount --bind /run/etc/$file /etc/$file
done
if [ -d /var/lib/faillock ]; then
    mount -t tmpfs -o mode=0700 none /var/lib/faillock
fi
echo '{PASSWORD}' >/run/password
try() {{
    said=$(exec setpriv --reuid "$1" --regid "$2" --init-groups su $3 {TARGET} -c 'id -un' 2>&1 </run/password) || true
    case $said in
        *{TARGET}) echo "opened $1 $3" ;;
    esac
    echo "tried $1 $3"
}}
# su waits when it has refused; all of them wait at once.
while read -r user group how; do
    try "$user" "$group" "$how" &
done
wait
"""


def check(context: Context) -> str:
    """Findings for each account that can change to another one, and for each that should and cannot."""
    allowed = set(context.words("members"))
    for line in context.environment.get("HALLMARK_PEOPLE", "").splitlines():
        name, *groups = line.split()
        if context.phase == "drift" and "su-users" in groups:
            allowed.add(name)
    attempts = [(user, how) for user in callers() for how in ("", "-l")]
    said = try_su(attempts)
    for user, how in attempts:
        opened = f"opened {user} {how}" in said
        if f"tried {user} {how}" not in said:
            context.finding(f"{user}: su {how} could not be tried: {' '.join(sorted(said))[-300:]}")
        elif opened and user not in allowed:
            context.finding(f"{user} changes accounts: su {how} took a right password, and let them")
        elif not opened and user in allowed:
            context.finding(f"{user} may use su by the recipe: su {how} refused a right password")
    return f"tried: su refused all but {' '.join(sorted(allowed)) or 'root'}, of {len(attempts) // 2} accounts"


def callers() -> list[str]:
    """Whoever might be in a group that su asks for: nobody, people, and members, by a list or by their own group."""
    accounts = [entry for entry in pwd.getpwall() if entry.pw_uid]
    people = {entry.pw_name for entry in accounts if 1000 <= entry.pw_uid < 60000}
    own = {entry.gr_gid: entry.gr_name for entry in grp.getgrall()}
    members = {name for entry in grp.getgrall() for name in entry.gr_mem}
    members |= {entry.pw_name for entry in accounts if own.get(entry.pw_gid) != entry.pw_name}
    return ["nobody", *sorted((people | members) & {entry.pw_name for entry in accounts} - {"nobody"})]


def try_su(attempts: list[tuple[str, str]]) -> set[str]:
    """What came of it, a line each."""
    text = "".join(f"{user} {pwd.getpwnam(user).pw_gid} {how}\n" for user, how in attempts)
    done = subprocess.run(
        ["unshare", "--mount", "timeout", "60", "sh", "-euc", COPY],
        input=text, capture_output=True, text=True, check=False, timeout=200,
    )  # fmt: skip
    return {*done.stdout.splitlines(), *done.stderr.splitlines()}
