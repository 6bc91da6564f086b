"""The store: an image is listed only when it is whole, states change in one step, nothing of a dead run stays."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hallmark.common.errors import StoreError
from hallmark.common.fingerprint import Sha256, hash_bytes, hash_file
from hallmark.store.image import Image
from hallmark.store.store import KEPT_FAILURES, Store
from tests.support.small_disk import CHECKOUT, run_on_small_disk

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


HOLD = "with store.workdir('build') as work:\n    (work / 'half').touch()\n    print('holds')\n    time.sleep(60)\n"


# Images


def test_a_candidate_is_whole_and_says_what_it_is(store: Store) -> None:
    image = add(store)
    assert image == store.image(image.id) == store.find(hash_bytes(b"1"))
    assert store.images() == [image]
    assert image.id == f"web-{hash_bytes(b'1')[:16]}"
    assert image.disk == store.root / "images" / image.id / "disk.qcow2"
    assert image.disk.read_text() == "disk 1"
    assert (image.evidence / "console.log").read_text() == "booted"
    assert (image.state, image.created, image.packages) == ("candidate", "2026-01-02T03:04:05Z", 300)
    assert (image.sha256, image.size) == (hash_file(image.disk), 6)
    assert image.acceptance is None


def test_the_disk_is_read_only_and_the_evidence_readable_by_all(store: Store) -> None:
    image = add(store)
    assert image.disk.stat().st_mode & 0o777 == 0o444
    assert image.evidence.stat().st_mode & 0o777 == 0o755
    assert (image.evidence / "console.log").stat().st_mode & 0o777 == 0o644
    assert image.folder.stat().st_mode & 0o777 == 0o755


def test_nothing_is_left_in_the_work_folder(store: Store) -> None:
    add(store)
    assert list((store.root / "work").iterdir()) == []


def test_the_record_holds_no_paths_so_that_a_store_can_be_moved(store: Store, tmp_path: Path) -> None:
    image = accepted(store)
    store.move_channel("web", "stable", image.id)
    store.root.rename(tmp_path / "elsewhere")
    moved = Store(tmp_path / "elsewhere")
    assert moved.image(image.id).disk == tmp_path / "elsewhere/images" / image.id / "disk.qcow2"
    assert moved.channel_target("web", "stable") == moved.image(image.id)


def test_images_come_newest_first(store: Store) -> None:
    images = [add(store, str(age), age=age) for age in (5, 1, 9)]
    assert store.images() == [images[1], images[0], images[2]]


def test_a_fingerprint_that_no_image_has_is_not_found(store: Store) -> None:
    assert store.find(hash_bytes(b"1")) is None
    add(store, "2")
    assert store.find(hash_bytes(b"1")) is None


@pytest.mark.parametrize("damage", ["disk", "record", "record-cut", "record-of-another", "disk-cut", "format"])
def test_an_image_that_is_not_whole_is_neither_listed_nor_found(store: Store, damage: str) -> None:
    image = accepted(store)
    store.move_channel("web", "stable", image.id)
    record = image.folder / "image.json"
    fields = json.loads(record.read_text())
    match damage:
        case "disk":
            image.disk.unlink()
        case "record":
            record.unlink()
        case "record-cut":
            record.write_text(record.read_text()[:50])
        case "record-of-another":
            record.write_text(json.dumps({**fields, "id": "web-0123456789abcdef"}))
        case "disk-cut":
            image.disk.chmod(0o644)
            image.disk.write_text("dis")
        case _:
            record.write_text(json.dumps({**fields, "format": 2}))
    assert store.images() == []
    assert store.find(image.fingerprint) is None
    assert store.channel_target("web", "stable") is None
    with pytest.raises(StoreError, match=rf"{image.id}: no such image in .*; `hallmark images` lists what is there"):
        store.image(image.id)


def test_an_image_that_lost_its_disk_can_be_built_again_under_its_channel(store: Store) -> None:
    image = accepted(store)
    store.move_channel("web", "stable", image.id)
    image.disk.unlink()
    again = add(store)
    assert again.state == "candidate"
    assert store.channel_target("web", "stable") == again


def test_the_same_image_is_not_added_twice(store: Store) -> None:
    image = accepted(store)
    with pytest.raises(StoreError, match="expected no such image yet; it is there and whole"):
        add(store)
    assert store.images() == [image]


@pytest.mark.parametrize("name", ["../../etc", "", "web", "web-XYZ", "/etc", "web-0123456789abcdef/../x"])
def test_an_id_that_cannot_be_one_is_refused(store: Store, name: str) -> None:
    with pytest.raises(StoreError, match="expected an image's id, such as debian-13-server-0123456789abcdef"):
        store.image(name)


@pytest.mark.parametrize("name", ["../x", "", "a/b", ".x", "-x", "a b"])
def test_a_recipe_channel_or_work_folder_needs_a_plain_name(store: Store, name: str) -> None:
    image = accepted(store)
    for act in (
        lambda: store.move_channel(name, "stable", image.id),
        lambda: store.channel_target("web", name),
        lambda: store.workdir(name),
        lambda: store.keep_failure(name, image.evidence),
    ):
        with pytest.raises(StoreError, match=r"expected a(n image of| name of letters)"):
            act()


# States and channels


def test_acceptance_and_rejection_are_remembered_with_what_judged(store: Store) -> None:
    image = store.accept(add(store).id, JUDGED)
    assert (image.state, image.acceptance, image.reason) == ("accepted", JUDGED, None)
    image = store.reject(image.id, hash_bytes(b"stricter"), "no SSH")
    assert (image.state, image.acceptance, image.reason) == ("rejected", hash_bytes(b"stricter"), "no SSH")
    assert store.image(image.id) == image


def test_retry_makes_a_rejected_image_a_candidate_again_and_refuses_any_other(store: Store) -> None:
    image = add(store)
    with pytest.raises(StoreError, match="expected a rejected image, got one that is candidate"):
        store.retry(image.id)
    store.reject(image.id, JUDGED, "no SSH")
    assert store.retry(image.id) == image
    store.accept(image.id, JUDGED)
    with pytest.raises(StoreError, match="expected a rejected image, got one that is accepted"):
        store.retry(image.id)


def test_a_channel_follows_accepted_images_only(store: Store) -> None:
    image = add(store)
    with pytest.raises(StoreError, match="expected an accepted image for channel stable, got one that is candidate"):
        store.move_channel("web", "stable", image.id)
    store.reject(image.id, JUDGED, "no SSH")
    with pytest.raises(StoreError, match="expected an accepted image for channel stable, got one that is rejected"):
        store.move_channel("web", "stable", image.id)
    assert store.channel_target("web", "stable") is None
    store.accept(image.id, JUDGED)
    store.move_channel("web", "stable", image.id)
    assert store.channels() == {("web", "stable"): image.id}


def test_a_channel_takes_no_image_of_another_recipe_and_none_that_is_not_there(store: Store) -> None:
    image = accepted(store)
    with pytest.raises(StoreError, match="expected an image of db for its channel stable, got one of web"):
        store.move_channel("db", "stable", image.id)
    with pytest.raises(StoreError, match="no such image"):
        store.move_channel("web", "stable", "web-0123456789abcdef")
    assert store.channels() == {}


def test_a_rejected_candidate_leaves_the_channel_where_it_is(store: Store) -> None:
    old = accepted(store, "old", age=10)
    store.move_channel("web", "stable", old.id)
    store.reject(add(store, "new").id, JUDGED, "no SSH")
    assert store.channel_target("web", "stable") == old


def test_whoever_looks_while_a_channel_moves_sees_one_image_or_the_other(store: Store) -> None:
    pair = [accepted(store, "a"), accepted(store, "b")]
    store.move_channel("web", "stable", pair[0].id)
    seen = set()
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            target = store.channel_target("web", "stable")
            seen.add(target.id if target else None)

    watcher = threading.Thread(target=look)
    watcher.start()
    for number in range(100):
        store.move_channel("web", "stable", pair[number % 2].id)
    done.set()
    watcher.join()
    assert seen <= {pair[0].id, pair[1].id}


# Work folders


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


@pytest.mark.parametrize("moment", ["hash_file", "save_image", "sync_tree"])
def test_a_kill_while_an_image_is_added_leaves_no_image_and_the_next_run_adds_it(store: Store, moment: str) -> None:
    code = f"""
