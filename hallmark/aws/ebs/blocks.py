"""Blocks of a snapshot: which of a file's are to be written, how they are read, and the checksums over them.

Nothing here knows of AWS's network. A block is 512 KiB at a multiple of its size; the last one of a file is filled up
with zeros. Only a block with a byte that is not zero is ever written, for an unwritten one reads as zeros.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping

BLOCK = 512 << 10
GIB = 1 << 30
_ZEROS = bytes(BLOCK)

Extent = tuple[int, int]
"""Start and end (exclusive), in bytes."""


def volume_gib(size: int) -> int:
    """The smallest volume, in GiB, that holds `size` bytes."""
    return max(1, -(-size // GIB))


def data_extents(descriptor: int, size: int) -> Iterator[Extent]:
    """The parts of a file that are no holes, in order; the whole file where its file system knows no holes."""
    position = 0
    while position < size:
        try:
            start = os.lseek(descriptor, position, os.SEEK_DATA)
            end = os.lseek(descriptor, start, os.SEEK_HOLE)
        except OSError as problem:
            if problem.errno == errno.ENXIO:  # only holes follow
                return
            if problem.errno not in (errno.EINVAL, errno.EOPNOTSUPP):
                raise
            start, end = position, size
        if start >= size:
            return
        yield start, min(end, size)
        position = end


def touched_blocks(extents: Iterable[Extent], *, block: int = BLOCK) -> Iterator[range]:
    """The blocks that ascending extents touch, as ascending ranges of indexes that do not overlap."""
    following = 0
    for start, end in extents:
        first, last = max(start // block, following), -(-end // block)
        if start < end and first < last:
            yield range(first, last)
            following = last


def read_block(descriptor: int, index: int) -> bytes:
    """One whole block of a file, zeros behind the file's end."""
    data = os.pread(descriptor, BLOCK, index * BLOCK)
    while 0 < len(data) < BLOCK and (more := os.pread(descriptor, BLOCK - len(data), index * BLOCK + len(data))):
        data += more
    return data if len(data) == BLOCK else data.ljust(BLOCK, b"\0")


def is_zero(data: bytes | memoryview) -> bool:
    """Whether up to BLOCK bytes are all zero."""
    return data == memoryview(_ZEROS)[: len(data)]


def checksum(digest: bytes) -> str:
    """A SHA-256 digest as the service writes it: base64."""
    return base64.b64encode(digest).decode()


def linear_checksum(digests: Mapping[int, bytes]) -> str:
    """The LINEAR aggregate: SHA-256 over the digests (32 bytes each) of all written blocks in order of their index."""
    whole = hashlib.sha256()
    for index in sorted(digests):
        whole.update(digests[index])
    return checksum(whole.digest())


def blocks_within(start: int, length: int, *, block: int = BLOCK) -> range:
    """The indexes of the blocks that hold the bytes from `start` on, `length` of them."""
    return range(start // block, -(-(start + length) // block) if length else start // block)


def overlap(index: int, start: int, length: int, *, block: int = BLOCK) -> tuple[slice, int]:
    """Which part of a block lies in a range of bytes, and where in that range the part begins."""
    first = max(index * block, start)
    last = max(min((index + 1) * block, start + length), first)
    return slice(first - index * block, last - index * block), first - start
