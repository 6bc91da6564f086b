"""Reads single files out of a disk image without mounting it: dpkg's status, the kernel of a base, what EC2 asks of it.

A candidate's disk was written by its guest, so whatever parses it sees that disk alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hallmark.base.disk import unpack
from hallmark.common.containment import Reach
from hallmark.common.errors import ProcessError, SettingsError
from hallmark.common.files import MIB
from hallmark.common.process import run

_SECTOR = 512
_ROOT_TYPES = {
    "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709",  # Linux root, x86-64
    "0FC63DAF-8483-4772-8E79-3D69D8477DE4",  # Linux file system
}
_STATUS = "/var/lib/dpkg/status"


def read_from_disk(disk: Path, scratch: Path, *, status: Path, kernel: Path) -> None:
    """Copy the dpkg status and the newest kernel out of a qcow2 with an ext4 root.

    Raises SettingsError when the disk has no partition table, ext4 root, dpkg status or kernel that could be read.
    """
    with _root_of(disk, scratch) as filesystem:
        _dump(filesystem, _STATUS, status)
        _dump(filesystem, f"/boot/{_newest_kernel(filesystem)}", kernel)


def read_status(disk: Path, scratch: Path) -> str:
    """The dpkg status in a qcow2 with an ext4 root; SettingsError when it could not be read."""
    status = scratch / "status"
    with _root_of(disk, scratch) as filesystem:
        _dump(filesystem, _STATUS, status)
    text = status.read_text(errors="replace")
    status.unlink()
    return text


def read_image_id(disk: Path, scratch: Path) -> str | None:
    """The image that a disk says it is of, as it stands there; None when it says none. SettingsError as above."""
    target = scratch / "image"
    with _root_of(disk, scratch) as filesystem:
        try:
            _dump(filesystem, "/usr/share/hallmark/image", target)
        except ProcessError:
            return None
        return target.read_text(errors="replace").strip()


class RawRoot:
    """The ext4 root of a raw disk image; `scratch` is a folder for what is read. ProcessError when it has none."""

    def __init__(self, raw: Path, scratch: Path) -> None:
        self._filesystem, self._scratch = _root_in(raw), scratch

    def newest_kernel(self) -> str:
        """The release of its newest kernel, as `uname -r` gives it."""
        return _newest_kernel(self._filesystem).removeprefix("vmlinuz-")

    def names(self, folder: str) -> list[str]:
        """What is in a folder; nothing when there is no such folder."""
        rows = _debugfs(f"ls -p {folder}", self._filesystem).splitlines()
        return sorted(name for row in rows if row.count("/") > 5 and (name := row.split("/")[5]) not in (".", ".."))

    def text(self, path: str) -> str:
        """A file's text; empty when there is none."""
        target = self._scratch / "text"
        _debugfs(f"dump {path} {target}", self._filesystem, self._scratch)
        text = target.read_text(errors="replace") if target.exists() else ""
        target.unlink(missing_ok=True)
        return text


@contextmanager
def _root_of(disk: Path, scratch: Path) -> Iterator[str]:
    """The disk's root file system as debugfs names it, for as long as the block runs."""
    raw = scratch / "disk.raw"
    try:
        _need_alone(disk)
        unpack(disk, raw)
        yield _root_in(raw)
    except ProcessError as error:
        raise SettingsError(f"{disk}: expected a qcow2 of a Debian system with an ext4 root: {error}") from error
    finally:
        raw.unlink(missing_ok=True)


def _need_alone(disk: Path) -> None:
    """A disk whose data is elsewhere is not what its hash says, and could show us any file of this machine."""
    info = json.loads(
        run(["qemu-img", "info", "-f", "qcow2", "--output=json", disk], timeout=60, reach=Reach(reads=(disk,))).stdout
    )
    other = info.get("backing-filename") or info.get("format-specific", {}).get("data", {}).get("data-file")
    if other:
        raise ProcessError(f"it is backed by {other}; `qemu-img convert -O qcow2` makes one that stands alone")


def _root_in(raw: Path) -> str:
    return f"{raw}?offset={_root_offset(raw)}"


def _root_offset(raw: Path) -> int:
    table = json.loads(run(["sfdisk", "--json", raw], timeout=60, reach=Reach(reads=(raw,))).stdout)["partitiontable"]
    roots = [p for p in table["partitions"] if p["type"].upper() in _ROOT_TYPES]
    if not roots:
        raise ProcessError("no Linux root partition in its partition table")
    return int(max(roots, key=lambda p: p["size"])["start"]) * int(table.get("sectorsize", _SECTOR))


def _newest_kernel(filesystem: str) -> str:
    listing = _debugfs("ls -p /boot", filesystem)
    kernels = re.findall(r"/(vmlinuz-[^/]+)/", listing)
    if not kernels:
        raise ProcessError("no kernel in its /boot")
    newest: str = max(kernels, key=lambda name: [int(n) for n in re.findall(r"\d+", name)])
    return newest


def _dump(filesystem: str, path: str, target: Path) -> None:
    _debugfs(f"dump {path} {target}", filesystem, target.parent)
    if not target.exists() or target.stat().st_size == 0 or target.stat().st_size > 256 * MIB:
        raise ProcessError(f"no {path} in its root file system")


def _debugfs(request: str, filesystem: str, *writes: Path) -> str:
    reach = Reach(reads=(Path(filesystem.rpartition("?")[0]),), writes=writes)
    return run(["debugfs", "-R", request, filesystem], timeout=120, reach=reach).stdout
