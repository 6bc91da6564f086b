"""The EBS direct APIs as the service has them, where moto is laxer; each point has a test that fails on bare moto.

- StartSnapshot: BlockSize is 524288 (moto says 512); the client token is honoured (same request: same snapshot, another
  one: ConflictException); KmsKeyArn must be the ARN of an enabled key, and go with Encrypted; no volume is made.
- PutSnapshotBlock, CompleteSnapshot: checksums, lengths and the count are checked; only a pending snapshot takes
  blocks.
- EC2 shows the snapshot as pending until it is completed.
- ListSnapshotBlocks: sorted, with StartingBlockIndex, MaxResults and NextToken. GetSnapshotBlock: the token is checked.
- What does not exist is ResourceNotFoundException, no KeyError.

`extended()` is for tests in this process, `extend()` for a moto server for good; `put_volume` gives a snapshot that EC2
made (of a volume, of an AMI) the blocks of a file, `write_disk` makes a disk of a snapshot's blocks.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from unittest.mock import patch

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.ebs.models import Block, EBSBackend, EBSSnapshot, ebs_backends
from moto.ebs.responses import EBSResponse
from moto.ec2.models import ec2_backends
from moto.kms.models import kms_backends

from hallmark.aws.ebs.blocks import data_extents, is_zero, read_block, touched_blocks

BLOCK = 524288
_PAGE = 10000


class EbsError(ServiceException):
    """An error of the service, with the reason that goes with its code."""

    def __init__(self, code: str, message: str, reason: str = "") -> None:
        super().__init__(code, message)
        if reason:
            self.Reason = reason


class StrictSnapshot(EBSSnapshot):
    """A snapshot with the service's block size, and the request that it was started with."""

    def __init__(self, account_id: str, snapshot: Any, request: str = "") -> None:
        super().__init__(account_id, snapshot)
        self.block_size = BLOCK
        self.request = request


class KeptBlock(Block):
    """A block that lies in a file: whole disks would not fit into memory."""

    def __init__(self, file: IO[bytes], index: int) -> None:
        super().__init__(b"", None, "SHA256", BLOCK)
        self._file, self._index = file, index

    @property
    def block_data(self) -> bytes:
        return read_block(self._file.fileno(), self._index)

    @block_data.setter
    def block_data(self, value: bytes) -> None:
        """It is what the file says."""

    @property
    def checksum(self) -> str:
        return _sum(hashlib.sha256(self.block_data).digest())

    @checksum.setter
    def checksum(self, value: str | None) -> None:
        """It is what the file says."""


def put_volume(snapshot_id: str, path: Path, *, account: str, region: str) -> None:
    """Let a snapshot that EC2 knows have the blocks of a file (a raw disk) that are not zero; they are copied."""
    snapshot = StrictSnapshot(account, ec2_backends[account][region].get_snapshot(snapshot_id))
    snapshot.status = "completed"
    # Without a name: it goes with the last block that refers to it.
    kept = tempfile.TemporaryFile(dir=path.parent)  # noqa: SIM115
    with path.open("rb") as stream:
        source = stream.fileno()
        for part in touched_blocks(data_extents(source, path.stat().st_size)):
            for index in part:
                if not is_zero(data := read_block(source, index)):
                    os.pwrite(kept.fileno(), data, index * BLOCK)
                    snapshot.blocks[index] = KeptBlock(kept, index)
    ebs_backends[account][region].snapshots[snapshot_id] = snapshot


def write_disk(snapshot_id: str | None, target: Path, *, gib: int, account: str, region: str) -> None:
    """A sparse raw disk of so many GiB with the blocks of a snapshot; all zeros where the snapshot has none."""
    snapshot = ebs_backends[account][region].snapshots.get(snapshot_id or "")
    with target.open("wb") as out:
        out.truncate(gib << 30)
        for index, block in dict(snapshot.blocks if snapshot else {}).items():
            os.pwrite(out.fileno(), block.block_data, index * BLOCK)


