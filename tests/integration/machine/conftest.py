"""Fixtures for tests with real machines: one small disk a session, and a function that runs a script on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hallmark.base.disk import make_overlay
from hallmark.common.cache import user_cache
from hallmark.guest.console import Progress
from hallmark.local.accelerator import TCG
from hallmark.local.machine import Drives, Run, Shape, make_results_disk, run_until_power_off
from tests.integration.machine.small_guest import make_small_disk, processes_of, script_medium

SHAPE = Shape(memory_mib=256, cpus=1, accelerator=TCG)
RunScript = Callable[..., Run]
# Seconds after which a guest that is to end by itself hangs. A boot takes seven seconds on an idle host, and many times
# that on a busy one.
HUNG = 900.0
_LAST = 2000  # characters of a console's log


@pytest.fixture(scope="session")
def cache() -> Path:
    """The cache that all checkouts of this machine share."""
    return user_cache()


@pytest.fixture(scope="session")
def small_disk(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The disk; only overlays of it are written to."""
    folder = tmp_path_factory.mktemp("small-guest")
    make_small_disk(folder / "disk.qcow2", cache, folder)
    return folder / "disk.qcow2"


@pytest.fixture
def drives(small_disk: Path, tmp_path: Path) -> Drives:
    """The drives of one machine; its script is written to `media` by `run_script`."""
    make_overlay(small_disk, tmp_path / "overlay.qcow2")
    make_results_disk(tmp_path / "results.raw")
    return Drives(
        disk=tmp_path / "overlay.qcow2",
        media=script_medium(tmp_path / "media.iso", ""),
        seed=script_medium(tmp_path / "seed.iso", ""),
        results=tmp_path / "results.raw",
        backing=(small_disk,),
    )


@pytest.fixture
def run_script(drives: Drives, tmp_path: Path) -> Iterator[RunScript]:
    """Runs a guest with a script to its end; after the test no machine of it is left."""

    def start(script: str, *, deadline: float = HUNG, said: list[Progress] | None = None, reboots: int = 0) -> Run:
        script_medium(drives.media, script)
        heard: list[Progress] = [] if said is None else said
        try:
            return run_until_power_off(
                SHAPE, drives, work=tmp_path, deadline=deadline, on_progress=heard.append, reboots=reboots
            )
        finally:
            log = tmp_path / "console.log"
            if log.exists():
                print(log.read_text(errors="replace")[-_LAST:])  # pytest shows it where a test fails

    yield start
    assert processes_of(str(tmp_path)) == []
