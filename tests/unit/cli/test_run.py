"""`hallmark run`: which image it boots, and as whom."""

from __future__ import annotations

from pathlib import Path

import pytest

from hallmark.cli import run
from hallmark.local import trial as machine
from hallmark.store.image import Image
from hallmark.store.store import Store
from tests.support.command_line import call, hallmark, store, the

__all__ = ["store"]


def test_run_boots_the_released_image_as_the_recipes_first_administrator(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    booted: list[tuple[str, str, machine.TrialOptions]] = []

    def boot(
        _store: Store, image: Image, user: str, _accelerator: object, options: machine.TrialOptions, **_: object
    ) -> None:
        booted.append((image.id, user, options))
        raise KeyboardInterrupt

    monkeypatch.setattr(machine, "boot", boot)
    monkeypatch.setattr(run, "choose_for_image", lambda _stack: None)
    call("run", "--store", str(store.root), "--offline", "--port", "2222")
    call("run", the(store, "newer").id, "--store", str(store.root))
    assert booted == [
        (the(store, "released").id, "alice", machine.TrialOptions(port=2222, offline=True)),
        (the(store, "newer").id, "alice", machine.TrialOptions()),
    ]


def test_run_without_a_release_says_what_to_do(tmp_path: Path) -> None:
    done = hallmark("run", "--store", str(tmp_path))
    assert done.returncode == 7
    assert "nothing was released yet; `make image` makes and releases an image" in done.stderr
