"""Disks into EBS snapshots with the EBS direct APIs: only what is not zero, block by block, checksums at both ends.

Place in the pipeline: the carrier volume's image becomes the media snapshot, found again by the hash of its content
rather than uploaded twice (snapshots.py). download.py is the way back.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from hallmark.aws.ebs.blocks import (
    BLOCK,
    GIB,
    checksum,
    data_extents,
    is_zero,
    linear_checksum,
    read_block,
    touched_blocks,
    volume_gib,
)
from hallmark.aws.ebs.pace import Pace
from hallmark.aws.ebs.retry import Gone, Retrier, RetryPolicy, require_fields, stoppable
from hallmark.aws.ebs.snapshots import CONTENT, delete_snapshot, describe
from hallmark.aws.ebs.workers import run_workers
from hallmark.aws.errors import BrokenAnswerError
from hallmark.common.errors import AwsError
from hallmark.common.fingerprint import Sha256, fingerprint

if TYPE_CHECKING:
    from mypy_boto3_ebs import EBSClient
    from mypy_boto3_ebs.type_defs import (
        CompleteSnapshotResponseTypeDef,
        StartSnapshotRequestTypeDef,
        StartSnapshotResponseTypeDef,
    )
    from mypy_boto3_ec2 import EC2Client

_IDLE_MINUTES = 60  # the service fails a snapshot into which nothing is put for so long
_STARTS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Transfer:
    """How blocks are moved: workers (as many connections), puts a second (0: no limit), and the retries."""

    workers: int = 64
    puts_per_second: float = 900
    retry: RetryPolicy = field(default_factory=RetryPolicy)


@dataclass(frozen=True, kw_only=True, slots=True)
class TransferProgress:
    """How far a transfer has come: blocks looked at and to look at, and those of them that went over the network."""

    blocks: int
    of_blocks: int
    sent: int

    @property
    def sent_bytes(self) -> int:
        """Bytes of content that went over the network."""
        return self.sent * BLOCK


Report = Callable[[TransferProgress], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """A file to become a snapshot: the hash of what it is made of, the build that asks, its tags, the key's ARN.

    Without `kms_key` the account's default decides about encryption. Without `gib` the volume is as large as the file,
    in whole GiB.
    """

    path: Path
    content: Sha256
    build: str
    tags: Mapping[str, str]
    description: str = "Hallmark media"
    kms_key: str | None = None
    gib: int | None = None

    def token(self, gib: int, attempt: int = 0) -> str:
        """The client token of its StartSnapshot: the same for the same content, build, size and key."""
        inputs = {"content": self.content, "build": self.build, "gib": gib, "key": self.kms_key, "attempt": attempt}
        return fingerprint("ebs snapshot", inputs)


@dataclass(frozen=True, kw_only=True, slots=True)
class Uploaded:
    """The snapshot that was made; `blocks` were sent (0 when an earlier call had completed it), in `seconds`."""

    snapshot: str
    blocks: int
    seconds: float


def upload(
    job: Upload, *, ebs: EBSClient, ec2: EC2Client, how: Transfer | None = None, report: Report | None = None
) -> Uploaded:
    """Write a file's blocks that are not zero into a new snapshot and seal it; `wait_until_completed` does the rest.

    Clients are to be made with `client_config()`. A snapshot that could not be filled is deleted. `report` is called
    in this thread, twice a second. Raises AwsError.
    """
    how, began = how or Transfer(), time.monotonic()
    with _opened(job.path) as (descriptor, size):
        gib = job.gib or volume_gib(size)
        if size > gib * GIB:
            raise AwsError(f"{job.path}: expected at most {gib} GiB, the size of its volume, got {size} bytes")
        plan = list(touched_blocks(data_extents(descriptor, size)))
        for attempt in range(_STARTS):
            started = _start(ebs, job, gib, attempt, how.retry)
            snapshot, status = started["SnapshotId"], started["Status"]
            if status == "completed":
                return Uploaded(snapshot=snapshot, blocks=0, seconds=time.monotonic() - began)
            if status == "pending":
                filling = _Filling(snapshot=snapshot, descriptor=descriptor, plan=plan, ebs=ebs, ec2=ec2, how=how)
                if (blocks := filling.fill(report, started["BlockSize"])) is not None:
                    return Uploaded(snapshot=snapshot, blocks=blocks, seconds=time.monotonic() - began)
    raise AwsError(f"snapshot of {job.path.name}: {_STARTS} snapshots in a row failed or vanished; run again")


@contextmanager
def _opened(path: Path) -> Iterator[tuple[int, int]]:
    """A file's descriptor and size."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as problem:
        raise AwsError(f"{path}: expected a readable disk image: {problem.strerror}") from problem
    try:
        yield descriptor, os.lseek(descriptor, 0, os.SEEK_END)
    finally:
        os.close(descriptor)


