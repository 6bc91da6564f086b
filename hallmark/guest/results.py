"""What a guest hands back: a tar archive at the start of a raw disk. It is untrusted, so it is read by rule.

Only the plainest tar there is passes: ustar headers, regular files and folders, short plain names, sizes below
limits. The guest writes it with `tar --format=ustar -cf DISK -C FOLDER .`; what follows the archive's end on the disk
is never looked at. The reader streams, and what it makes is the caller's, 0644, inside a folder that appears only
when the whole archive was good.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from hallmark.common.errors import HostError, ResultsError
from hallmark.common.files import need_room, room_or

_BLOCK = 512
_CHUNK = 1 << 20
_NAME = re.compile(r"[A-Za-z0-9_+][A-Za-z0-9_.+@:~=,%-]{0,99}")
_NUMBER = re.compile(rb"[ ]*([0-7]+)[ \0]*")
_MANIFEST_LINE = re.compile(r"([0-9a-f]{64}) [ *](?:\./)?(\S+)")
_DEPTH = 12
_SEE_CONSOLE = "see the console log for how far it came"
_FOLDER = b"5"
_REGULAR = (b"0", b"\0")
_KINDS = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a character device",
    b"4": "a block device",
    b"6": "a fifo",
    b"7": "a contiguous file",
    b"S": "a sparse file",
    b"L": "a GNU long name",
    b"K": "a GNU long link",
    b"x": "a pax header",
    b"g": "a global pax header",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How much a guest may hand back: members, bytes in one file, bytes in all files."""

    members: int = 5000
    file_bytes: int = 64 << 20
    total_bytes: int = 256 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """One entry of the archive: a folder, or a file of `size` bytes. `name` is relative and plain; "" is the top."""

    name: str
    folder: bool
    size: int


LIMITS = Limits()


def read_results(archive: Path, target: Path, *, limits: Limits = LIMITS, manifest: str | None = None) -> None:
    """Unpack the results disk `archive` into the new folder `target`, which appears whole or not at all.

    With `manifest`, a file of that name must list the SHA-256 of every other file (as `sha256sum` prints them): an
    archive that a guest did not finish is then refused. Raises ResultsError, naming the member, for whatever is not
    plain, is too large, cut short or missing; HostError for want of room, which is no fault of the guest.
    """
    if target.exists():
        raise ResultsError(f"{target}: expected no folder there yet; remove it")
    target.parent.mkdir(parents=True, exist_ok=True)
    with room_or(target, HostError), tempfile.TemporaryDirectory(dir=target.parent, prefix=".results-") as scratch:
        tree = Path(scratch) / "tree"
        tree.mkdir()
        hashes = _unpack_disk(archive, tree, limits)
        if manifest is not None:
            _check_manifest(archive, tree, manifest, hashes)
        tree.rename(target)


def _unpack_disk(archive: Path, tree: Path, limits: Limits) -> dict[str, str]:
    try:
        stream = archive.open("rb")
    except OSError as problem:
        raise ResultsError(f"{archive}: expected a readable results disk: {problem.strerror}") from problem
    with stream:
        return _unpack(archive.name, stream, tree, limits)


def _unpack(disk: str, stream: BinaryIO, tree: Path, limits: Limits) -> dict[str, str]:
    """Write all members below `tree`; return file name → SHA-256."""
    hashes: dict[str, str] = {}
    total = 0
    for count, member in enumerate(read_members(disk, stream), start=1):
        total += member.size
        _check_limits(disk, member, limits, count=count, total=total)
        path = tree / member.name
        try:
            if member.folder:
                path.mkdir(parents=True, exist_ok=True)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                need_room(tree, member.size, HostError)
                hashes[member.name] = _write_file(disk, stream, path, member)
        except (FileExistsError, NotADirectoryError) as problem:
            raise ResultsError(f"{disk}: {member.name}: expected each name once, got it again") from problem
    if not hashes:
        raise ResultsError(
            f"{disk}: expected results, got an archive without a file; see the console log for what the guest did"
        )
    return hashes


def read_members(disk: str, stream: BinaryIO) -> Iterator[Member]:
    """Yield each member; before it asks for the next the caller reads a file's `size` bytes, in whole blocks."""
    first = True
    while True:
        header = stream.read(_BLOCK)
        if not header.strip(b"\0") and (len(header) == _BLOCK or first):
            if first:
                raise ResultsError(f"{disk}: the guest wrote nothing; {_SEE_CONSOLE}")
            return
        if len(header) < _BLOCK:
            raise ResultsError(f"{disk}: the archive is cut short: expected its end, got the end of the disk")
        yield _parse_header(disk, header, first=first)
        first = False


