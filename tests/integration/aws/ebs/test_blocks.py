"""Which blocks are written, and the checksums over them."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from hallmark.aws.ebs.blocks import (
    BLOCK,
    GIB,
    blocks_within,
    data_extents,
    is_zero,
    linear_checksum,
    overlap,
    read_block,
    touched_blocks,
    volume_gib,
)
from tests.support.aws.ebs_account import disk

ascending = st.lists(st.integers(0, 5000), min_size=2, max_size=20).map(
    lambda points: list(zip(sorted(points)[::2], sorted(points)[1::2], strict=False))
)


@given(ascending, st.integers(1, 512))
def test_each_byte_of_an_extent_lies_in_exactly_one_touched_block(extents: list[tuple[int, int]], block: int) -> None:
    touched = [index for blocks in touched_blocks(extents, block=block) for index in blocks]
    assert touched == sorted({byte // block for start, end in extents for byte in range(start, end)})


@given(st.integers(0, 3000), st.integers(0, 3000), st.integers(1, 512))
def test_the_overlaps_of_a_ranges_blocks_are_the_range(start: int, length: int, block: int) -> None:
    bytes_of_volume = bytearray(range(256)) * 30
    volume = bytes(bytes_of_volume)
    found = bytearray(length)
    for index in blocks_within(start, length, block=block):
        within, position = overlap(index, start, length, block=block)
        piece = volume[index * block : (index + 1) * block][within]
        found[position : position + len(piece)] = piece
    assert bytes(found) == volume[start : start + length]


@given(st.dictionaries(st.integers(0, 1 << 20), st.binary(min_size=32, max_size=32)))
def test_the_linear_checksum_hashes_the_digests_by_index_whatever_the_order_of_arrival(
    digests: dict[int, bytes],
) -> None:
    joined = b"".join(digest for _, digest in sorted(digests.items()))
    expected = base64.b64encode(hashlib.sha256(joined).digest()).decode()
    assert linear_checksum(digests) == expected
    assert linear_checksum(dict(reversed(digests.items()))) == expected


def test_a_volume_has_whole_gib_and_at_least_one() -> None:
    assert [volume_gib(size) for size in (0, 1, GIB, GIB + 1, 8 * GIB)] == [1, 1, 1, 2, 8]


def test_holes_are_not_looked_at(tmp_path: Path) -> None:
    path = disk(tmp_path / "disk", {2: b"x", 1000: b"y"}, size=1 << 30)
    with path.open("rb") as stream:
        touched = [i for blocks in touched_blocks(data_extents(stream.fileno(), 1 << 30)) for i in blocks]
    assert touched == [2, 1000]


def test_a_file_of_holes_alone_and_an_empty_file_have_no_extents(tmp_path: Path) -> None:
    for size in (0, 1 << 30):
        with disk(tmp_path / "disk", {}, size=size).open("rb") as stream:
            assert list(data_extents(stream.fileno(), size)) == []


def test_the_last_block_is_filled_up_with_zeros(tmp_path: Path) -> None:
    path = tmp_path / "disk"
    path.write_bytes(b"a" * BLOCK + b"end")
    with path.open("rb") as stream:
        assert read_block(stream.fileno(), 1) == b"end".ljust(BLOCK, b"\0")
        assert read_block(stream.fileno(), 2) == bytes(BLOCK)


def test_zeros_that_take_room_on_the_disk_are_known_for_what_they_are(tmp_path: Path) -> None:
    path = tmp_path / "disk"
    path.write_bytes(bytes(BLOCK) + bytes(BLOCK - 1) + b"x")
    with path.open("rb") as stream:
        assert [is_zero(read_block(stream.fileno(), index)) for index in (0, 1)] == [True, False]
