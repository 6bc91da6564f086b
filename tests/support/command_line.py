"""The command line: run as a process or within this one, and a store of a few images to run it on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hallmark.cli import app as cli
from hallmark.common.fingerprint import hash_bytes
from hallmark.store.image import Image
from hallmark.store.store import Store
from tests.support.small_disk import CHECKOUT


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store of one released, one rejected and one newer image of `web`."""
    store = Store(tmp_path / "store")
    for content in ("released", "rejected", "newer"):
        with store.workdir("build") as work:
            (work / "disk").write_text(content)
            (work / "evidence").mkdir()
            (work / "evidence/console.log").write_text("booted")
            (work / "evidence/index.md").write_text("# web\n")
            (work / "evidence/recipe.toml").write_text('administrators = ["alice", "bob"]\n')
            image = store.add_candidate(
                work / "disk", work / "evidence", recipe="web", fingerprint=hash_bytes(content.encode())
            )
        if content == "rejected":
            store.reject(image.id, hash_bytes(b"a"), "sshd failed at boot")
        else:
            store.accept(image.id, hash_bytes(b"a"))
    store.move_channel("web", "stable", the(store, "released").id)
    return store


def the(store: Store, content: str) -> Image:
    """The image of that content."""
    image = store.find(hash_bytes(content.encode()))
    assert image is not None
    return image


def hallmark(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a process."""
    return subprocess.run(
        [sys.executable, "-m", "hallmark", *words],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def call(*words: str) -> str:
    """Run a command within this process; errors come through."""
    result = CliRunner().invoke(cli.app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout
