"""A range of bytes out of a snapshot: only the written blocks, each held to its checksum, into a sparse file.

Place in the pipeline: what a machine wrote to its results partition. guest/results.py reads it and trusts none of it.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hallmark.aws.ebs.blocks import BLOCK, blocks_within, checksum, is_zero, overlap
from hallmark.aws.ebs.pace import Pace
from hallmark.aws.ebs.retry import Retrier, require_fields, stoppable
from hallmark.aws.ebs.upload import Report, Transfer, TransferProgress
from hallmark.aws.ebs.workers import run_workers
from hallmark.aws.errors import BrokenAnswerError
from hallmark.common.errors import AwsError
from hallmark.common.files import need_room, room_or

if TYPE_CHECKING:
    from mypy_boto3_ebs import EBSClient
    from mypy_boto3_ebs.type_defs import ListSnapshotBlocksRequestTypeDef, ListSnapshotBlocksResponseTypeDef

_PAGE = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Range:
    """Bytes of a volume: where they start and how many they are."""

    start: int
    length: int


def download(
    snapshot: str,
    part: Range,
    target: Path,
    *,
    ebs: EBSClient,
    how: Transfer | None = None,
    report: Report | None = None,
) -> int:
    """Write the bytes of `part` to the new sparse file `target`, whole or not at all; how many blocks were fetched.

    Raises AwsError, also when AWS lists more than `part` can hold.
    """
    fetching = _Fetching(snapshot, part, ebs, how or Transfer())
    blocks = fetching.list_blocks()
    need_room(target.parent, len(blocks) * BLOCK, AwsError)
    with room_or(target, AwsError), tempfile.TemporaryDirectory(dir=target.parent, prefix=".ebs-") as scratch:
        draft = Path(scratch) / "part"
        descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        try:
            os.ftruncate(descriptor, part.length)
            fetching.fetch_all(blocks, descriptor, report)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        draft.replace(target)
    return len(blocks)


class _Fetching:
    """One snapshot, the part of it that is wanted, and how."""

    def __init__(self, snapshot: str, part: Range, ebs: EBSClient, how: Transfer) -> None:
        self.snapshot, self.part, self.ebs, self.how = snapshot, part, ebs, how
        self.stop = threading.Event()
        self.retrier = Retrier(ebs.meta.region_name, how.retry, stop=self.stop)
        self.pace = Pace(how.puts_per_second)

    def list_blocks(self) -> dict[int, str]:
        """The written blocks of the part: index → token."""
        wanted = blocks_within(self.part.start, self.part.length)
        found: dict[int, str] = {}
        token, pages = None, 0
        while True:
            page = self._list_page(wanted.start, token)
            pages += 1
            indexes = [block["BlockIndex"] for block in page["Blocks"]]
            found |= {
                block["BlockIndex"]: block["BlockToken"] for block in page["Blocks"] if block["BlockIndex"] in wanted
            }
            token = page.get("NextToken")
            if not token or (indexes and max(indexes) >= wanted.stop):
                return found
            if pages > len(wanted) // _PAGE + 10:
                raise AwsError(
                    f"blocks of snapshot {self.snapshot}: expected at most {len(wanted)}, AWS lists more and more; "
                    "run again"
                )

    def _list_page(self, first: int, token: str | None) -> ListSnapshotBlocksResponseTypeDef:
        request: ListSnapshotBlocksRequestTypeDef = {"SnapshotId": self.snapshot, "MaxResults": _PAGE}
        if token is None:
            request["StartingBlockIndex"] = first
        else:
            request["NextToken"] = token
        what = f"list of the blocks of snapshot {self.snapshot}"

        def ask() -> ListSnapshotBlocksResponseTypeDef:
            return require_fields(self.ebs.list_snapshot_blocks(**request), "Blocks", "BlockSize")

        page = self.retrier.call(what, ask)
        if page["BlockSize"] != BLOCK:
            raise AwsError(f"{what}: expected blocks of {BLOCK} bytes, AWS answered {page['BlockSize']}")
        return page

    def fetch_all(self, blocks: dict[int, str], descriptor: int, report: Report | None) -> None:
        """Get the blocks and write those of their bytes that belong to the part and are not all zero."""

        def fetch(item: tuple[int, str]) -> None:
            index, token = item
            what = f"read of block {index} of snapshot {self.snapshot}"
            data = self.retrier.call(what, lambda: self._get_once(index, token))
            within, position = overlap(index, self.part.start, self.part.length)
            if not is_zero(piece := memoryview(data)[within]):
                os.pwrite(descriptor, piece, position)

        def tell(taken: int) -> None:
            if report is not None:
                report(TransferProgress(blocks=taken, of_blocks=len(blocks), sent=taken))

        workers = max(1, min(self.how.workers, len(blocks)))
        with stoppable(self.ebs, self.stop):
            run_workers(blocks.items(), fetch, workers=workers, stop=self.stop, tick=tell)

    def _get_once(self, index: int, token: str) -> bytes:
        self.retrier.pause(self.pace.reserve())
        answer = self.ebs.get_snapshot_block(SnapshotId=self.snapshot, BlockIndex=index, BlockToken=token)
        with answer["BlockData"] as body:
            data = body.read(BLOCK + 1)
        if len(data) != BLOCK or answer.get("ChecksumAlgorithm", "SHA256") != "SHA256":
            raise BrokenAnswerError(f"expected {BLOCK} bytes with their SHA-256, got {len(data)}")
        expected, found = answer.get("Checksum"), checksum(hashlib.sha256(data).digest())
        if expected != found:
            raise BrokenAnswerError(f"expected bytes with SHA-256 {expected}, got {found}")
        return data
