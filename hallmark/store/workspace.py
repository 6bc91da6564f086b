"""Folders for half-made things: each is held by a lock that the kernel frees when its maker dies, and is then swept."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hallmark.common.errors import StoreError
from hallmark.common.files import folders_in, remove_tree, why_unwritable
from hallmark.common.locks import deadline_passed, held, is_locked, read_holder, try_lock, write_holder

_LOCK = "lock"
_GONE = ".gone-"


class Workspace:
    """The work folders below `root`; `lock` is held for the milliseconds in which folders are renamed."""

    def __init__(self, root: Path, lock: Path) -> None:
        self._root = root
        self._lock = lock

    @contextmanager
    def folder(self, name: str, *, wait: float = 0.0) -> Iterator[Path]:
        """A new folder of our own (it holds nothing but its `lock`), removed at the end; see `Store.workdir`."""
        self.sweep()
        folder, descriptor = self._claim(name, wait)
        try:
            yield folder
        finally:
            try:
                self._discard(folder)
            finally:
                os.close(descriptor)

    def sweep(self) -> list[str]:
        """Remove what dead runs left; return the names."""
        with self.rearranging():
            names = self._retire_dead()
        self.empty_bin()
        return names

    @contextmanager
    def rearranging(self) -> Iterator[None]:
        """Hold the lock."""
        if why := why_unwritable(self._root):
            raise StoreError(f"{self._root}: cannot be written: {why}")
        self._root.mkdir(parents=True, exist_ok=True)
        with held(self._lock):
            yield

    def retire(self, folder: Path) -> None:
        """Take a folder out of sight in one step, for `empty_bin` to remove; only while `rearranging`."""
        folder.rename(self._root / f"{_GONE}{os.urandom(8).hex()}")

    def empty_bin(self) -> None:
        """Remove what was retired, by us or by a run that died before it could."""
        for folder in folders_in(self._root):
            if folder.name.startswith(_GONE):
                remove_tree(folder)

    def _claim(self, name: str, wait: float) -> tuple[Path, int]:
        """Make a folder and hold its lock; wait for a living holder at most so long."""
        folder = self._root / name
        started = time.monotonic()
        while True:
            with self.rearranging():
                self._retire_dead()
                if not folder.exists():
                    return folder, _make_held(folder)
            if deadline_passed(started, wait):
                holder = f"another run (process {read_holder(folder / _LOCK)})"
                raise StoreError(f"{folder}: in use by {holder}; let it end, or end it, then try again")

    def _retire_dead(self) -> list[str]:
        """Retire each folder that nobody holds."""
        present = [folder for folder in folders_in(self._root) if not folder.name.startswith(_GONE)]
        dead = [folder for folder in present if not is_locked(folder / _LOCK)]
        for folder in dead:
            self.retire(folder)
        return [folder.name for folder in dead]

    def _discard(self, folder: Path) -> None:
        with self.rearranging():
            if folder.exists():
                self.retire(folder)
        self.empty_bin()


def _make_held(folder: Path) -> int:
    folder.mkdir()
    descriptor = try_lock(folder / _LOCK)
    if descriptor is None:
        raise StoreError(f"{folder}: expected a lock that nobody holds in a folder made just now; try again")
    write_holder(descriptor)
    return descriptor
