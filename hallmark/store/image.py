"""One image of the store: what its `image.json` says, and whether all of it is there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from hallmark.common.errors import StoreError
from hallmark.common.files import write_atomic
from hallmark.common.fingerprint import Sha256

State = Literal["candidate", "accepted", "rejected"]
DISK = "disk.qcow2"
RECORD = "image.json"
EVIDENCE = "evidence"
IN_USE = "in-use"
FORMAT = 1
_ID = re.compile(r"[a-z0-9][a-z0-9.-]*-[0-9a-f]{16}")


class Image(BaseModel):
    """An image: an immutable disk, the evidence about it, and its state. Paths are absolute, `created` is UTC."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    recipe: str
    fingerprint: Sha256
    state: State
    created: str
    disk: Path
    evidence: Path
    acceptance: Sha256 | None = None
    sha256: Sha256
    size: int
    packages: int | None = None
    reason: str | None = None

    @property
    def folder(self) -> Path:
        """The image's folder in the store."""
        return self.disk.parent

    def to_record(self) -> dict[str, Any]:
        """What `image.json` holds: everything but the paths, so that a store can be moved."""
        return {"format": FORMAT, **self.model_dump(mode="json", exclude={"disk", "evidence"})}


def image_id(recipe: str, fingerprint: Sha256) -> str:
    """The id of the image that a recipe's build with this fingerprint makes."""
    return f"{recipe}-{fingerprint[:16]}"


def check_id(name: str) -> str:
    """The id itself; StoreError when it cannot be one."""
    if not _ID.fullmatch(name):
        raise StoreError(f"{name!r}: expected an image's id, such as debian-13-server-0123456789abcdef")
    return name


def load_image(folder: Path) -> Image | None:
    """The image in a folder when it is whole (record and disk are there, and agree), else None."""
    disk = folder / DISK
    try:
        record = (folder / RECORD).read_bytes()
        size = disk.stat().st_size
    except OSError:
        return None
    try:
        image = _parse(record, folder)
    except (ValidationError, ValueError):
        return None
    return image if image.id == folder.name and image.size == size else None


def save_image(image: Image, folder: Path) -> None:
    """Write an image's record in one step."""
    write_atomic(folder / RECORD, _serialise(image))


def _parse(record: bytes, folder: Path) -> Image:
    fields = json.loads(record)
    if not isinstance(fields, dict) or fields.get("format") != FORMAT:
        raise ValueError("unknown format")
    return Image.model_validate({**fields, "disk": folder / DISK, "evidence": folder / EVIDENCE})


def _serialise(image: Image) -> bytes:
    return (json.dumps(image.to_record(), indent=2, sort_keys=True) + "\n").encode()
