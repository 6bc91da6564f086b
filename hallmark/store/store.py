"""The image store: where candidates, accepted and rejected images live, and which of them a channel points at.

images/<id>/{disk.qcow2, image.json, evidence/}    whole or not there: the folder is renamed into place as the last act
channels/<recipe>/<channel>                        a symbolic link to an image's folder, moved by a rename
failed/<recipe>-<time>/evidence                    the evidence of the newest failed builds
work/<name>/                                       half-made things, each with a `lock` (workspace.py)
lock                                               held for the milliseconds in which the above is rearranged
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from hallmark.common.errors import StoreError
from hallmark.common.files import folders_in, make_readable, need_room, room_or, sync, sync_tree
from hallmark.common.fingerprint import Sha256, hash_file
from hallmark.common.locks import is_locked, try_lock
from hallmark.store.image import DISK, EVIDENCE, IN_USE, Image, State, check_id, image_id, load_image, save_image
from hallmark.store.retention import superseded
from hallmark.store.workspace import Workspace

KEPT_FAILURES = 5
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


class Store:
    """The image store below one folder. Every method is safe beside other processes that use the same store."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self._images = self.root / "images"
        self._channels = self.root / "channels"
        self._failed = self.root / "failed"
        self._workspace = Workspace(self.root / "work", self.root / "lock")

    # What is there

    def images(self) -> list[Image]:
        """All whole images, the newest first."""
        found = [load_image(folder) for folder in folders_in(self._images)]
        return sorted(
            (image for image in found if image is not None), key=lambda image: (image.created, image.id), reverse=True
        )

    def image(self, name: str) -> Image:
        """The whole image with this id; StoreError when there is none."""
        image = self.look_up(name)
        if image is None:
            raise StoreError(f"{name}: no such image in {self.root}; `hallmark images` lists what is there")
        return image

    def look_up(self, name: str) -> Image | None:
        """The whole image with this id; None when there is none."""
        return load_image(self._images / check_id(name))

    def find(self, fingerprint: Sha256) -> Image | None:
        """The whole image that a build with this fingerprint made, whatever its state; None when there is none."""
        return next((image for image in self.images() if image.fingerprint == fingerprint), None)

    def channel_target(self, recipe: str, channel: str) -> Image | None:
        """The image that a channel points at; None when there is no such channel or its image has vanished."""
        try:
            target = self._channel(recipe, channel).readlink()
        except OSError:
            return None
        return load_image(self._images / target.name)

    def channels(self) -> dict[tuple[str, str], str]:
        """(recipe, channel) → id of the image that it points at, whether that is still whole or not."""
        links = (
            link for folder in folders_in(self._channels) for link in sorted(folder.iterdir()) if link.is_symlink()
        )
        return {(link.parent.name, link.name): link.readlink().name for link in links if not link.name.startswith(".")}

    # Half-made things

    def workdir(self, name: str, *, wait: float = 0.0) -> AbstractContextManager[Path]:
        """A folder of our own on the store's file system, removed at the end; what dead runs left is swept first.

        It holds nothing but its `lock`. StoreError when a living process has a folder of this name, still after
        `wait` seconds.
        """
        return self._workspace.folder(_check_name(name), wait=wait)

    def sweep(self) -> list[str]:
        """Remove what dead runs left in `work/`; return the names."""
        return self._workspace.sweep()

    # Images and their states

    def add_candidate(
        self,
        disk: Path,
        evidence: Path,
        *,
        recipe: str,
        fingerprint: Sha256,
        packages: int | None = None,
        created: datetime | None = None,
    ) -> Image:
        """Move a finished disk and its evidence folder (both best in a `workdir`) into the store as a candidate.

        It is listed only once everything is on the disk: the last act is one rename. StoreError when a whole image
        with this fingerprint is there already, or for want of room.
        """
        name = check_id(image_id(_check_name(recipe), fingerprint))
        final = self._images / name
        with self.workdir(f"add-{name}") as work, room_or(self.root, StoreError):
            staged = work / name
            staged.mkdir()
            shutil.move(disk, staged / DISK)
            shutil.move(evidence, staged / EVIDENCE)
            make_readable(staged)
            (staged / DISK).chmod(0o444)
            image = Image(
                id=name,
                recipe=recipe,
                fingerprint=fingerprint,
                state="candidate",
                created=(created or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ"),
                disk=final / DISK,
                evidence=final / EVIDENCE,
                sha256=hash_file(staged / DISK),
                size=(staged / DISK).stat().st_size,
                packages=packages,
            )
            save_image(image, staged)
            sync_tree(staged)
            self._publish(staged, final)
        return image

    def _publish(self, staged: Path, final: Path) -> None:
        with self._rearranging():
            if load_image(final) is not None:
                raise StoreError(f"{final}: expected no such image yet; it is there and whole")
            if final.exists():
                self._workspace.retire(final)
            staged.rename(final)
            sync(final.parent)

    def accept(self, name: str, acceptance: Sha256) -> Image:
        """Mark an image as accepted by the acceptance run with this fingerprint."""
        return self._set_state(name, "accepted", acceptance, None)

    def reject(self, name: str, acceptance: Sha256, reason: str) -> Image:
        """Mark an image as rejected, and why. No channel moves: one that points at it keeps doing so."""
        return self._set_state(name, "rejected", acceptance, reason)

    def retry(self, name: str) -> Image:
        """Make a rejected image a candidate again, so that the next run judges it anew; StoreError for any other."""
        image = self.image(name)
        if image.state != "rejected":
            raise StoreError(f"{name}: expected a rejected image, got one that is {image.state}; nothing to retry")
        return self._set_state(name, "candidate", None, None)

    def _set_state(self, name: str, state: State, acceptance: Sha256 | None, reason: str | None) -> Image:
        with self._rearranging(), room_or(self.root, StoreError):
            image = self.image(name).model_copy(update={"state": state, "acceptance": acceptance, "reason": reason})
            save_image(image, image.folder)
        return image

    # Channels

    def move_channel(self, recipe: str, channel: str, name: str) -> None:
        """Point a recipe's channel at an accepted image of that recipe, in one step; StoreError for any other image.

        Its disk must have the bytes that were built and judged, however long ago that was.
        """
        self.check_bytes(self.image(name))
        with self._rearranging(), room_or(self.root, StoreError):
            image = self.image(name)
            if image.state != "accepted":
                raise StoreError(
                    f"{name}: expected an accepted image for channel {channel}, got one that is {image.state}"
                )
            if image.recipe != recipe:
                raise StoreError(
                    f"{name}: expected an image of {recipe} for its channel {channel}, got one of {image.recipe}"
                )
            link = self._channel(recipe, channel)
            link.parent.mkdir(parents=True, exist_ok=True)
            temporary = link.with_name(f".{link.name}.{os.urandom(4).hex()}")
            temporary.symlink_to(Path("../../images") / name)
            temporary.replace(link)
            sync(link.parent)

    def check_bytes(self, image: Image) -> None:
        """StoreError when an image's disk has other bytes than the build made."""
        if hash_file(image.disk) != image.sha256:
            raise StoreError(f"{image.disk}: expected the bytes that the build made, got others; remove {image.folder}")

    def _channel(self, recipe: str, channel: str) -> Path:
        return self._channels / _check_name(recipe) / _check_name(channel)

    @contextmanager
    def using(self, name: str) -> Iterator[Image]:
        """Keep an image from `gc` while a machine runs from it or judges it: until the block, or the process, ends."""
        with self._rearranging():
            image = self.image(name)
            descriptor = try_lock(image.folder / IN_USE, shared=True)
        if descriptor is None:
            raise StoreError(f"{name}: is being removed; choose another image")
        try:
            yield image
        finally:
            os.close(descriptor)

    # Failures, room, removal

    def keep_failure(self, recipe: str, evidence: Path) -> Path:
        """Move a failed build's evidence into the store, where each recipe's newest few stay; return where it is."""
        with self.workdir(f"fail-{_check_name(recipe)}-{os.getpid()}-{os.urandom(4).hex()}") as work:
            staged = work / "failed"
            staged.mkdir()
            shutil.move(evidence, staged / EVIDENCE)
            make_readable(staged)
            with self._rearranging():
                final = self._new_failure(recipe)
                staged.rename(final)
                for old in self.failures(recipe)[KEPT_FAILURES:]:
                    self._workspace.retire(old)
        return final / EVIDENCE

    def _new_failure(self, recipe: str) -> Path:
        """A name that is not taken: by time, to the microsecond so that names sort by age."""
        return self._failed / f"{recipe}-{datetime.now(UTC).strftime('%Y%m%dT%H%M%S.%fZ')}"

    def failures(self, recipe: str) -> list[Path]:
        """The folders of a recipe's kept failures, the newest first."""
        name = re.compile(re.escape(recipe) + r"-\d{8}T\d{6}\.\d{6}Z")
        return [folder for folder in reversed(folders_in(self._failed)) if name.fullmatch(folder.name)]

    def need_room(self, size: int) -> None:
        """Raise StoreError unless the store's file system has room for `size` bytes."""
        need_room(self.root, size, StoreError)

    def gc(self, keep: int, *, dry_run: bool = False) -> list[str]:
        """Remove images beyond each recipe's newest `keep` accepted ones; return the ids. See retention.py."""
        self.sweep()
        removed = []
        for folder in superseded(self._images, self.images(), set(self.channels().values()), keep):
            with self._rearranging():
                if folder.name in self.channels().values() or not folder.exists() or is_locked(folder / IN_USE):
                    continue
                removed.append(folder.name)
                if not dry_run:
                    self._workspace.retire(folder)
        self._workspace.empty_bin()
        return removed

    @contextmanager
    def _rearranging(self) -> Iterator[None]:
        """Hold the store's own lock; makes the layout when it is not there yet."""
        for folder in (self._images, self._channels, self._failed):
            folder.mkdir(parents=True, exist_ok=True)
        with self._workspace.rearranging():
            yield


def _check_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise StoreError(f"{name!r}: expected a name of letters, digits, dots, _ and -")
    return name
