"""One image of the store: its record, its id, and whether all of it is there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hallmark.common.errors import StoreError
from hallmark.store.store import Store
from tests.support.filled_store import accepted, store

__all__ = ["store"]


def test_the_record_holds_no_paths_so_that_a_store_can_be_moved(store: Store, tmp_path: Path) -> None:
    image = accepted(store)
    store.move_channel("web", "stable", image.id)
    store.root.rename(tmp_path / "elsewhere")
    moved = Store(tmp_path / "elsewhere")
    assert moved.image(image.id).disk == tmp_path / "elsewhere/images" / image.id / "disk.qcow2"
    assert moved.channel_target("web", "stable") == moved.image(image.id)


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


@pytest.mark.parametrize("name", ["../../etc", "", "web", "web-XYZ", "/etc", "web-0123456789abcdef/../x"])
def test_an_id_that_cannot_be_one_is_refused(store: Store, name: str) -> None:
    with pytest.raises(StoreError, match="expected an image's id, such as debian-13-server-0123456789abcdef"):
        store.image(name)
