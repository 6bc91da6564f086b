"""Files that are either whole or not there: atomic writes, removal of trees, and running out of room said plainly."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hallmark.common.errors import HallmarkError

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)

MIB = 1 << 20


def write_atomic(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Replace a file's content in one step; whoever reads it sees the old bytes or the new ones, also after a crash.

    Until it is whole nobody else can read it: its mode may be one that keeps others out.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(data)
            os.fchmod(stream.fileno(), mode)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync(path.parent)


def sync(path: Path) -> None:
    """Bring one file or folder (not what is in it) to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(root: Path) -> None:
    """Bring a folder and all that is in it to the disk, the leaves first."""
    for folder, _, names in os.walk(root, topdown=False):
        for name in names:
            if not (Path(folder) / name).is_symlink():
                sync(Path(folder) / name)
        sync(Path(folder))


def make_readable(root: Path) -> None:
    """Make a tree's folders 0755 and its files 0644, so that anyone can read evidence that root gathered."""
    for folder, _, names in os.walk(root):
        Path(folder).chmod(0o755)
        for name in names:
            path = Path(folder) / name
            if stat.S_ISREG(path.lstat().st_mode):
                path.chmod(0o644)


def remove_tree(path: Path) -> None:
    """Remove a tree, whatever it is and whoever else is removing it."""
    if path.is_symlink() or path.is_file():
        path.unlink(missing_ok=True)
    else:
        shutil.rmtree(path, ignore_errors=True)


def free_bytes(path: Path) -> int:
    """Room for an ordinary write on the file system that holds a path, or will hold it."""
    existing = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
    return shutil.disk_usage(existing).free


def why_unwritable(folder: Path) -> str | None:
    """Why nothing can be written in a folder, which need not be there yet; None when it can. Nothing is made."""
    existing = next(path for path in (folder, *folder.absolute().parents) if os.path.lexists(path))
    if not existing.is_dir():
        return f"{existing} is no folder"
    if os.access(existing, os.W_OK | os.X_OK):
        return None
    read_only = os.statvfs(existing).f_flag & os.ST_RDONLY
    return f"{existing} is {'on a file system that is read-only' if read_only else 'not ours to write in'}"


def need_room(path: Path, size: int, error: type[HallmarkError]) -> None:
    """Raise `error` unless the file system of `path` has room for `size` bytes."""
    free = free_bytes(path)
    if free < size:
        raise error(f"{path}: no room: expected {mebibytes(size)} free, got {mebibytes(free)}; make room there")


@contextmanager
def room_or(path: Path, error: type[HallmarkError]) -> Iterator[None]:
    """Turn "no space left" inside the block into `error` with a clear line; other errors pass."""
    try:
        yield
    except OSError as problem:
        if problem.errno not in _NO_ROOM:
            raise
        raise error(f"{path}: no room left on its file system ({problem.strerror}); make room there") from problem


def mebibytes(size: int) -> str:
    """A size for people: `12 MiB`, rounded up."""
    return f"{-(-size // (1 << 20))} MiB"


def folders_in(parent: Path) -> list[Path]:
    """The folders in a folder, by name; none when there is no such folder."""
    try:
        return sorted(entry for entry in parent.iterdir() if entry.is_dir() and not entry.is_symlink())
    except (FileNotFoundError, NotADirectoryError):
        return []
