"""A .deb whose files are not compressed, for dpkg on a host that counts its memory.

dpkg's decoder of .xz holds whole blocks, 50 MiB for a kernel; this one holds the dictionary, 8 MiB.
"""

from __future__ import annotations

import lzma
from pathlib import Path
from typing import BinaryIO

_MAGIC = b"!<arch>\n"
_HEADER, _SIZE = 60, slice(48, 58)
_COMPRESSED, _PLAIN = b"data.tar.xz", b"data.tar"
_BLOCK = 1 << 20


def write_unpacked(source: Path, target: Path) -> None:
    """Copy a .deb, its data.tar.xz as data.tar; one that is compressed otherwise is copied as it is.

    Raises ValueError for what is no .deb.
    """
    with source.open("rb") as deb, target.open("wb") as out:
        if deb.read(len(_MAGIC)) != _MAGIC:
            raise ValueError(f"{source}: expected a .deb")
        out.write(_MAGIC)
        while header := deb.read(_HEADER):
            size = int(header[_SIZE])
            member = _copy if header[:16].rstrip(b" /") != _COMPRESSED else _decompress
            member(deb, out, header, size)
            if size % 2:
                deb.seek(1, 1)


def _copy(deb: BinaryIO, out: BinaryIO, header: bytes, size: int) -> None:
    out.write(header + deb.read(size) + b"\n" * (size % 2))


def _decompress(deb: BinaryIO, out: BinaryIO, header: bytes, size: int) -> None:
    """The header is written last: only then the size is known."""
    start = out.tell()
    out.seek(_HEADER, 1)
    decoder, left = lzma.LZMADecompressor(lzma.FORMAT_XZ), size
    while not decoder.eof:
        block = b""
        if decoder.needs_input:
            block = deb.read(min(_BLOCK, left))
            left -= len(block)
            if not block:
                raise ValueError(f"expected the end of {_COMPRESSED.decode()}, the file ends before")
        out.write(decoder.decompress(block, _BLOCK))
    deb.seek(left, 1)
    length = out.tell() - start - _HEADER
    out.write(b"\n" * (length % 2))
    out.seek(start)
    out.write(_PLAIN.ljust(16) + header[16:48] + str(length).encode().ljust(10) + header[58:])
    out.seek(0, 2)
