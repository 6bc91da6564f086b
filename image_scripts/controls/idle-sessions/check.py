"""A7: see control.toml. Starts shells as a sign-in, su and sudo do, and asks them; then tries to change it in them."""

from __future__ import annotations

import re

from lib import Context, run

ASK = r'echo "=${TMOUT-}"; (TMOUT=0; unset TMOUT) 2>/dev/null && echo =changed; true'
SHELLS = {
    "root's login shell": "runuser -l root -c",
    "root's interactive shell": "env HOME=/root bash -i -c",
    "a person's login shell": "runuser -u nobody -- env HOME=/etc/skel bash -l -c",
    "a person's interactive shell": "runuser -u nobody -- env HOME=/etc/skel bash -i -c",
    "a login shell of sh": "runuser -u nobody -- env HOME=/etc/skel sh -l -c",
}


def check(context: Context) -> str:
    """Findings for each shell that stays open, or that lets the limit be changed."""
    most = context.number("seconds")
    hide = "if [ -d /run/systemd ]; then mount -t tmpfs none /run/systemd; fi; unset TMOUT; ask=$1; shift"
    each = 'for shell in "$@"; do echo @@; $shell "$ask" 2>/dev/null || true; done'
    said = run(["unshare", "--mount", "sh", "-c", f"{hide}; {each}", "sh", ASK, *SHELLS.values()])
    answers = [re.findall(r"^=(.*)$", part, re.MULTILINE) for part in said.split("@@\n")[1:]]
    for what, got in zip(SHELLS, answers, strict=True):
        value = got[0] if got else ""
        if not re.fullmatch(r"\d+", value) or not 0 < int(value) <= most:
            context.finding(f'{what}: expected it to end after {most} seconds or earlier, got "{value}"')
        elif "changed" in got:
            context.finding(f"{what}: ends after {value} seconds, but lets whoever uses it change that")
        else:
            context.note(f"{what}: ends after {value} seconds")
    return f"shells end after {most} seconds without a key"
