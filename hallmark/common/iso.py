"""Media: files on an ISO 9660 volume, the only way into a guest. The same inputs give the same bytes.

A volume is made with xorriso (Rock Ridge, so the guest sees names as they are; files 0444 or 0555, folders 0555, all
of it root's) with every time stamp and identifier derived from `epoch`. Inputs are first copied to a private folder
beside the target while they are hashed: so the manifest tells of the very bytes on the volume, whatever happens to
them meanwhile.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from hallmark.common.containment import writing
from hallmark.common.errors import MediaError, ProcessError
from hallmark.common.files import free_bytes, mebibytes, need_room, room_or, sync
from hallmark.common.fingerprint import Sha256, hash_bytes, hash_file
from hallmark.common.process import need, run

MANIFEST = "MANIFEST"
_PART = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.+~%:@,=-]{0,179}")
_LABEL = re.compile(r"[A-Za-z0-9_]{1,32}")
_DEPTH = 7
_CHUNK = 1 << 20
_SECTOR = 2048
_TIMEOUT = 300.0

Source = Path | bytes
"""A file's content: a file on the host (its executable bit counts), or the bytes themselves."""


def make_media(target: Path, files: Mapping[str, Source], *, label: str, epoch: int) -> Sha256:
    """Make a volume of `files` (name on the volume → content) and their MANIFEST; return the SHA-256 of the MANIFEST.

    `epoch` (seconds, UTC) dates everything on it. `target` appears whole or not at all. Raises MediaError for a bad
    name or label, an unreadable file or want of room, PrerequisiteError without xorriso.
    """
    if MANIFEST in files:
        raise MediaError(f"{target.name}: {MANIFEST}: this name is kept for the manifest; give the file another one")
    return _make(target, files, label=label, epoch=epoch, with_manifest=True)


def make_volume(target: Path, files: Mapping[str, Source], *, label: str, epoch: int) -> None:
    """Make a volume of `files` alone, without a manifest: a NoCloud seed. Raises as `make_media` does."""
    _make(target, files, label=label, epoch=epoch, with_manifest=False)


def manifest(files: Mapping[str, Source]) -> bytes:
    """Lines that `sha256sum -c` reads, one for each file, sorted by name; MediaError as for `make_media`."""
    check_names(files)
    return manifest_lines({name: _hash(name, source) for name, source in files.items()})


def check_names(files: Mapping[str, Source]) -> None:
    """Raise MediaError for a name that is not a plain relative path, or that is a file and a folder at once."""
    for name in files:
        parts = name.split("/")
        if len(parts) > _DEPTH or not all(_PART.fullmatch(part) and part not in {".", ".."} for part in parts):
            raise MediaError(
                f"media: {name!r}: expected a relative path, at most {_DEPTH} names of letters, digits and ._+~%:@,=-"
            )
        for parent in PurePosixPath(name).parents:
            if str(parent) in files:
                raise MediaError(
                    f"media: {str(parent)!r}: expected a file or a folder, got both (there is {name!r} too)"
                )


def _make(target: Path, files: Mapping[str, Source], *, label: str, epoch: int, with_manifest: bool) -> Sha256:
    if not _LABEL.fullmatch(label):
        raise MediaError(f"{target.name}: label: expected 1 to 32 letters, digits or _, got {label!r}")
    check_names(files)
    need("xorriso")
    target.parent.mkdir(parents=True, exist_ok=True)
    need_room(target.parent, _room(files), MediaError)
    with room_or(target, MediaError), tempfile.TemporaryDirectory(dir=target.parent, prefix=".media-") as scratch:
        tree = Path(scratch) / "tree"
        tree.mkdir()
        lines = manifest_lines({name: _stage(tree, name, source) for name, source in sorted(files.items())})
        if with_manifest:
            _stage(tree, MANIFEST, lines)
        volume = Path(scratch) / "volume.iso"
        _write_volume(volume, tree, label=label, epoch=epoch)
        volume.chmod(0o444)
        sync(volume)
        volume.replace(target)
    sync(target.parent)
    return hash_bytes(lines)


def _room(files: Mapping[str, Source]) -> int:
    """Bytes that making a volume takes at most: the copies, the volume in whole sectors, its tables."""
    content = sum(_size(name, source) + _SECTOR for name, source in files.items())
    return 2 * content + 2048 * len(files) + (2 << 20)


def _size(name: str, source: Source) -> int:
    if isinstance(source, bytes):
        return len(source)
    try:
        found = source.stat()
    except OSError as problem:
        raise _unreadable(name, source, problem) from problem
    if not stat.S_ISREG(found.st_mode):
        raise MediaError(f"media: {name}: expected a regular file at {source}")
    return found.st_size


def _hash(name: str, source: Source) -> Sha256:
    if isinstance(source, bytes):
        return hash_bytes(source)
    try:
        return hash_file(source)
    except OSError as problem:
        raise _unreadable(name, source, problem) from problem


def _stage(tree: Path, name: str, source: Source) -> Sha256:
    """Copy one file into the tree, hashing what is written."""
    copy = tree / name
    copy.parent.mkdir(parents=True, exist_ok=True)
    with copy.open("wb") as out:
        if isinstance(source, bytes):
            out.write(source)
            return hash_bytes(source)
        try:
            stream = source.open("rb")
        except OSError as problem:
            raise _unreadable(name, source, problem) from problem
        with stream:
            if os.fstat(stream.fileno()).st_mode & stat.S_IXUSR:
                os.fchmod(out.fileno(), 0o755)
            return _copy(stream, out)


def _copy(stream: BinaryIO, out: BinaryIO) -> Sha256:
    digest = hashlib.sha256()
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
        out.write(chunk)
    return Sha256(digest.hexdigest())


def _unreadable(name: str, source: Path, problem: OSError) -> MediaError:
    return MediaError(f"media: {name}: expected a readable file at {source}: {problem.strerror}")


def manifest_lines(hashes: Mapping[str, str]) -> bytes:
    """The MANIFEST of files with these hashes: lines of `sha256sum`, sorted by name."""
    return "".join(f"{hashes[name]}  {name}\n" for name in sorted(hashes)).encode()


def _write_volume(volume: Path, tree: Path, *, label: str, epoch: int) -> None:
    """Run xorriso. `-r` gives all to root, read-only; the dates and the volume's identifiers come from `epoch`."""
    stamp = time.strftime("%Y%m%d%H%M%S00", time.gmtime(epoch))
    # fmt: off
    options = [
        "-as", "mkisofs", "-quiet", "-r", "-V", label, "-volset", label, "-A", "", "-publisher", "", "-p", "",
        f"--modification-date={stamp}", "--set_all_file_dates", stamp, "-o", str(volume), str(tree),
    ]
    # fmt: on
    try:
        run(
            ["xorriso", "-no_rc", *options],
            timeout=_TIMEOUT,
            env={"SOURCE_DATE_EPOCH": str(epoch)},
            reach=writing(volume.parent),
        )
    except ProcessError as problem:
        free = free_bytes(volume)
        hint = f"; only {mebibytes(free)} are free there, make room" if free < (1 << 20) else ""
        raise MediaError(
            f"{volume.parent.parent}: the volume {label} could not be written: {problem}{hint}"
        ) from problem
