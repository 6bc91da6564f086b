"""Which images may go: the policy behind `hallmark gc`, without doing anything itself."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import takewhile
from pathlib import Path

from hallmark.store.image import Image


def superseded(folder: Path, images: Sequence[Image], released: Collection[str], keep: int) -> list[Path]:
    """Folders in the store's `folder` that may go; `images` are the whole ones, the newest first.

    For each recipe the newest `keep` accepted images stay: to those one can go back. So does what a channel points at
    (`released`), and what is newer than the newest accepted image: candidates, which the next run may still judge, and
    the newest rejected one, to be looked at (not with `keep` 0). What is not whole and on no channel goes. The caller
    sees to images in use.
    """
    stay = set(released)
    for recipe in {image.recipe for image in images}:
        own = [image for image in images if image.recipe == recipe]
        stay.update([image.id for image in own if image.state == "accepted"][:keep])
        newer = list(takewhile(lambda image: image.state != "accepted", own))
        stay.update(image.id for image in newer if image.state == "candidate")
        stay.update([image.id for image in newer if image.state == "rejected"][: min(keep, 1)])
    present = sorted(entry for entry in folder.iterdir() if entry.is_dir()) if folder.is_dir() else []
    return [entry for entry in present if entry.name not in stay]