import hallmark.store.store as module
from hallmark.common.fingerprint import hash_bytes
def hang(*_):
    print("half"); time.sleep(60)
module.{moment} = hang
with store.workdir("build-1") as work:
    (work / "d").write_text("disk 1"); (work / "e").mkdir()
    store.add_candidate(work / "d", work / "e", recipe="web", fingerprint=hash_bytes(b"1"))
"""
    with other_process(store, code) as process:
        assert store.images() == []
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert store.images() == []
    image = add(store)
    assert store.images() == [image]
    assert list((store.root / "work").iterdir()) == []


# Failures, room


def test_each_recipes_newest_failures_are_kept(store: Store, tmp_path: Path) -> None:
    kept = []
    for number in range(KEPT_FAILURES + 2):
        evidence = tmp_path / f"evidence{number}"
        evidence.mkdir()
        (evidence / "console.log").write_text(str(number))
        kept.append(store.keep_failure("web", evidence))
    other = tmp_path / "other"
    other.mkdir()
    store.keep_failure("web-2", other)
    assert [path / "evidence" for path in store.failures("web")] == kept[: -KEPT_FAILURES - 1 : -1]
    assert (kept[-1] / "console.log").read_text() == str(KEPT_FAILURES + 1)
    assert len(store.failures("web-2")) == 1
    assert not kept[0].exists()
    assert store.images() == []


def test_want_of_room_is_told_with_both_figures(store: Store) -> None:
    store.need_room(1)
    with pytest.raises(StoreError, match=r"store: no room: expected \d+ MiB free, got \d+ MiB; make room there"):
        store.need_room(1 << 60)


def test_a_disk_that_fills_while_an_image_is_added_is_a_clear_error_and_lists_nothing(tmp_path: Path) -> None:
    code = f"""
