"""The image store of this machine, as the sequence and the command line use it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hallmark.base.disk import compress
from hallmark.base.disk_reader import read_status
from hallmark.common.errors import BuildError, SettingsError, StoreError
from hallmark.common.fingerprint import Sha256, hash_file
from hallmark.debian.inventory import parse_status
from hallmark.evidence.gather import bind_evidence
from hallmark.evidence.summary import Artefact, Summary, load_summary
from hallmark.order.order import Order
from hallmark.pipeline.machines import RunOutputs, Say
from hallmark.store.image import Image
from hallmark.store.store import Store
from hallmark.verdict.observed import compare_packages, read_inventory


class LocalImageStore:
    """Images as folders of the store; see pipeline/image_store.py."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, order: Order) -> Image | None:
        """The whole image of the same inputs."""
        return self._store.find(order.fingerprint)

    def keep(self, order: Order, outputs: RunOutputs, work: Path, say: Say) -> Image:
        """Write the candidate's disk, and add it to the store with its evidence.

        BuildError when dpkg's database on the disk says otherwise than the guest did: the guest is not believed.
        """
        say("build: writing the candidate's disk")
        disk, evidence = Path(outputs.disk), work / "evidence"
        compress(disk, work / "disk.qcow2", source_format="qcow2")
        disk.unlink()
        _compare_packages(work / "disk.qcow2", work, evidence)
        bind_evidence(evidence, _artefact(work / "disk.qcow2"))
        return self._store.add_candidate(
            work / "disk.qcow2",
            evidence,
            recipe=order.recipe,
            fingerprint=order.fingerprint,
            packages=len(read_inventory(evidence / "build" / "inventory-after.tsv")),
        )

    def settle(self, built: Image, say: Say) -> Image:
        """An image of the store is whole from the start."""
        return built

    def name_of(self, built: Image) -> str:
        """Its id."""
        return built.id

    def get(self, name: str, order: Order) -> Image:
        """The image with this id; StoreError when there is none."""
        return self._store.image(name)

    @contextmanager
    def judging(self, image: Image, work: Path) -> Iterator[Path]:
        """Keep the image from `gc`; StoreError when its disk has other bytes than the build made."""
        self._store.check_bytes(image)
        with self._store.using(image.id):
            yield image.evidence

    def boots(self, image: Image) -> str:
        """Its disk."""
        return str(image.disk)

    def subject(self, image: Image) -> str:
        """Its id."""
        return f"{image.id}:"

    def label(self, image: Image) -> str:
        """Its id."""
        return image.id

    def retry_words(self, image: Image) -> str:
        """By its id."""
        return f"hallmark retry {image.id}"

    def evidence_of(self, image: Image) -> str:
        """A folder."""
        return str(image.evidence)

    def artefact(self, image: Image) -> Artefact:
        """Its disk's file, by hash."""
        return Artefact(sha256=image.sha256, size=image.size)

    def released(self, recipe: str, work: Path) -> Summary | None:
        """Of the newest image that one of the recipe's channels points at."""
        pointed = set(self._store.channels().values())
        found = (image for image in self._store.images() if image.recipe == recipe and image.id in pointed)
        newest = next(found, None)
        return load_summary(newest.evidence) if newest is not None else None

    def accept(self, image: Image, acceptance: Sha256) -> Image:
        """Mark it in its record."""
        return self._store.accept(image.id, acceptance)

    def reject(self, image: Image, acceptance: Sha256, reason: str) -> None:
        """Mark it in its record, with the reason."""
        self._store.reject(image.id, acceptance, reason)


def lower_scores(store: Store, recipe: str, channel: str, name: str) -> list[str]:
    """A line for each judge that gives an image less than the one which the channel points at."""
    before, now = store.channel_target(recipe, channel), store.look_up(name)
    if before is None or now is None or before.id == now.id:
        return []
    summary, released = load_summary(now.evidence), load_summary(before.evidence)
    if summary is None or released is None:
        return []
    judges = [judge.model_copy(update={"before": released.scores.get(judge.label)}) for judge in summary.judges]
    return [f"release: {judge.lines()[1]}" for judge in judges if judge.fell]


def _artefact(disk: Path) -> Artefact:
    return Artefact(sha256=hash_file(disk), size=disk.stat().st_size)


def _compare_packages(disk: Path, work: Path, evidence: Path) -> None:
    try:
        inventory = parse_status(read_status(disk, work))
    except SettingsError as error:
        raise BuildError(f"build: the candidate's disk cannot be read: {error}") from error
    there = [(package.name, package.version, package.architecture) for package in inventory.packages]
    told = read_inventory(evidence / "build" / "inventory-after.tsv")
    problems = compare_packages(there, told, where="what the guest told, against its disk")
    if problems:
        raise BuildError("build: the host judges against it:\n" + "\n".join(problems[:20]))


class LocalCatalogue:
    """The images of one store, for the command line; `channel` is the one that people mean when they name a recipe."""

    last_column = "size"

    def __init__(self, store: Store, channel: str) -> None:
        self.store, self._channel = store, channel

    @property
    def where(self) -> str:
        """The store's folder."""
        return str(self.store.root)

    def images(self) -> list[dict[str, Any]]:
        """All whole images, the newest first."""
        return [self._facts(image) for image in self.store.images()]

    def show(self, name: str) -> dict[str, Any]:
        """One image, with its summary (None of an older image) and the names of its evidence files."""
        image = self.choose(name)
        files = (path.relative_to(image.evidence).as_posix() for path in image.evidence.rglob("*") if path.is_file())
        summary = load_summary(image.evidence)
        told = None if summary is None else summary.model_dump(mode="json")
        return {**self._facts(image), "summary": told, "files": sorted(files)}

    def retry(self, name: str) -> dict[str, Any]:
        """A rejected image, by its id."""
        return self._facts(self.store.retry(name))

    def gc(self, keep: int, *, dry_run: bool = False) -> list[str]:
        """As the store does it: never what a channel points at or a machine uses."""
        return self.store.gc(keep, dry_run=dry_run)

    def choose(self, name: str) -> Image:
        """An image by id, or a recipe's released image, or its newest. StoreError when there is none."""
        images = self.store.images()
        exact = [image for image in images if image.id == name]
        released = self.store.channel_target(name, self._channel) if not exact else None
        own = [image for image in images if image.recipe == name]
        found = [*exact, *([released] if released else []), *own]
        if not found:
            raise StoreError(
                f"{name}: expected an image's id or a recipe with images in {self.store.root}; see `hallmark images`"
            )
        return found[0]

    def only_release(self) -> Image:
        """The released image when there is just one; else StoreError says what there is to choose from."""
        released = [recipe for recipe, channel in self.store.channels() if channel == self._channel]
        if not released:
            raise StoreError(f"{self.store.root}: nothing was released yet; `make image` makes and releases an image")
        if len(released) > 1:
            raise StoreError(
                f"{self.store.root}: several recipes are released ({', '.join(released)}): name one of them"
            )
        return self.choose(released[0])

    def _facts(self, image: Image) -> dict[str, Any]:
        points = [channel for (_, channel), name in self.store.channels().items() if name == image.id]
        return {**image.model_dump(mode="json"), "channels": points}
