"""A7: see control.toml. Starts shells as a sign-in, su and sudo do, and asks them; then tries to change it in them."""

from __future__ import annotations

import re

from lib import Context
from sessions import shells


def check(context: Context) -> str:
    """Findings for each shell that stays open, or that lets the limit be changed."""
    most = context.number("seconds")
    for what, shell in shells(context.plan).items():
        if not re.fullmatch(r"\d+", shell.timeout) or not 0 < int(shell.timeout) <= most:
            context.finding(f'{what}: expected it to end after {most} seconds or earlier, got "{shell.timeout}"')
        elif shell.changes:
            context.finding(f"{what}: ends after {shell.timeout} seconds, but lets whoever uses it change that")
        else:
            context.note(f"{what}: ends after {shell.timeout} seconds")
    return f"shells end after {most} seconds without a key"
