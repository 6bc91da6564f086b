"""The store: images are added whole, states change in one step, and a channel follows accepted images alone."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import pytest

from hallmark.common.errors import StoreError
from hallmark.common.fingerprint import Sha256, hash_bytes, hash_file
from hallmark.store.store import KEPT_FAILURES, Store
from tests.support.filled_store import JUDGED, accepted, add, other_process, store
from tests.support.small_disk import run_on_small_disk

__all__ = ["store"]


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


def test_images_come_newest_first(store: Store) -> None:
    images = [add(store, str(age), age=age) for age in (5, 1, 9)]
    assert store.images() == [images[1], images[0], images[2]]


def test_a_fingerprint_that_no_image_has_is_not_found(store: Store) -> None:
    assert store.find(hash_bytes(b"1")) is None
    add(store, "2")
    assert store.find(hash_bytes(b"1")) is None


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


def test_no_channel_takes_an_accepted_image_whose_bytes_were_changed(store: Store) -> None:
    image = accepted(store)
    image.disk.chmod(0o644)
    image.disk.write_bytes(b"others")
    with pytest.raises(StoreError, match="expected the bytes that the build made, got others"):
        store.move_channel("web", "stable", image.id)
    assert store.channels() == {}


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
