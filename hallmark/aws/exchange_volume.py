"""The carrier: the one volume that brings media to a machine on AWS and takes its results away.

A GPT with the media's ISO 9660 image as partition 1, found in the guest by its volume label
(/dev/disk/by-label/HALLMARK), and an empty partition 2 for the results (/dev/disk/by-partlabel/HALLMARK-RESULTS).
Nothing on it is random: the same media give the same bytes, so its snapshot can be found again by their hash.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path

from hallmark.aws.ebs.blocks import volume_gib
from hallmark.common.containment import writing
from hallmark.common.errors import MediaError
from hallmark.common.files import MIB, need_room, room_or
from hallmark.common.fingerprint import Sha256, fingerprint
from hallmark.common.process import run

MEDIA = "HALLMARK-MEDIA"
RESULTS = "HALLMARK-RESULTS"
_START, _TAIL = MIB, MIB
_SECTOR = 512
_LINUX = "0FC63DAF-8483-4772-8E79-3D69D8477DE4"


@dataclass(frozen=True, kw_only=True, slots=True)
class Carrier:
    """Where things lie on the carrier, in bytes, its size in GiB, and the identity of its content."""

    content: Sha256
    gib: int
    media_start: int
    media_size: int
    results_start: int
    results_size: int


def plan_carrier(media: Sha256, media_size: int, *, results_mib: int) -> Carrier:
    """The layout of a carrier for media with this hash (of the whole ISO) and size, and its identity."""
    results_start = _START + _round_up(media_size)
    end = results_start + results_mib * MIB + _TAIL
    inputs = {"media": media, "size": media_size, "results_mib": results_mib}
    return Carrier(
        content=fingerprint("carrier", inputs),
        gib=volume_gib(end),
        media_start=_START,
        media_size=media_size,
        results_start=results_start,
        results_size=results_mib * MIB,
    )


def make_carrier(iso: Path, target: Path, *, results_mib: int = 256) -> Carrier:
    """Write a carrier for `iso` as a sparse raw image of whole GiB; `target` appears whole or not at all.

    Raises MediaError for an unreadable ISO or want of room.
    """
    try:
        digest, size = _hash(iso)
    except OSError as problem:
        raise MediaError(f"{iso}: expected a readable ISO image: {problem.strerror}") from problem
    carrier = plan_carrier(digest, size, results_mib=results_mib)
    target.parent.mkdir(parents=True, exist_ok=True)
    need_room(target.parent, size + 2 * MIB, MediaError)
    with room_or(target, MediaError), tempfile.TemporaryDirectory(dir=target.parent, prefix=".carrier-") as scratch:
        draft = Path(scratch) / "carrier.raw"
        with draft.open("wb") as stream:
            stream.truncate(carrier.gib << 30)
        _partition(draft, carrier)
        if _copy_in(iso, draft, carrier.media_start) != (digest, size):
            raise MediaError(f"{iso}: it was changed while it was copied; run again")
        draft.replace(target)
    return carrier


def _round_up(size: int) -> int:
    return -(-size // MIB) * MIB


def _hash(path: Path) -> tuple[Sha256, int]:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return Sha256(digest), stream.tell()


def _partition(disk: Path, carrier: Carrier) -> None:
    def name(what: str) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"hallmark:{carrier.content}:{what}"))

    def partition(what: str, label: str, start: int, size: int) -> str:
        return f"start={start // _SECTOR}, size={size // _SECTOR}, type={_LINUX}, uuid={name(what)}, name={label}"

    lines = (
        "label: gpt",
        f"label-id: {name('disk')}",
        partition("media", MEDIA, carrier.media_start, _round_up(carrier.media_size)),
        partition("results", RESULTS, carrier.results_start, carrier.results_size),
    )
    table = "\n".join(lines)
    run(
        ["sfdisk", "--quiet", "--no-reread", "--no-tell-kernel", disk],
        stdin=table.encode(),
        timeout=60,
        reach=writing(disk.parent),
    )


def _copy_in(source: Path, disk: Path, offset: int) -> tuple[Sha256, int]:
    """Copy a file's bytes to an offset, leaving holes for zeros; the hash and size of what was read."""
    digest, position = hashlib.sha256(), 0
    with source.open("rb") as stream, disk.open("r+b") as out:
        while chunk := stream.read(MIB):
            digest.update(chunk)
            if chunk.count(0) != len(chunk):
                os.pwrite(out.fileno(), chunk, offset + position)
            position += len(chunk)
        os.fsync(out.fileno())
    return Sha256(digest.hexdigest()), position
