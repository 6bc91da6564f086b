"""S13: see control.toml. One walk of the disk; getcap says what the files with capabilities may do."""

from __future__ import annotations

import os

from lib import Context, files_of_disk, run

_SETID = 0o6000
_ATTRIBUTE = "security.capability"


def check(context: Context) -> str:
    """Findings for each file with more rights than its caller, that the recipe does not declare."""
    declared = context.words("files")
    setid = [file.path for file in files_of_disk() if file.status.st_mode & _SETID]
    for path in setid:
        if path not in declared:
            context.finding(f"{path} is setuid or setgid, which the recipe does not declare")
    for path, what in capabilities().items():
        if f"{path}:{what}" not in context.words("capabilities"):
            context.finding(f"{path} has {what}, which the recipe does not declare (setid-files: capabilities)")
    return f"{len(setid)} setuid or setgid file(s), all declared: {' '.join(declared)}"


def capabilities() -> dict[str, str]:
    """File → its capabilities, in getcap's words."""
    found = [file.path for file in files_of_disk() if _ATTRIBUTE in attributes(file.path)]
    return {path: run(["getcap", path]).removeprefix(f"{path} ").strip() for path in found}


def attributes(path: str) -> list[str]:
    """The names of a file's extended attributes; none when it is gone by now."""
    try:
        return os.listxattr(path, follow_symlinks=False)
    except OSError:
        return []
