"""Work folders: one holder at a time, and nothing of a dead run stays."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hallmark.common.errors import StoreError
from hallmark.store.store import Store
from tests.support.filled_store import opening, other_process, store
from tests.support.small_disk import CHECKOUT

__all__ = ["store"]

HOLD = "with store.workdir('build') as work:\n    (work / 'half').touch()\n    print('holds')\n    time.sleep(60)\n"


def test_a_work_folder_is_empty_ours_and_gone_at_the_end_whatever_happens(store: Store) -> None:
    def fail_inside() -> None:
        with store.workdir("build") as work:
            assert [path.name for path in work.iterdir()] == ["lock"]
            (work / "deep" / "er").mkdir(parents=True)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_inside()
    assert list((store.root / "work").iterdir()) == []


def test_two_work_folders_of_different_names_live_side_by_side(store: Store) -> None:
    with store.workdir("one") as one, store.workdir("two") as two:
        (one / "f").write_text("1")
        assert store.sweep() == []
        assert (one / "f").exists()
        assert two.exists()


def test_a_work_folder_that_a_living_process_holds_is_refused_by_its_pid(store: Store) -> None:
    with other_process(store, HOLD) as process:
        with pytest.raises(
            StoreError, match=rf"in use by another run \(process {process.pid}\); let it end, or end it"
        ):
            store.workdir("build").__enter__()
        assert store.sweep() == []
        assert (store.root / "work/build/half").exists()


def test_the_same_holds_within_one_process(store: Store) -> None:
    with store.workdir("build"), pytest.raises(StoreError, match="in use by another run"):
        store.workdir("build").__enter__()


def test_waiting_gets_the_folder_once_its_holder_is_done(store: Store) -> None:
    with other_process(store, HOLD.replace("60", "1")):
        started = time.monotonic()
        with store.workdir("build", wait=20) as work:
            assert [path.name for path in work.iterdir()] == ["lock"]
        assert time.monotonic() - started < 10


def test_what_a_killed_process_left_is_swept_by_the_next(store: Store) -> None:
    with other_process(store, HOLD) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert (store.root / "work/build/half").exists()
    with store.workdir("other"):
        assert sorted(path.name for path in (store.root / "work").iterdir()) == ["other"]


def test_the_very_name_that_a_killed_process_held_is_free_at_once(store: Store) -> None:
    with other_process(store, HOLD) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
    with store.workdir("build") as work:
        assert not (work / "half").exists()


def test_sweep_names_what_it_removed_and_empties_the_bin_of_a_killed_sweep(store: Store) -> None:
    (store.root / "work/left").mkdir(parents=True)
    (store.root / "work/.gone-1/x").mkdir(parents=True)
    (store.root / "work/.gone-1/x/read-only").write_text("")
    assert store.sweep() == ["left"]
    assert list((store.root / "work").iterdir()) == []


def test_many_processes_at_once_share_one_name_one_after_another(store: Store) -> None:
    code = (
        "for _ in range(3):\n"
        "    with store.workdir('build', wait=60) as work:\n"
        "        os.close(os.open(work / 'alone', os.O_CREAT | os.O_EXCL))\n"
    )
    words = [sys.executable, "-c", opening(store) + code]
    processes = [subprocess.Popen(words, env={"PYTHONPATH": str(CHECKOUT)}) for _ in range(4)]
    assert [process.wait(timeout=120) for process in processes] == [0] * 4


def test_a_store_that_cannot_be_written_is_one_error() -> None:
    with pytest.raises(StoreError) as failed:
        Store(Path("/dev/null/x")).sweep()
    assert str(failed.value) == "/dev/null/x/work: cannot be written: /dev/null is no folder"
