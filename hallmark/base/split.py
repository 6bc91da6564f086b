"""Cuts the archive of a root file system into one for each partition.

Place in the pipeline: between the base's tree and its disk. Nothing is unpacked, so owners, dates and attributes stay
as they are; a folder that is a mount point is in both archives, with its owner and mode.
"""

from __future__ import annotations

import posixpath
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from hallmark.common.errors import ProcessError

_COMPUTED = ("path", "linkpath", "size")
"""What a member's extended header says of its name and size; tarfile writes these anew."""


def split_archive(archive: Path, folder: Path, mount_points: Sequence[str]) -> dict[str, Path]:
    """Write a tar into `folder` for `/` and each of the mount points; where each is.

    ProcessError when the archive lacks a mount point, or two partitions would have to share a hard link.
    """
    files = {place: folder / f"part-{number}.tar" for number, place in enumerate(("/", *mount_points))}
    missing = set(mount_points)
    with ExitStack() as stack:
        source = stack.enter_context(tarfile.open(archive, "r|"))
        parts = {
            place: stack.enter_context(tarfile.open(path, "w", format=tarfile.PAX_FORMAT))
            for place, path in files.items()
        }
        for member in _members(source):
            name = _absolute(member.name)
            if member.isdir() and name in missing:
                missing.remove(name)
                above = _place_of(posixpath.dirname(name), mount_points)
                parts[above].addfile(_moved(member, above, archive, mount_points))
            place = _place_of(name, mount_points)
            content = source.extractfile(member) if member.isreg() else None
            parts[place].addfile(_moved(member, place, archive, mount_points), content)
            parts[place].members.clear()  # type: ignore[attr-defined]
    if missing:
        raise ProcessError(f"{archive}: expected a folder {min(missing)}, on which a partition is to be mounted")
    return files


def _members(source: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Each member, one at a time: tarfile would keep all 20,000 of them."""
    while (member := source.next()) is not None:
        source.members.clear()  # type: ignore[attr-defined]
        yield member


def _absolute(name: str) -> str:
    return posixpath.normpath(posixpath.join("/", name))


def _place_of(name: str, mount_points: Sequence[str]) -> str:
    """The mount point that a path lies on or below."""
    above = [place for place in mount_points if name == place or name.startswith(f"{place}/")]
    return max(above, key=len, default="/")


def _moved(member: tarfile.TarInfo, place: str, archive: Path, mount_points: Sequence[str]) -> tarfile.TarInfo:
    """The member as it stands in the archive of a partition."""
    headers = {key: value for key, value in member.pax_headers.items() if key not in _COMPUTED}
    moved = member.replace(name=_below(place, _absolute(member.name)), deep=False)
    moved.pax_headers = headers
    if member.islnk():
        target = _absolute(member.linkname)
        if _place_of(target, mount_points) != place:
            raise ProcessError(f"{archive}: {member.name} is a hard link to {target}, which is on another partition")
        moved.linkname = _below(place, target)
    return moved


def _below(place: str, name: str) -> str:
    """A path as one below a mount point: `./lib/dpkg`."""
    return "./" + posixpath.relpath(name, place) if name != place else "./"
