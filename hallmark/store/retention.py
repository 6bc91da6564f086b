"""Which images may go: the policy behind `hallmark gc`, without doing anything itself."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from hallmark.store.image import Image


def superseded(folder: Path, images: Sequence[Image], released: Collection[str], keep: int) -> list[Path]:
    """Folders in the store's `folder` that may go; `images` are the whole ones, the newest first.

    For each recipe the newest `keep` stay; so does what a channel points at (`released`), and a candidate for as long
    as no newer image of its recipe was accepted: the next run may still judge it. What is not whole and on no channel
    goes. The caller sees to images in use.
    """
    stay = set(released)
    for recipe in {image.recipe for image in images}:
        own = [image for image in images if image.recipe == recipe]
        stay.update(image.id for image in own[: max(keep, 0)])
        stay.update(_unjudged(own))
    present = sorted(entry for entry in folder.iterdir() if entry.is_dir()) if folder.is_dir() else []
    return [entry for entry in present if entry.name not in stay]


def _unjudged(newest_first: Sequence[Image]) -> list[str]:
    """Candidates newer than the newest accepted image."""
    unjudged = []
    for image in newest_first:
        if image.state == "accepted":
            break
        if image.state == "candidate":
            unjudged.append(image.id)
    return unjudged
