"""A store with images to try things on, and other processes that use it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hallmark.common.fingerprint import hash_bytes
from hallmark.store.image import Image
from hallmark.store.store import Store
from tests.support.small_disk import CHECKOUT

JUDGED = hash_bytes(b"acceptance")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store; nothing of it exists yet."""
    return Store(tmp_path / "store")


def add(store: Store, content: str = "1", *, recipe: str = "web", age: int = 0) -> Image:
    """A candidate whose fingerprint is that of `content`; `age` in minutes."""
    with store.workdir(f"build-{content}") as work:
        (work / "new.qcow2").write_text(f"disk {content}")
        (work / "proof").mkdir(mode=0o700)
        (work / "proof" / "console.log").write_text("booted")
        (work / "proof" / "console.log").chmod(0o600)
        return store.add_candidate(
            work / "new.qcow2",
            work / "proof",
            recipe=recipe,
            fingerprint=hash_bytes(content.encode()),
            packages=300,
            created=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC) - timedelta(minutes=age),
        )


def accepted(store: Store, content: str = "1", *, recipe: str = "web", age: int = 0) -> Image:
    """An accepted image."""
    return store.accept(add(store, content, recipe=recipe, age=age).id, JUDGED)


@contextmanager
def other_process(store: Store, code: str) -> Iterator[subprocess.Popen[str]]:
    """A process that runs `code` on the same store, once it has printed a line."""
    words = [sys.executable, "-u", "-c", opening(store) + code]
    with subprocess.Popen(words, env={"PYTHONPATH": str(CHECKOUT)}, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process
        finally:
            process.kill()


def opening(store: Store) -> str:
    """The first lines of a program that uses the same store."""
    imports = "import os, sys, time\nfrom pathlib import Path\nfrom hallmark.store.store import Store\n"
    return f"{imports}store = Store(Path({str(store.root)!r}))\n"
