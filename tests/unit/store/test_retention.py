"""What `gc` keeps, and what it takes."""

from __future__ import annotations

import signal

from hallmark.common.fingerprint import hash_bytes
from hallmark.store.store import Store
from tests.support.filled_store import accepted, add, other_process, store

__all__ = ["store"]


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
