"""Runs a piece of Python on a file system of a few MiB, in a mount namespace that is gone afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


def run_on_small_disk(folder: Path, code: str, *, mebibytes: int) -> str:
    """Run `code` (it sees `disk`, a Path on the small file system) and return what it printed."""
    mount = f'mount -t tmpfs -o size={mebibytes}m none {folder} && exec {sys.executable} -c "$CODE"'
    mapped = [] if os.geteuid() == 0 else ["--map-root-user"]
    preamble = f"from pathlib import Path\ndisk = Path({str(folder)!r})\n"
    done = subprocess.run(
        ["unshare", *mapped, "--mount", "sh", "-c", mount],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONPATH": str(CHECKOUT), "CODE": preamble + code},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
