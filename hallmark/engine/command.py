"""A short question to the Pulumi CLI: one call, its whole answer, or one clear error with the CLI's own words."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from itertools import takewhile
from pathlib import Path

from hallmark.common.errors import ProcessError
from hallmark.common.process import tied

_SECONDS = 120.0


def ask_pulumi(
    pulumi: str, words: Sequence[str], *, environment: Mapping[str, str], folder: Path, timeout: float = _SECONDS
) -> str:
    """What the CLI at the path `pulumi` prints when it is called with these words in a folder; it dies with us.

    `timeout` is in seconds. ProcessError when the call fails or runs out of time.
    """
    named = " ".join(["pulumi", *takewhile(lambda word: not word.startswith("-"), words[:2])])
    try:
        done = subprocess.run(
            tied([pulumi, *words]),
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as expired:
        raise ProcessError(f"{named}: did not end within {timeout:.0f} s") from expired
    if done.returncode != 0:
        raise ProcessError(f"{named}: {(done.stderr or done.stdout).strip()}")
    return done.stdout
