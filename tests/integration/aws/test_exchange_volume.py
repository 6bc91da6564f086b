"""The carrier: its partitions lie where it says, under the names the guest looks for; nothing on it is random."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from hallmark.aws.ebs.blocks import data_extents
from hallmark.aws.exchange_volume import Carrier, make_carrier
from hallmark.common.errors import MediaError
from hallmark.common.iso import make_media
from hallmark.common.process import run

MIB = 1 << 20


@pytest.fixture
def iso(tmp_path: Path) -> Path:
    target = tmp_path / "media.iso"
    make_media(target, {"scripts/run.sh": b"#!/bin/sh\n", "debs/a.deb": b"\0" * 3_000_000}, label="HALLMARK", epoch=0)
    return target


def written(disk: Path) -> list[tuple[int, bytes]]:
    """What of a disk is no hole."""
    with disk.open("rb") as stream:
        extents = data_extents(stream.fileno(), disk.stat().st_size)
        return [(start, os.pread(stream.fileno(), end - start, start)) for start, end in extents]


def probe(disk: Path, start: int, size: int) -> dict[str, str]:
    """What udev would find in a partition."""
    found = run(["blkid", "--probe", "--offset", str(start), "--size", str(size), "-o", "export", disk], timeout=30)
    return dict(line.split("=", 1) for line in found.stdout.splitlines() if "=" in line)


def test_the_partitions_lie_where_the_carrier_says(iso: Path, tmp_path: Path) -> None:
    carrier = make_carrier(iso, tmp_path / "carrier.raw", results_mib=64)
    table = json.loads(run(["sfdisk", "--json", tmp_path / "carrier.raw"], timeout=30).stdout)["partitiontable"]
    assert table["label"] == "gpt"
    found = {each["name"]: (each["start"] * 512, each["size"] * 512) for each in table["partitions"]}
    media_room = -(-iso.stat().st_size // MIB) * MIB
    assert found == {
        "HALLMARK-MEDIA": (carrier.media_start, media_room),
        "HALLMARK-RESULTS": (carrier.results_start, 64 * MIB),
    }
    assert run(["sfdisk", "--verify", tmp_path / "carrier.raw"], timeout=30).returncode == 0


def test_the_first_partition_is_the_media_by_label_and_byte_for_byte(iso: Path, tmp_path: Path) -> None:
    carrier = make_carrier(iso, tmp_path / "carrier.raw", results_mib=16)
    found = probe(tmp_path / "carrier.raw", carrier.media_start, carrier.media_size)
    assert (found["TYPE"], found["LABEL"]) == ("iso9660", "HALLMARK")
    with (tmp_path / "carrier.raw").open("rb") as stream:
        stream.seek(carrier.media_start)
        assert stream.read(carrier.media_size) == iso.read_bytes()
        assert not any(stream.read(carrier.results_start + carrier.results_size - stream.tell()))


def test_it_is_whole_gib_and_sparse(iso: Path, tmp_path: Path) -> None:
    carrier = make_carrier(iso, tmp_path / "carrier.raw", results_mib=2048)
    found = (tmp_path / "carrier.raw").stat()
    assert (carrier.gib, found.st_size) == (3, 3 << 30)
    assert found.st_blocks * 512 < 4 * MIB


def test_the_same_media_give_the_same_bytes_and_others_another_identity(iso: Path, tmp_path: Path) -> None:
    made: list[Carrier] = [make_carrier(iso, tmp_path / name, results_mib=16) for name in ("a", "b")]
    assert made[0] == made[1]
    assert written(tmp_path / "a") == written(tmp_path / "b")
    assert make_carrier(iso, tmp_path / "c", results_mib=17).content != made[0].content


def test_an_iso_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"missing\.iso: expected a readable ISO image: No such file or directory$"):
        make_carrier(tmp_path / "missing.iso", tmp_path / "carrier.raw")
    assert list(tmp_path.iterdir()) == []