def _start(ebs: EBSClient, job: Upload, gib: int, attempt: int, policy: RetryPolicy) -> StartSnapshotResponseTypeDef:
    """StartSnapshot. The same token gives the same snapshot: a lost answer, or a killed run, leaves none behind."""
    request: StartSnapshotRequestTypeDef = {
        "VolumeSize": gib,
        "Description": job.description,
        "Tags": [{"Key": key, "Value": value} for key, value in {**job.tags, CONTENT: job.content}.items()],
        "ClientToken": job.token(gib, attempt),
        "Timeout": _IDLE_MINUTES,
    }
    if job.kms_key is not None:
        request["Encrypted"], request["KmsKeyArn"] = True, job.kms_key
    key = f", key {job.kms_key}" if job.kms_key else ""
    what = f"start of a snapshot of {job.path.name} ({gib} GiB{key})"

    def ask() -> StartSnapshotResponseTypeDef:
        return require_fields(ebs.start_snapshot(**request), "SnapshotId", "Status", "BlockSize")

    return Retrier(ebs.meta.region_name, policy).call(what, ask)


def put_block(ebs: EBSClient, snapshot: str, index: int, data: bytes, expected: str) -> None:
    """Write one block whose checksum is `expected`; BrokenAnswerError when the answer does not say that it is there."""
    answer = ebs.put_snapshot_block(
        SnapshotId=snapshot,
        BlockIndex=index,
        BlockData=data,
        DataLength=BLOCK,
        Checksum=expected,
        ChecksumAlgorithm="SHA256",
    )
    if not answer["ResponseMetadata"]["HTTPHeaders"]:
        raise BrokenAnswerError("expected an answer with headers, it was cut short")
    if (found := answer.get("Checksum", expected)) != expected:
        raise BrokenAnswerError(f"expected SHA-256 {expected}, the service got {found}")


@dataclass(kw_only=True)
class _Filling:
    """One pending snapshot and the file that goes into it."""

    snapshot: str
    descriptor: int
    plan: Sequence[range]
    ebs: EBSClient
    ec2: EC2Client
    how: Transfer
    digests: dict[int, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.stop = threading.Event()
        self.retrier = Retrier(self.ebs.meta.region_name, self.how.retry, stop=self.stop)
        self.pace = Pace(self.how.puts_per_second)

    def fill(self, report: Report | None, block: int) -> int | None:
        """Put all blocks and seal the snapshot, or delete it; how many were put, None when it has vanished."""
        try:
            if block != BLOCK:
                raise AwsError(f"{self.snapshot}: expected blocks of {BLOCK} bytes, AWS answered {block}")
            self._put_all(report)
            self._complete()
        except BaseException as problem:
            self._delete_because_of(problem)
            if isinstance(problem, Gone):
                return None
            raise
        return len(self.digests)

    def _put_all(self, report: Report | None) -> None:
        total = sum(len(blocks) for blocks in self.plan)

        def tell(seen: int) -> None:
            if report is not None:
                report(TransferProgress(blocks=seen, of_blocks=total, sent=len(self.digests)))

        workers = max(1, min(self.how.workers, total))
        with stoppable(self.ebs, self.stop):
            run_workers(chain.from_iterable(self.plan), self._put, workers=workers, stop=self.stop, tick=tell)

    def _put(self, index: int) -> None:
        data = read_block(self.descriptor, index)
        if is_zero(data):
            return
        digest = hashlib.sha256(data).digest()
        what = f"write of block {index} of snapshot {self.snapshot}"
        self.retrier.call(what, lambda: self._put_once(index, data, digest))
        self.digests[index] = digest

    def _put_once(self, index: int, data: bytes, digest: bytes) -> None:
        self.retrier.pause(self.pace.reserve())
        put_block(self.ebs, self.snapshot, index, data, checksum(digest))

    def _complete(self) -> None:
        def ask() -> CompleteSnapshotResponseTypeDef:
            answer = self.ebs.complete_snapshot(
                SnapshotId=self.snapshot,
                ChangedBlocksCount=len(self.digests),
                Checksum=linear_checksum(self.digests),
                ChecksumAlgorithm="SHA256",
                ChecksumAggregationMethod="LINEAR",
            )
            return require_fields(answer, "Status")

        retrier = Retrier(self.ebs.meta.region_name, self.how.retry)
        try:
            retrier.call(f"completion of snapshot {self.snapshot}", ask)
        except AwsError:
            # The answer to an earlier try may have been lost: then it is sealed already, and cannot be sealed again.
            if not self._is_sealed(retrier):
                raise

    def _is_sealed(self, retrier: Retrier) -> bool:
        try:
            return describe(self.ec2, self.snapshot, retrier)["State"] == "completed"
        except AwsError:
            return False

    def _delete_because_of(self, problem: BaseException) -> None:
        """Leave no half-filled snapshot; if that fails too, the error says what is left."""
        try:
            delete_snapshot(self.ec2, self.snapshot, policy=self.how.retry)
        except AwsError as second:
            left = f"{self.snapshot} is left behind, `hallmark sweep` removes it ({second})"
            if isinstance(problem, AwsError):
                problem.args = (f"{problem}; {left}",)
            else:
                problem.add_note(left)