def _parse_header(disk: str, header: bytes, *, first: bool) -> Member:
    where = f"{disk}: {header[:100].split(bytes(1))[0].decode(errors='backslashreplace')!r}"
    computed = sum(header) - sum(header[148:156]) + 8 * ord(" ")
    if header[257:262] != b"ustar" or _number(header[148:156]) != computed:
        if first:
            raise ResultsError(
                f"{disk}: expected a tar archive, got something else; see the console log for what the guest did"
            )
        raise ResultsError(f"{where}: expected a tar header, got something else: the archive is damaged or cut short")
    kind = header[156:157]
    if kind != _FOLDER and kind not in _REGULAR:
        raise ResultsError(f"{where}: expected a regular file or a folder, got {_KINDS.get(kind, f'type {kind!r}')}")
    size = _number(header[124:136])
    if size is None or (kind == _FOLDER and size):
        raise ResultsError(f"{where}: expected a plain size, got {header[124:136]!r}")
    name = _check_name(where, _full_name(header))
    if not name and kind != _FOLDER:
        raise ResultsError(f"{where}: expected a file's name, got none")
    return Member(name=name, folder=kind == _FOLDER, size=size)


def _full_name(header: bytes) -> bytes:
    """The name, with ustar's prefix when the header is POSIX (GNU keeps other things there)."""
    name = header[:100].split(b"\0")[0]
    prefix = header[345:500].split(b"\0")[0] if header[257:263] == b"ustar\0" else b""
    return prefix + b"/" + name if prefix else name


def _check_name(where: str, raw: bytes) -> str:
    """The name without a leading `./` and a folder's closing `/`; ResultsError unless all its parts are plain."""
    name = raw.decode("ascii", errors="replace").removesuffix("/")
    name = "" if name == "." else name.removeprefix("./")
    parts = name.split("/")
    if name and (len(parts) > _DEPTH or not all(_NAME.fullmatch(part) for part in parts)):
        raise ResultsError(f"{where}: expected a plain relative name, got {raw.decode(errors='backslashreplace')!r}")
    return name


def _number(field: bytes) -> int | None:
    """An octal field; None for anything else, base-256 numbers (absurd sizes) included."""
    found = _NUMBER.fullmatch(field)
    return int(found.group(1), 8) if found else None


def _check_limits(disk: str, member: Member, limits: Limits, *, count: int, total: int) -> None:
    if count > limits.members:
        raise ResultsError(f"{disk}: {member.name}: expected at most {limits.members} members, got more")
    if member.size > limits.file_bytes:
        raise ResultsError(f"{disk}: {member.name}: expected at most {limits.file_bytes} bytes, got {member.size}")
    if total > limits.total_bytes:
        raise ResultsError(f"{disk}: {member.name}: expected at most {limits.total_bytes} bytes in all, got more")


def _write_file(disk: str, stream: BinaryIO, path: Path, member: Member) -> str:
    """Write one member's bytes to a new file and skip its padding; return the SHA-256."""
    digest = hashlib.sha256()
    left = member.size
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
    with os.fdopen(descriptor, "wb") as out:
        while left:
            chunk = stream.read(min(left, _CHUNK))
            if not chunk:
                raise ResultsError(f"{disk}: {member.name}: the archive is cut short: {left} bytes are missing")
            digest.update(chunk)
            out.write(chunk)
            left -= len(chunk)
    stream.read(-member.size % _BLOCK)
    return digest.hexdigest()


def _check_manifest(archive: Path, tree: Path, manifest: str, hashes: dict[str, str]) -> None:
    if manifest not in hashes:
        raise ResultsError(
            f"{archive.name}: {manifest}: missing: the guest did not finish its results; see the console log"
        )
    listed: dict[str, str] = {}
    for line in (tree / manifest).read_text(errors="replace").splitlines():
        found = _MANIFEST_LINE.fullmatch(line)
        if found is None:
            raise ResultsError(f"{archive.name}: {manifest}: expected lines of `sha256sum`, got {line[:100]!r}")
        listed[found.group(2)] = found.group(1)
    for name in sorted(listed.keys() | hashes.keys() - {manifest}):
        if listed.get(name) != hashes.get(name):
            raise ResultsError(
                f"{archive.name}: {name}: expected the file and its hash in {manifest} to agree, they do not"
            )
