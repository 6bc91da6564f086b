"""Reads single files out of a disk image without mounting it: dpkg's status, the kernel of a base, what EC2 asks of it.

A candidate's disk was written by its guest, so whatever parses it sees that disk alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from hallmark.base.disk import unpack
from hallmark.common.containment import Reach
from hallmark.common.errors import ProcessError, SettingsError
from hallmark.common.files import MIB
from hallmark.common.process import run

_SECTOR = 512
_ROOT_TYPE = "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709"  # Linux root, x86-64
_LINUX_TYPE = "0FC63DAF-8483-4772-8E79-3D69D8477DE4"  # Linux file system
_UUID_OFFSET = 1024 + 0x68
# Of the fstab of a disk that its guest wrote no other word is taken than a UUID and a plain path.
_MOUNTED = re.compile(r"^UUID=([0-9a-f-]{36})[ \t]+((?:/[a-z]+)+)[ \t]+ext4[ \t]", re.MULTILINE)
_STATUS = "/var/lib/dpkg/status"


def read_from_disk(disk: Path, scratch: Path, *, status: Path, kernel: Path) -> None:
    """Copy the dpkg status and the newest kernel out of a qcow2 with an ext4 root; /var and /boot may be elsewhere.

    Raises SettingsError when the disk has no partition table, ext4 root, dpkg status or kernel that could be read.
    """
    with _tree_of(disk, scratch) as tree:
        tree.dump(_STATUS, status)
        tree.dump(f"/boot/{tree.newest_kernel()}", kernel)


def read_status(disk: Path, scratch: Path) -> str:
    """The dpkg status in a qcow2 with an ext4 root; SettingsError when it could not be read."""
    status = scratch / "status"
    with _tree_of(disk, scratch) as tree:
        tree.dump(_STATUS, status)
    text = status.read_text(errors="replace")
    status.unlink()
    return text


def read_image_id(disk: Path, scratch: Path) -> str | None:
    """The image that a disk says it is of, as it stands there; None when it says none. SettingsError as above."""
    target = scratch / "image"
    with _tree_of(disk, scratch) as tree:
        try:
            tree.dump("/usr/share/hallmark/image", target)
        except ProcessError:
            return None
        return target.read_text(errors="replace").strip()


class RawRoot:
    """The tree of a raw disk image; `scratch` is a folder for what is read. ProcessError when it has no ext4 root."""

    def __init__(self, raw: Path, scratch: Path) -> None:
        self._tree, self._scratch = _Tree(raw, scratch), scratch

    def newest_kernel(self) -> str:
        """The release of its newest kernel, as `uname -r` gives it."""
        return self._tree.newest_kernel().removeprefix("vmlinuz-")

    def names(self, folder: str) -> list[str]:
        """What is in a folder; nothing when there is no such folder."""
        rows = self._tree.ask("ls -p", folder).splitlines()
        return sorted(name for row in rows if row.count("/") > 5 and (name := row.split("/")[5]) not in (".", ".."))

    def text(self, path: str) -> str:
        """A file's text; empty when there is none."""
        return self._tree.text(path, self._scratch)


class _Tree:
    """The file systems of a raw disk image, each below its mount point by the root's own fstab."""

    def __init__(self, raw: Path, scratch: Path) -> None:
        self._raw = raw
        table = json.loads(run(["sfdisk", "--json", raw], timeout=60, reach=Reach(reads=(raw,))).stdout)[
            "partitiontable"
        ]
        sector = int(table.get("sectorsize", _SECTOR))
        linux = [part for part in table["partitions"] if part["type"].upper() in (_ROOT_TYPE, _LINUX_TYPE)]
        if not linux:
            raise ProcessError("no Linux root partition in its partition table")
        root = max(linux, key=lambda part: (part["type"].upper() == _ROOT_TYPE, part["size"]))
        self._starts = {"/": int(root["start"]) * sector}
        known = {_filesystem_uuid(raw, start): start for part in linux if (start := int(part["start"]) * sector)}
        self._starts |= {
            place: known[uuid] for uuid, place in _MOUNTED.findall(self.text("/etc/fstab", scratch)) if uuid in known
        }

    def newest_kernel(self) -> str:
        """The name of the newest kernel in /boot."""
        kernels = re.findall(r"/(vmlinuz-[^/]+)/", self.ask("ls -p", "/boot"))
        if not kernels:
            raise ProcessError("no kernel in its /boot")
        newest: str = max(kernels, key=lambda name: [int(n) for n in re.findall(r"\d+", name)])
        return newest

    def text(self, path: str, scratch: Path) -> str:
        """A file's text; empty when there is none."""
        target = scratch / "text"
        self.ask("dump", path, target)
        text = target.read_text(errors="replace") if target.exists() else ""
        target.unlink(missing_ok=True)
        return text

    def dump(self, path: str, target: Path) -> None:
        """Copy a file out; ProcessError when there is none, or it is no size for what is read here."""
        self.ask("dump", path, target)
        if not target.exists() or target.stat().st_size == 0 or target.stat().st_size > 256 * MIB:
            raise ProcessError(f"no {path} in its file systems")

    def ask(self, request: str, path: str, target: Path | None = None) -> str:
        """What debugfs says to a request about a path, which it may copy to `target`."""
        place = max((p for p in self._starts if path == p or path.startswith(p.rstrip("/") + "/")), key=len)
        words = [request, "/" + path.removeprefix(place).lstrip("/"), *([str(target)] if target else [])]
        filesystem = f"{self._raw}?offset={self._starts[place]}"
        reach = Reach(reads=(self._raw,), writes=(target.parent,) if target else ())
        return run(["debugfs", "-R", " ".join(words), filesystem], timeout=120, reach=reach).stdout


def _filesystem_uuid(raw: Path, start: int) -> str:
    """The UUID in the superblock of an ext4 that starts there, in 16 bytes that any other file system has as well."""
    with raw.open("rb") as stream:
        stream.seek(start + _UUID_OFFSET)
        return str(UUID(bytes=stream.read(16).ljust(16, b"\0")))


@contextmanager
def _tree_of(disk: Path, scratch: Path) -> Iterator[_Tree]:
    """What is on a qcow2, for as long as the block runs."""
    raw = scratch / "disk.raw"
    try:
        _need_alone(disk)
        unpack(disk, raw)
        yield _Tree(raw, scratch)
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
