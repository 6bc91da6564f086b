"""S13: see control.toml. One walk of all that is mounted; getcap says what the files with capabilities may do."""

from __future__ import annotations

import functools
import os
import stat

from lib import LOCAL, Context, File, files_of_disk, mounts, run, walk

_SETID = 0o6000
_ATTRIBUTE = "security.capability"


def check(context: Context) -> str:
    """Findings for each file with more rights than its caller, that the recipe does not declare."""
    declared = context.words("files")
    setid = [file.path for file in files() if file.status.st_mode & _SETID]
    for path in setid:
        if path not in declared:
            context.finding(f"{path} is setuid or setgid, which the recipe does not declare")
    for path, what in capabilities().items():
        if f"{path}:{what}" not in context.words("capabilities"):
            context.finding(f"{path} has {what}, which the recipe does not declare (setid-files: capabilities)")
    return f"{len(setid)} setuid or setgid file(s), all declared: {' '.join(declared)}"


@functools.cache
def files() -> tuple[File, ...]:
    """The disk's, and those of whatever else is mounted where such a bit counts, such as a folder over itself."""
    known = {file.path for file in files_of_disk()}
    kinds = LOCAL | {"iso9660", "overlay", "squashfs", "udf"}
    places = [place for _, _, place, kind, options in mounts() if kind in kinds and "nosuid" not in options]
    more = (file for place in places if place != "/" and os.path.isdir(place) for file in walk(place))  # noqa: PTH112
    others = (file for file in more if stat.S_ISREG(file.status.st_mode) and file.path not in known)
    return (*files_of_disk(), *others)


def capabilities() -> dict[str, str]:
    """File → its capabilities, in getcap's words."""
    found = [file.path for file in files() if _ATTRIBUTE in attributes(file.path)]
    return {path: run(["getcap", path]).removeprefix(f"{path} ").strip() for path in found}


def attributes(path: str) -> list[str]:
    """The names of a file's extended attributes; none when it is gone by now."""
    try:
        return os.listxattr(path, follow_symlinks=False)
    except OSError:
        return []
