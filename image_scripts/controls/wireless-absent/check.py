"""See control.toml."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterator

from families import check_family
from kernel_modules import check_denied
from lib import Context

FOLDERS = ("/usr/lib/firmware", "/lib/firmware", "/usr/local/lib/firmware")


def check(context: Context) -> str:
    """Findings for drivers that could be loaded, for firmware, and for packages and programs."""
    check_denied(context, context.words("modules"))
    for path in sorted(set(firmware(context.words("firmware")))):
        context.finding(f"firmware {path} is present")
    return check_family(context)


def firmware(patterns: list[str]) -> Iterator[str]:
    """The files that match, compressed or not, also in folders of a vendor's or of one kernel's own."""
    for top in FOLDERS:
        if os.path.islink(os.path.dirname(top)):  # noqa: PTH114, PTH120
            continue
        for folder, folders, names in os.walk(top):
            links = [name for name in folders if os.path.islink(f"{folder}/{name}")]  # noqa: PTH114
            for path in (f"{folder}/{name}" for name in (*names, *links)):
                if any(fnmatch.fnmatchcase(path, f"*/{pattern}") for pattern in patterns):
                    yield path