import os
from hallmark.common.errors import StoreError
from hallmark.common.fingerprint import hash_bytes
from hallmark.store.store import Store
outside = Path({str(tmp_path)!r}) / "outside"
(outside / "e").mkdir(parents=True)
(outside / "d").write_bytes(bytes(8 << 20))
store = Store(disk / "store")
try:
    store.add_candidate(outside / "d", outside / "e", recipe="web", fingerprint=hash_bytes(b"1"))
except StoreError as error:
    print(error)
print(store.images(), list((disk / "store/work").iterdir()), (outside / "d").exists())
"""
    (tmp_path / "disk").mkdir()
    said = run_on_small_disk(tmp_path / "disk", code, mebibytes=4).splitlines()
    assert said[0].endswith("no room left on its file system (No space left on device); make room there")
    assert said[1] == "[] [] True"


# Retention


def test_gc_keeps_each_recipes_newest_and_what_channels_point_at(store: Store) -> None:
    images = [accepted(store, str(age), age=age) for age in range(5)]
    other = accepted(store, "other", recipe="db", age=99)
    store.move_channel("web", "stable", images[4].id)
    going = [images[2].id, images[3].id]
    assert sorted(store.gc(2, dry_run=True)) == sorted(going)
    assert len(store.images()) == 6
    assert sorted(store.gc(2)) == sorted(going)
    assert {image.id for image in store.images()} == {images[0].id, images[1].id, images[4].id, other.id}
    assert not images[2].folder.exists()


def test_gc_counts_accepted_images_alone_and_keeps_the_newest_rejected(store: Store) -> None:
    good = [accepted(store, f"good-{age}", age=age) for age in (10, 11, 12)]
    bad = [add(store, f"bad-{age}", age=age) for age in (1, 2, 3, 20)]
    for image in bad:
        store.reject(image.id, hash_bytes(b"tests"), "unfit")
    assert sorted(store.gc(2)) == sorted([good[2].id, bad[1].id, bad[2].id, bad[3].id])
    assert [image.id for image in store.images()] == [bad[0].id, good[0].id, good[1].id]


def test_no_channel_takes_an_accepted_image_whose_bytes_were_changed(store: Store) -> None:
    image = accepted(store)
    image.disk.chmod(0o644)
    image.disk.write_bytes(b"others")
    with pytest.raises(StoreError, match="expected the bytes that the build made, got others"):
        store.move_channel("web", "stable", image.id)
    assert store.channels() == {}


def test_gc_leaves_an_image_that_a_running_machine_uses(store: Store) -> None:
    image = accepted(store)
    code = f"with store.using({image.id!r}):\n    print('runs')\n    time.sleep(60)\n"
    with other_process(store, code) as process:
        with store.using(image.id):
            pass
        assert store.gc(0) == []
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert store.gc(0) == [image.id]


def test_gc_leaves_candidates_that_may_still_be_judged_and_takes_those_that_were_overtaken(store: Store) -> None:
    overtaken = add(store, "old", age=9)
    accepted(store, "middle", age=5)
    waiting = add(store, "new")
    removed = store.gc(0)
    assert overtaken.id in removed
    assert store.images() == [waiting]


def test_gc_removes_what_is_not_whole_unless_a_channel_points_at_it(store: Store) -> None:
    broken, released = accepted(store, "1"), accepted(store, "2")
    store.move_channel("web", "stable", released.id)
    broken.disk.unlink()
    released.disk.unlink()
    assert store.gc(3) == [broken.id]
    assert released.evidence.exists()


def test_an_image_that_was_removed_cannot_be_used(store: Store) -> None:
    image = accepted(store)
    store.gc(0)
    with pytest.raises(StoreError, match="no such image"), store.using(image.id):
        pass


def test_looking_at_a_store_that_does_not_exist_makes_nothing(store: Store) -> None:
    assert store.images() == []
    assert store.channels() == {}
    assert store.find(Sha256("0" * 64)) is None
    assert store.failures("web") == []
    assert not store.root.exists()


def test_no_descriptor_stays_open(store: Store) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    image = accepted(store)
    with store.using(image.id), store.workdir("x"):
        pass
    store.gc(0)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