def start_snapshot(self: EBSResponse) -> ActionResult:
    """StartSnapshot with token and key."""
    names = (
        "VolumeSize",
        "ParentSnapshotId",
        "Tags",
        "Description",
        "ClientToken",
        "Encrypted",
        "KmsKeyArn",
        "Timeout",
    )
    asked = {name: self._get_param(name) for name in names}
    backend = self.ebs_backend
    snapshot = _known(backend, asked) or _new(backend, asked)
    answer = {
        "SnapshotId": snapshot.snapshot_id,
        "OwnerId": snapshot.account_id,
        "Status": snapshot.status,
        "StartTime": snapshot.start_time,
        "VolumeSize": snapshot.volume_size,
        "BlockSize": snapshot.block_size,
        "Tags": snapshot.tags,
        "Description": snapshot.description,
        "KmsKeyArn": asked["KmsKeyArn"],
    }
    return ActionResult({key: value for key, value in answer.items() if value is not None})


def _known(backend: EBSBackend, asked: dict[str, Any]) -> EBSSnapshot | None:
    """The snapshot that was started with the same token."""
    for snapshot in backend.snapshots.values():
        request = json.loads(getattr(snapshot, "request", "") or "{}")
        if asked["ClientToken"] and request.get("ClientToken") == asked["ClientToken"]:
            if request != asked:
                raise EbsError("ConflictException", "The client token was used with another request.")
            return snapshot
    return None


def _new(backend: EBSBackend, asked: dict[str, Any]) -> EBSSnapshot:
    key = _checked_key(backend, asked)
    ec2 = backend.ec2_backend
    volume = ec2.create_volume(size=asked["VolumeSize"], zone_name=f"{backend.region_name}a")
    made = ec2.create_snapshot(volume_id=volume.id, description=asked["Description"] or "")
    ec2.delete_volume(volume.id)
    made.status, made.encrypted, made.kms_key_id = "pending", key is not None, key
    if asked["Tags"]:
        made.add_tags({tag["Key"]: tag["Value"] for tag in asked["Tags"]})
    snapshot = StrictSnapshot(backend.account_id, made, json.dumps(asked))
    backend.snapshots[snapshot.snapshot_id] = snapshot
    return snapshot


def _checked_key(backend: EBSBackend, asked: dict[str, Any]) -> str | None:
    arn = asked["KmsKeyArn"]
    if arn is None:
        return None
    if not asked["Encrypted"]:
        raise EbsError("ValidationException", "KmsKeyArn without Encrypted.", "INVALID_PARAMETER_VALUE")
    keys = {key.arn: key for key in kms_backends[backend.account_id][backend.region_name].keys.values()}
    if arn not in keys or keys[arn].key_state != "Enabled":
        raise EbsError("ValidationException", f"The KMS key {arn} is not usable.", "INVALID_CUSTOMER_KEY")
    return str(arn)


def put_snapshot_block(self: EBSResponse) -> ActionResult:
    """PutSnapshotBlock into a pending snapshot, with the right checksum."""
    snapshot = _pending(self)
    index, data = self._get_param("BlockIndex"), bytes(self._get_param("BlockData"))
    if len(data) != BLOCK or self._get_param("DataLength") != BLOCK:
        raise EbsError("ValidationException", f"A block has {BLOCK} bytes, not {len(data)}.", "INVALID_BLOCK")
    if not 0 <= index < snapshot.volume_size * 2048:
        raise EbsError("ValidationException", "The block is not in the volume.", "INVALID_BLOCK")
    expected = _sum(hashlib.sha256(data).digest())
    if self._get_param("Checksum") != expected or self._get_param("ChecksumAlgorithm") != "SHA256":
        raise EbsError("ValidationException", "The checksum does not match.", "INVALID_PARAMETER_VALUE")
    snapshot.put_block(index, data, expected, "SHA256", BLOCK)
    return ActionResult({"Checksum": expected, "ChecksumAlgorithm": "SHA256"})


