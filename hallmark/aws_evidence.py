"""Evidence of images on AWS: one folder an image, in a folder or a bucket that the user names.

`index.md` is written last: evidence without it is not whole, and counts as none.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from typing import Protocol

from botocore.exceptions import ClientError

from hallmark.aws_session import Aws, code_of, in_words
from hallmark.errors import AwsError, StoreError
from hallmark.evidence import INDEX
from hallmark.files import make_readable, remove_tree, room_or, sync_tree

_PART = re.compile(r"[A-Za-z0-9_+][A-Za-z0-9_.+@:~=,%-]{0,99}")


class EvidencePlace(Protocol):
    """Where evidence is kept: by the image's id."""

    def where(self, image: str) -> str:
        """The folder or URL of an image's evidence, whether it is there or not."""

    def has(self, image: str) -> bool:
        """Whether it is there, whole."""

    def publish(self, image: str, folder: Path) -> None:
        """Keep a copy of `folder` as an image's evidence, in place of what there was."""

    def fetch(self, image: str, target: Path) -> None:
        """Copy it to the new folder `target`; StoreError or AwsError when it is not there."""


def open_evidence(place: str, aws: Aws) -> EvidencePlace:
    """The place that the settings name: a folder, or `s3://BUCKET/PREFIX`."""
    return _Bucket(place, aws) if place.startswith("s3://") else _Folder(Path(place))


class _Folder:
    def __init__(self, root: Path) -> None:
        self._root = root

    def where(self, image: str) -> str:
        return str(self._root / image)

    def has(self, image: str) -> bool:
        return (self._root / image / INDEX).exists()

    def publish(self, image: str, folder: Path) -> None:
        self._root.mkdir(parents=True, exist_ok=True)
        with room_or(self._root, StoreError), tempfile.TemporaryDirectory(dir=self._root, prefix=".new-") as scratch:
            copy, final = Path(scratch) / "evidence", self._root / image
            shutil.copytree(folder, copy)
            make_readable(copy)
            sync_tree(copy)
            if final.exists():
                remove_tree(final)
            copy.rename(final)

    def fetch(self, image: str, target: Path) -> None:
        if not self.has(image):
            raise StoreError(f"{self.where(image)}: expected the evidence of {image}, it is not there; bring it back")
        shutil.copytree(self._root / image, target)


class _Bucket:
    def __init__(self, url: str, aws: Aws) -> None:
        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        self._bucket, self._prefix = bucket, f"{prefix}/" if prefix else ""
        self._aws = aws

    def where(self, image: str) -> str:
        return f"s3://{self._bucket}/{self._prefix}{image}"

    def has(self, image: str) -> bool:
        with in_words(self._aws.settings, self.where(image)):
            try:
                self._aws.s3.head_object(Bucket=self._bucket, Key=self._key(image, INDEX))
            except ClientError as error:
                if code_of(error) in ("404", "NoSuchKey", "NotFound"):
                    return False
                raise
        return True

    def publish(self, image: str, folder: Path) -> None:
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        with in_words(self._aws.settings, self.where(image)):
            old = set(self._names(image))
            if INDEX in old:
                self._aws.s3.delete_object(Bucket=self._bucket, Key=self._key(image, INDEX))
            for path in sorted(files, key=lambda path: path == folder / INDEX):
                name = path.relative_to(folder).as_posix()
                self._aws.s3.upload_file(str(path), self._bucket, self._key(image, name))
                old.discard(name)
            for name in sorted(old - {INDEX}):
                self._aws.s3.delete_object(Bucket=self._bucket, Key=self._key(image, name))

    def fetch(self, image: str, target: Path) -> None:
        with in_words(self._aws.settings, self.where(image)):
            names = self._names(image)
            if INDEX not in names:
                raise AwsError(f"{self.where(image)}: expected the evidence of {image}, it is not there; bring it back")
            for name in names:
                if not all(_PART.fullmatch(part) for part in name.split("/")):
                    raise AwsError(f"{self.where(image)}: expected plain names, got {name[:80]!r}; remove that object")
                path = target / name
                path.parent.mkdir(parents=True, exist_ok=True)
                self._aws.s3.download_file(self._bucket, self._key(image, name), str(path))

    def _key(self, image: str, name: str) -> str:
        return f"{self._prefix}{image}/{name}"

    def _names(self, image: str) -> list[str]:
        start = self._key(image, "")
        pages = self._aws.s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=start)
        return [row["Key"].removeprefix(start) for page in pages for row in page.get("Contents", ())]
