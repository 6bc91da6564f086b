"""Evidence of images on AWS: one folder an image, in a folder or a bucket that the user names.

`index.md` is written last: evidence without it is not whole, and counts as none. `run.txt` names the run that it is of,
as the tag `hallmark:build` of snapshot and AMI does: another run of the same inputs, which another stack may have made,
has evidence of its own.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Protocol

from hallmark.aws.errors import translate_aws_errors
from hallmark.aws.session import Aws
from hallmark.common.errors import AwsError, StoreError
from hallmark.common.files import make_readable, remove_tree, room_or, sync, sync_tree
from hallmark.evidence.index import INDEX

RUN = "run.txt"
_LONGEST_RUN = 200
_PART = re.compile(r"[A-Za-z0-9_+][A-Za-z0-9_.+@:~=,%-]{0,99}")


class EvidencePlace(Protocol):
    """Where evidence is kept: by the image's id."""

    def where(self, image: str) -> str:
        """The folder or URL of an image's evidence, whether it is there or not."""

    def run_of(self, image: str) -> str | None:
        """The run that it is of; None when it is not there, whole. AwsError when the place itself is not there."""

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

    def run_of(self, image: str) -> str | None:
        self._make_root()
        folder = self._root / image
        if not (folder / INDEX).is_file() or not (folder / RUN).is_file():
            return None
        return (folder / RUN).read_text(errors="replace").strip()

    def publish(self, image: str, folder: Path) -> None:
        self._make_root()
        scratch, final = self._root / f".new-{image}", self._root / image
        remove_tree(scratch)  # a killed run's
        try:
            with room_or(self._root, StoreError):
                copy = scratch / "evidence"
                shutil.copytree(folder, copy)
                make_readable(copy)
                sync_tree(copy)
                if final.exists():
                    final.rename(scratch / "old")  # whole until it is gone: half of it would pass for evidence
                copy.rename(final)
                sync(self._root)
        finally:
            remove_tree(scratch)

    def fetch(self, image: str, target: Path) -> None:
        if not (self._root / image / INDEX).is_file():
            raise StoreError(f"{self.where(image)}: expected the evidence of {image}, it is not there; bring it back")
        shutil.copytree(self._root / image, target)

    def _make_root(self) -> None:
        try:
            self._root.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise StoreError(
                f"{self._root}: expected a folder for evidence: {problem.strerror}; "
                "mend hallmark:evidence, or make room for it"
            ) from problem


class _Bucket:
    def __init__(self, url: str, aws: Aws) -> None:
        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        self._bucket, self._prefix = bucket, f"{prefix}/" if prefix else ""
        self._aws = aws

    def where(self, image: str) -> str:
        return f"s3://{self._bucket}/{self._prefix}{image}"

    def run_of(self, image: str) -> str | None:
        with translate_aws_errors(self._aws.settings, self.where(image)):
            if not {INDEX, RUN} <= set(self._names(image)):
                return None
            answer = self._aws.s3.get_object(Bucket=self._bucket, Key=self._key(image, RUN))
            return answer["Body"].read(_LONGEST_RUN).decode(errors="replace").strip()

    def publish(self, image: str, folder: Path) -> None:
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        with translate_aws_errors(self._aws.settings, self.where(image)):
            old = set(self._names(image))
            if INDEX in old:
                self._aws.s3.delete_object(Bucket=self._bucket, Key=self._key(image, INDEX))
            for path in sorted(files, key=lambda path: path == folder / INDEX):
                name = path.relative_to(folder).as_posix()
                with path.open("rb") as stream:  # not upload_file, whose errors are of a kind of their own
                    self._aws.s3.put_object(Bucket=self._bucket, Key=self._key(image, name), Body=stream)
                old.discard(name)
            for name in sorted(old - {INDEX}):
                self._aws.s3.delete_object(Bucket=self._bucket, Key=self._key(image, name))

    def fetch(self, image: str, target: Path) -> None:
        with translate_aws_errors(self._aws.settings, self.where(image)):
            names = self._names(image)
            if INDEX not in names:
                raise AwsError(f"{self.where(image)}: expected the evidence of {image}, it is not there; bring it back")
            for name in names:
                if not all(_PART.fullmatch(part) for part in name.split("/")):
                    raise AwsError(f"{self.where(image)}: expected plain names, got {name[:80]!r}; remove that object")
                path = target / name
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("wb") as stream:
                    shutil.copyfileobj(
                        self._aws.s3.get_object(Bucket=self._bucket, Key=self._key(image, name))["Body"], stream
                    )

    def _key(self, image: str, name: str) -> str:
        return f"{self._prefix}{image}/{name}"

    def _names(self, image: str) -> list[str]:
        start = self._key(image, "")
        pages = self._aws.s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=start)
        return [row["Key"].removeprefix(start) for page in pages for row in page.get("Contents", ())]