def complete_snapshot(self: EBSResponse) -> ActionResult:
    """CompleteSnapshot of a pending snapshot, with the right count and aggregate checksum (when there is one)."""
    snapshot = _pending(self)
    if self._get_param("ChangedBlocksCount") != len(snapshot.blocks):
        raise EbsError("ValidationException", "The count of blocks does not match.", "INVALID_PARAMETER_VALUE")
    digests = b"".join(base64.b64decode(snapshot.blocks[index].checksum or "") for index in sorted(snapshot.blocks))
    given = self._get_param("Checksum")
    if given is not None and given != _sum(hashlib.sha256(digests).digest()):
        raise EbsError("ValidationException", "The aggregate checksum does not match.", "INVALID_PARAMETER_VALUE")
    snapshot.status = "completed"
    self.ebs_backend.ec2_backend.get_snapshot(snapshot.snapshot_id).status = "completed"
    return ActionResult({"Status": "completed"})


def list_snapshot_blocks(self: EBSResponse) -> ActionResult:
    """ListSnapshotBlocks, in pages."""
    snapshot = _existing(self)
    first = int(self._get_param("NextToken") or self._get_param("StartingBlockIndex") or 0)
    size = min(int(self._get_param("MaxResults") or _PAGE), _PAGE)
    indexes = [index for index in sorted(snapshot.blocks) if index >= first]
    answer: dict[str, Any] = {
        "Blocks": [{"BlockIndex": i, "BlockToken": snapshot.blocks[i].block_token} for i in indexes[:size]],
        "VolumeSize": snapshot.volume_size,
        "BlockSize": snapshot.block_size,
    }
    if len(indexes) > size:
        answer["NextToken"] = str(indexes[size])
    return ActionResult(answer)


def get_snapshot_block(self: EBSResponse) -> ActionResult:
    """GetSnapshotBlock of a block that was written, with the token from the list."""
    snapshot = _existing(self)
    block: Block | None = snapshot.blocks.get(self._get_param("BlockIndex"))
    if block is None or block.block_token != self._get_param("BlockToken"):
        raise EbsError("ValidationException", "The block token is not valid.", "INVALID_BLOCK_TOKEN")
    answer = {"DataLength": block.data_length, "BlockData": block.block_data}
    return ActionResult({**answer, "Checksum": block.checksum, "ChecksumAlgorithm": block.checksum_algorithm})


def _existing(response: EBSResponse) -> EBSSnapshot:
    snapshot_id = response._get_param("SnapshotId")
    known = response.ebs_backend.ec2_backend.snapshots
    if snapshot_id not in known:
        raise EbsError(
            "ResourceNotFoundException", f"The snapshot '{snapshot_id}' does not exist.", "SNAPSHOT_NOT_FOUND"
        )
    empty = StrictSnapshot(response.current_account, known[snapshot_id])
    return response.ebs_backend.snapshots.setdefault(snapshot_id, empty)


def _pending(response: EBSResponse) -> EBSSnapshot:
    snapshot = _existing(response)
    if snapshot.status != "pending":
        raise EbsError("ValidationException", f"The snapshot is {snapshot.status}.", "INVALID_SNAPSHOT_ID")
    return snapshot


def _sum(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


_METHODS = (
    start_snapshot,
    put_snapshot_block,
    complete_snapshot,
    list_snapshot_blocks,
    get_snapshot_block,
)


def extend() -> None:
    """Make this process's moto strict, for good."""
    for method in _METHODS:
        setattr(EBSResponse, method.__name__, method)


@contextmanager
def extended() -> Iterator[None]:
    """Make this process's moto strict within a `with`."""
    replacements: dict[str, Any] = {method.__name__: method for method in _METHODS}
    with patch.multiple(EBSResponse, **replacements):
        yield
